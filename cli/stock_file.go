package cli

import (
	"context"
	"slices"

	"doorstep"
	"doorstep/country"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/process"
	"doorstep/process/stockfile"
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
	var check fault.Check
	country.Check(&check, "--country", v.Country)
	if err := check.Err("the country"); err != nil {
		return err
	}
	var done imported
	err = s.writing(func(shop *doorstep.Shop) error {
		if err := s.start(shop, v.Wait); err != nil {
			return err
		}
		taken, err := shop.Process.TakeStockFile(s.ctx, keyed{}.command(s), rows, v.Country)
		if err != nil {
			return err
		}
		done = imported{SKUs: taken.SKUs, Levels: taken.Levels, Locations: len(taken.Fresh)}
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
		err = s.eachStock(shop, func(one process.Stock) error {
			for _, row := range one.Rows() {
				if err := w.Write(row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		return w.Flush()
	})
}
