package cli

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"

	"doorstep"
	"doorstep/clock"
	"doorstep/country"
	"doorstep/fault"
	"doorstep/importer"
	"doorstep/process/stockfile"
	"doorstep/verify"
)

// importVerb takes another shop's history through the order process.
type importVerb struct {
	File     string `arg:"" help:"The history." placeholder:"FILE"`
	Format   string `help:"What the file is: ${enum}." enum:"online-retail,plain" default:"online-retail" placeholder:"FORMAT"`
	SKUs     string `name:"skus" help:"The shop's SKUs and what there is of them at first, as CSV like that of stock import; for the format plain." placeholder:"FILE"`
	Country  string `help:"The country of the locations in that file: ISO 3166-1 alpha-2." default:"GB" placeholder:"GB"`
	SetAside string `help:"Where rows are written that become no part of an order; FILE-set-aside.csv here by default." placeholder:"FILE"`
	Stock    string `help:"How much of the opening stock there is, more than 0 and at most 10: with less than 1, some orders find too little." default:"1" placeholder:"FACTOR"`
	Report   string `help:"Where a page is written that shows how the orders went, by the shop's own times; none by default." type:"path" placeholder:"FILE"`
	Seed     uint64 `help:"From which the simulated gateway and carrier draw." default:"1" placeholder:"N"`
}

// Help is the detail of the verb's help.
func (importVerb) Help() string {
	return `Each sale becomes an order at its own date, on virtual time, and goes through the same process as any order, to the door, with opening stock that covers the demand. Cancellations are taken to the orders that they undo, and write-offs to the stock. What can not be imported is set aside with row, column and reason; imported and set aside together are the file, to the penny. Then everything that is stored is verified.

The database is one of its own, on virtual time: it can be looked at by every verb, and not be served. An import that was interrupted goes on when it is run again; run once more, it doubles nothing. docs/import.md says what becomes of each row.

Examples:

    doorstep import --db shop.db history.csv
    doorstep import --format online-retail history.csv --set-aside rest.csv
    doorstep import --stock 0.95 --db scarce.db history.csv --report scarce.html
    doorstep import --format plain --skus skus.csv orders.ndjson
    doorstep order list --db shop.db --status delivered`
}

// historyTaken is what is shown of an import.
type historyTaken struct {
	Import  importer.Result `json:"import"`
	Aside   string          `json:"set_aside_file"`
	Report  string          `json:"report,omitempty"`
	Checked verify.Report   `json:"verify"`
}

// Run imports the file.
func (v *importVerb) Run(s *session) error {
	part, ok := new(big.Rat).SetString(v.Stock)
	if !ok || len(v.Stock) > 20 {
		return invalid("--stock is a number such as 0.95")
	}
	if err := v.checkFiles(s); err != nil {
		return err
	}
	file, size, err := openHistory(v.File)
	if err != nil {
		return err
	}
	defer file.Close()
	format, err := v.format(s)
	if err != nil {
		return err
	}
	start, err := importer.Start(format, file)
	if err != nil {
		return err
	}
	clk := clock.NewVirtual(start)
	shop, err := doorstep.Open(s.ctx, doorstep.Config{
		DB: s.flags.DB, Outside: s.flags.Outside, Virtual: clk, Seed: v.Seed, Log: s.log,
	})
	if err != nil {
		return err
	}
	target := importer.Target{Process: shop.Process, Clock: clk, Runner: shop.Virtual}
	return errors.Join(v.into(s, shop, target, importer.Options{Format: format, Source: file, Size: size, Stock: part, Seed: v.Seed}), shop.Close())
}

// checkFiles holds what is written apart from what is read.
func (v *importVerb) checkFiles(s *session) error {
	written := []named{{"--report", v.Report}}
	for _, file := range importer.AsideFiles(v.aside()) {
		written = append(written, named{"--set-aside", file})
	}
	return s.checkOutputs([]named{{"the history", v.File}, {"the file of SKUs (--skus)", v.SKUs}}, written...)
}

