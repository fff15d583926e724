package cli

import (
	"context"
	"fmt"
	"slices"

	"doorstep"
	"doorstep/cli/stockfile"
	"doorstep/country"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/inventory"
	"doorstep/process"

	"golang.org/x/sync/errgroup"
)

// stockImport takes stock from a file.
type stockImport struct {
	File    string `arg:"" help:"The CSV file; - for standard input."`
	Country string `help:"The country of a location that is new: ISO 3166-1 alpha-2." default:"GB" placeholder:"GB"`
	working
}

// Help is the detail of the verb's help.
func (stockImport) Help() string {
	return `The file is checked whole before anything changes: each error is named by line and column. SKUs and locations that are missing are made; what is on hand becomes what the file says, so that the same file can be imported again.

    sku,name,currency,price,weight_grams,location,on_hand,safety,backorder
    CUP,Blue cup,GBP,4.50,300,main,100,5,yes

The columns safety, how many are kept back from orders, and backorder, whether orders may wait for what is not there (yes or no), may be left out; where one or a cell of it is empty, that stays as it is.

Examples:

    doorstep stock import stock.csv
    doorstep stock export | doorstep --db copy.db stock import - --country DE`
}

// imported is what an import came to.
type imported struct {
	SKUs      int `json:"skus"`
	Levels    int `json:"levels"`
	Locations int `json:"new_locations"`
}

// Run imports the file.
func (v *stockImport) Run(s *session) error {
	data, err := s.readAll(v.File)
	if err != nil {
		return err
	}
	rows, err := stockfile.Read(data)
	if err != nil {
		return err
	}
	var done imported
	err = s.writing(func(shop *doorstep.Shop) error {
		if err := s.start(shop, v.Wait); err != nil {
			return err
		}
		if done, err = v.carryOut(s.ctx, shop, keyed{}.command(s), rows); err != nil {
			return err
		}
		var skus []string
		for _, r := range rows {
			skus = append(skus, r.SKU.Code)
		}
		return s.workOffUntil(shop, v.Wait, func(ctx context.Context) (bool, error) {
			return db.View(ctx, shop.DB, func(r db.Reader) (bool, error) { return allGiven(r, slices.Compact(skus)) })
		})
	})
	if err != nil {
		return err
	}
	return s.out.show(done, func() {
		s.out.printf("Imported %s with stock in %s (new locations: %d).\n", count(done.SKUs, "SKU", "SKUs"), count(done.Levels, "place", "places"), done.Locations)
	})
}

// atOnce is how many changes of an import are under way at once, so that they
// share a commit.
const atOnce = 64

// carryOut makes what is missing and sets what is on hand.
func (v *stockImport) carryOut(ctx context.Context, shop *doorstep.Shop, by process.Command, rows []stockfile.Row) (done imported, err error) {
	fresh, err := db.View(ctx, shop.DB, func(r db.Reader) ([]inventory.Location, error) { return v.check(r, rows) })
	if err != nil {
		return done, err
	}
	for _, l := range fresh {
		if _, err := shop.Process.SetLocation(ctx, by, l); err != nil {
			return done, err
		}
	}
	skus := map[string]bool{}
	err = together(ctx, rows, func(ctx context.Context, r stockfile.Row) error {
		return defineSKU(ctx, shop.Process, by, r)
	}, func(r stockfile.Row) bool {
		first := !skus[r.SKU.Code]
		skus[r.SKU.Code] = true
		return first
	})
	if err != nil {
		return done, err
	}
	done = imported{SKUs: len(skus), Locations: len(fresh)}
	err = together(ctx, rows, func(ctx context.Context, r stockfile.Row) error {
		return setLevel(ctx, shop.Process, by, r)
	}, func(r stockfile.Row) bool {
		if r.Location != "" {
			done.Levels++
		}
		return r.Location != ""
	})
	return done, err
}

// defineSKU makes or changes an SKU.
func defineSKU(ctx context.Context, p *process.Process, by process.Command, r stockfile.Row) error {
	if r.Backorder == nil {
		_, err := p.DescribeSKU(ctx, by, r.SKU)
		return err
	}
	r.SKU.Backorder = *r.Backorder
	_, err := p.DefineSKU(ctx, by, r.SKU)
	return err
}

func setLevel(ctx context.Context, p *process.Process, by process.Command, r stockfile.Row) error {
	_, err := p.SetStock(ctx, by, r.SKU.Code, r.Location, r.OnHand, "import")
	if err == nil && r.Safety != nil {
		_, err = p.SetSafetyStock(ctx, by, r.SKU.Code, r.Location, *r.Safety)
	}
	if e := fault.As(err); e != nil {
		return &fault.Error{Code: e.Code, Message: fmt.Sprintf("line %d: %s", r.Line, e.Message), Fields: e.Fields, Err: e.Err}
	}
	return err
}

// together does it for every row that is wanted, many at once, up to the
// first error.
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

// check says what the file's locations lack, and refuses what the shop's
// reservations do not allow.
//
// Errors: invalid, with the line of every row that can not be.
func (v *stockImport) check(r db.Reader, rows []stockfile.Row) ([]inventory.Location, error) {
	var c fault.Check
	known := map[string]bool{"": true}
	var fresh []inventory.Location
	for _, row := range rows {
		if err := v.checkLevel(r, &c, row); err != nil {
			return nil, err
		}
		if known[row.Location] {
			continue
		}
		known[row.Location] = true
		_, err := inventory.GetLocation(r, row.Location)
		switch {
		case fault.Is(err, fault.NotFound):
			fresh = append(fresh, inventory.Location{ID: row.Location, Name: row.Location, Country: v.Country})
		case err != nil:
			return nil, err
		}
	}
	if len(fresh) > 0 {
		country.Check(&c, "--country", v.Country)
	}
	return fresh, c.Err("the stock file")
}

func (v *stockImport) checkLevel(r db.Reader, c *fault.Check, row stockfile.Row) error {
	levels, err := inventory.Levels(r, row.SKU.Code, row.SKU.Code)
	if err != nil {
		return err
	}
	for _, l := range levels {
		c.If(l.Location == row.Location && l.Reserved > row.OnHand, fmt.Sprintf("line %d, on_hand", row.Line),
			"conflict", "at least the %d that are reserved for orders", l.Reserved)
	}
	return nil
}

// stockExport writes the stock as CSV.
type stockExport struct{}

// Help is the detail of the verb's help.
func (stockExport) Help() string {
	return `Examples:

    doorstep stock export > stock.csv`
}

// Run exports the stock.
func (*stockExport) Run(s *session) error {
	if s.flags.JSON {
		return invalid("stock export writes CSV; stock list --json writes JSON")
	}
	return s.reading(func(shop *doorstep.Shop) error {
		w, err := stockfile.NewWriter(s.program.Stdout)
		if err != nil {
			return err
		}
		err = s.eachStock(shop, func(one process.Stock) error { return exportStock(w, one) })
		if err != nil {
			return err
		}
		return w.Flush()
	})
}

func exportStock(w *stockfile.Writer, one process.Stock) error {
	one.Version = 0
	if len(one.Levels) == 0 {
		return w.Write(stockfile.Row{SKU: one.SKU, Backorder: &one.Backorder})
	}
	for _, l := range one.Levels {
		if err := w.Write(stockfile.Row{SKU: one.SKU, Location: l.Location, OnHand: l.OnHand, Safety: &l.Safety, Backorder: &one.Backorder}); err != nil {
			return err
		}
	}
	return nil
}
