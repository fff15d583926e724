package process

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"doorstep/country"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/inventory"
	"doorstep/process/stockfile"
)

// StockFile is what a stock file comes to.
type StockFile struct {
	SKUs    int                  // that it has
	New     []string             // those that are made
	Fresh   []inventory.Location // those that are made
	Levels  int                  // that it has
	Changes []Counted            // of the levels, those that become others
}

// PreviewStockFile says what taking the rows of a stock file would change. Its new
// locations are in a country (ISO 3166-1 alpha-2).
//
// Errors: invalid, with the line of every row that can not be.
func (p *Process) PreviewStockFile(ctx context.Context, rows []stockfile.Row, in string) (StockFile, error) {
	return db.View(ctx, p.db, func(r db.Reader) (StockFile, error) { return planFile(r, rows, in) })
}

// TakeStockFile makes the SKUs and locations of a stock file that are missing, and sets
// what is on hand to what it says. It is checked whole before anything changes; each row is
// a command of its own, so that a file which was broken off can be taken again.
//
// Errors: as PreviewStockFile; conflict when more has been reserved meanwhile than the file
// has.
func (p *Process) TakeStockFile(ctx context.Context, by Command, rows []stockfile.Row, in string) (StockFile, error) {
	file, err := p.PreviewStockFile(ctx, rows, in)
	if err != nil {
		return file, err
	}
	for _, l := range file.Fresh {
		if _, err := p.SetLocation(ctx, by.part("location "+l.ID), l); err != nil {
			return file, err
		}
	}
	seen := map[string]bool{}
	err = together(ctx, rows, func(ctx context.Context, r stockfile.Row) error { return p.takeSKU(ctx, by, r) }, func(r stockfile.Row) bool {
		first := !seen[r.SKU.Code]
		seen[r.SKU.Code] = true
		return first
	})
	if err != nil {
		return file, err
	}
	return file, together(ctx, rows, func(ctx context.Context, r stockfile.Row) error { return p.takeLevel(ctx, by, r) }, func(r stockfile.Row) bool { return r.Location != "" })
}

// part is a command that is a part of another one.
func (c Command) part(name string) Command {
	if c.Key != "" {
		c.Key += "/" + name
	}
	return c
}

// takeSKU makes or changes an SKU.
func (p *Process) takeSKU(ctx context.Context, by Command, r stockfile.Row) error {
	by = by.part(fmt.Sprintf("line %d, sku", r.Line))
	if r.Backorder == nil {
		_, err := p.DescribeSKU(ctx, by, r.SKU)
		return err
	}
	r.SKU.Backorder = *r.Backorder
	_, err := p.DefineSKU(ctx, by, r.SKU)
	return err
}

// takeLevel sets what there is at a location.
func (p *Process) takeLevel(ctx context.Context, by Command, r stockfile.Row) error {
	_, err := p.SetStock(ctx, by.part(fmt.Sprintf("line %d, on_hand", r.Line)), r.SKU.Code, r.Location, r.OnHand, "import")
	if err == nil && r.Safety != nil {
		_, err = p.SetSafetyStock(ctx, by.part(fmt.Sprintf("line %d, safety", r.Line)), r.SKU.Code, r.Location, *r.Safety)
	}
	if e := fault.As(err); e != nil {
		return &fault.Error{Code: e.Code, Message: fmt.Sprintf("line %d: %s", r.Line, e.Message), Fields: e.Fields, Err: e.Err}
	}
	return err
}

// atOnce is how many changes of a file are under way at once, so that they share a commit.
const atOnce = 64

// together does it for every row that is wanted, many at once, up to the first error.
func together(ctx context.Context, rows []stockfile.Row, do func(context.Context, stockfile.Row) error, wanted func(stockfile.Row) bool) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, r := range rows {
		if wanted(r) {
			g.Go(func() error { return do(ctx, r) })
		}
	}
	return g.Wait()
}

// planFile says what a file lacks and changes, and refuses what the shop's reservations do
// not allow.
//
// Errors: invalid, with the line of every row that can not be.
func planFile(r db.Reader, rows []stockfile.Row, in string) (StockFile, error) {
	var file StockFile
	var c fault.Check
	var codes []string
	for _, row := range rows {
		codes = append(codes, row.SKU.Code)
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	file.SKUs = len(codes)
	known, err := inventory.Catalogue(r, codes)
	if err != nil {
		return file, err
	}
	for _, code := range codes {
		if _, there := known[code]; !there {
			file.New = append(file.New, code)
		}
	}
	locations, err := inventory.Locations(r)
	if err != nil {
		return file, err
	}
	places := map[string]bool{}
	for _, l := range locations {
		places[l.ID] = true
	}
	for _, row := range rows {
		if row.Location == "" {
			continue
		}
		if file.Levels++; !places[row.Location] {
			places[row.Location] = true
			file.Fresh = append(file.Fresh, inventory.Location{ID: row.Location, Name: row.Location, Country: in})
		}
		l, err := inventory.LevelOf(r, row.SKU.Code, row.Location)
		if err != nil {
			return file, err
		}
		c.If(l.Reserved > row.OnHand, fmt.Sprintf("line %d, on_hand", row.Line), "conflict", "at least the %d that are reserved for orders", l.Reserved)
		if l.OnHand != row.OnHand || row.Safety != nil && *row.Safety != l.Safety {
			file.Changes = append(file.Changes, Counted{Level: l, Counted: row.OnHand})
		}
	}
	if len(file.Fresh) > 0 {
		country.Check(&c, "country", in)
	}
	return file, c.Err("the stock file")
}

// Rows are the rows of a stock file that say what there is of an SKU.
func (s Stock) Rows() []stockfile.Row {
	s.Version = 0
	if len(s.Levels) == 0 {
		return []stockfile.Row{{SKU: s.SKU, Backorder: &s.Backorder}}
	}
	rows := make([]stockfile.Row, len(s.Levels))
	for i, l := range s.Levels {
		rows[i] = stockfile.Row{SKU: s.SKU, Location: l.Location, OnHand: l.OnHand, Safety: &l.Safety, Backorder: &s.Backorder}
	}
	return rows
}