// format is what the file is, with what comes beside it.
func (v *importVerb) format(s *session) (importer.Format, error) {
	if v.Format != importer.PlainFormat {
		if v.SKUs != "" {
			return nil, invalid("--skus is for --format %s", importer.PlainFormat)
		}
		return importer.Online{}, nil
	}
	if v.SKUs == "" {
		return nil, invalid("--format %s needs --skus, the file of its SKUs", importer.PlainFormat)
	}
	var c fault.Check
	country.Check(&c, "--country", v.Country)
	if err := c.Err("the command"); err != nil {
		return nil, err
	}
	data, err := s.readAll(v.SKUs)
	if err != nil {
		return nil, err
	}
	rows, err := stockfile.Read(data)
	return importer.Plain{Stock: openings(rows, v.Country)}, err
}

// openings is a stock file as what a shop has at first.
func openings(rows []stockfile.Row, country string) []importer.Opening {
	all := make([]importer.Opening, len(rows))
	for i, r := range rows {
		all[i] = importer.Opening{SKU: r.SKU, Location: r.Location, Country: country, Quantity: r.OnHand}
		if r.Safety != nil {
			all[i].Safety = *r.Safety
		}
		if r.Backorder != nil {
			all[i].Backorder = *r.Backorder
		}
	}
	return all
}

// openHistory opens a file that is read several times.
//
// Errors: not_found; unavailable; invalid when it is none, such as a pipe.
func openHistory(name string) (*os.File, int64, error) {
	f, err := openFile(name)
	if err != nil {
		return nil, 0, err
	}
	file := f.(*os.File)
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() {
		return file, info.Size(), nil
	}
	_ = file.Close()
	if err != nil {
		return nil, 0, fault.New(fault.Unavailable, "the file %q can not be read: %w", name, err)
	}
	return nil, 0, invalid("%q is no file that can be read more than once", name)
}

// into imports into an open shop, verifies it and shows what came of it.
func (v *importVerb) into(s *session, shop *doorstep.Shop, target importer.Target, o importer.Options) error {
	o.SetAside = v.aside()
	shown := importProgress{session: s}
	o.Progress = shown.tell
	result, err := importer.Run(s.ctx, target, o)
	shown.end()
	if err != nil && s.ctx.Err() != nil {
		return fault.New(fault.Unavailable, "the import was interrupted; run again with the same file, it goes on: %w", errors.Join(errInterrupted, err))
	}
	if err != nil {
		return err
	}
	checked, err := verify.Run(context.WithoutCancel(s.ctx), shop.DB, verify.Options{})
	if err != nil {
		return err
	}
	if v.Report != "" {
		if err := v.report(s, shop, result, checked); err != nil {
			return err
		}
	}
	if err := s.showImport(historyTaken{result, o.SetAside, v.Report, checked}); err != nil {
		return err
	}
	if !checked.Clean() {
		return errViolations
	}
	return nil
}

// aside is where rows set aside are written: beside nothing of the history's,
// whose folder may be for reading only.
func (v *importVerb) aside() string {
	if v.SetAside != "" {
		return v.SetAside
	}
	name := filepath.Base(v.File)
	return strings.TrimSuffix(name, filepath.Ext(name)) + "-set-aside.csv"
}

func (s *session) showImport(i historyTaken) error {
	var failed error
	err := s.out.show(i, func() {
		failed = i.Import.WriteText(s.program.Stdout)
		s.out.printf("\nRows set aside: %s\n", printable(i.Aside))
		if i.Report != "" {
			s.out.printf("Report: %s\n", printable(i.Report))
		}
		s.out.report(i.Checked)
	})
	return errors.Join(failed, err)
}

// importProgress shows one bar after the other, for what takes long of an
// import: in what follows, each step is nothing beside what was before.
type importProgress struct {
	session *session
	phase   importer.Phase
	bar     *progress
}

func (p *importProgress) tell(now importer.Progress) {
	if now.Phase != importer.Stocking && now.Phase != importer.Placing {
		return
	}
	if now.Phase != p.phase {
		p.end()
		p.phase, p.bar = now.Phase, p.session.newProgress(string(now.Phase), now.Total)
	}
	p.bar.set(now.Done, moreOf(now))
}

// moreOf is what a plain line says beside the share that is done.
func moreOf(now importer.Progress) string {
	if now.Phase == importer.Stocking {
		return ", " + count(int(now.Done), "article", "articles")
	}
	return fmt.Sprintf(", %d of %d kB, %s, %s shop time", now.Done/1000, now.Total/1000, count(now.Orders, "order", "orders"), moment(now.At))
}

func (p *importProgress) end() {
	if p.bar != nil {
		p.bar.end()
		p.bar = nil
	}
}
