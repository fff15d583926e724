package cli

import (
	"context"
	"strings"

	"doorstep"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/inventory"
	"doorstep/process"
	"doorstep/process/stockfile"
)

// stockCount sets what there is to what was counted.
type stockCount struct {
	Counts  []string `arg:"" help:"A CSV file, - for standard input, or counts as SKU=N." placeholder:"FILE|SKU=N"`
	Reason  string   `help:"Why." default:"count" placeholder:"TEXT"`
	Preview bool     `help:"Show what would change and which orders it touches, and change nothing."`
	atLocation
	keyed
	working
}

// Help is the detail of the verb's help.
func (stockCount) Help() string {
	return `All of the counts are taken, or none. The file is checked whole; where it has no location, --location says it.

    sku,location,counted
    CUP,main,97

Where less was counted than is reserved, the youngest orders lose what is reserved for them and are held (stock_missing): release them when it is there again, or cancel them. Those with a label already keep their goods; where that is too much, nothing is counted: exit code 4.

Examples:

    doorstep stock count CUP=97 POT=4 --preview
    doorstep stock count count.csv --location north --reason "yearly count"`
}

// counting is what a count comes to.
type counting struct {
	Preview bool              `json:"preview"`
	Counts  []process.Counted `json:"counts"`
}

// Run takes the counts, or previews them.
func (v *stockCount) Run(s *session) error {
	counts, err := v.read(s)
	if err != nil {
		return err
	}
	open, done := s.writing, counting{Preview: v.Preview}
	if v.Preview {
		open = s.reading
	}
	err = open(func(shop *doorstep.Shop) (err error) {
		if v.Preview {
			done.Counts, err = shop.Process.PreviewCount(s.ctx, counts)
			return err
		}
		if err := s.start(shop, v.Wait); err != nil {
			return err
		}
		r, err := shop.Process.CountStock(s.ctx, v.command(s), counts, v.Reason)
		if done.Counts = r.Value; err != nil {
			return err
		}
		return s.workOffUntil(shop, v.Wait, func(ctx context.Context) (bool, error) { return countsGiven(ctx, shop, counts) })
	})
	if err != nil {
		return err
	}
	return s.out.show(done, func() { s.out.counting(done) })
}

// countsGiven says whether what was found was given to those who wait for it.
func countsGiven(ctx context.Context, shop *doorstep.Shop, counts []inventory.Count) (bool, error) {
	skus := make([]string, len(counts))
	for i, c := range counts {
		skus[i] = c.SKU
	}
	return db.View(ctx, shop.DB, func(r db.Reader) (bool, error) { return allGiven(r, skus) })
}

// read reads the counts of a file, or those that were typed.
func (v *stockCount) read(s *session) ([]inventory.Count, error) {
	if len(v.Counts) == 1 && !strings.Contains(v.Counts[0], "=") {
		data, err := s.readAll(v.Counts[0])
		if err != nil {
			return nil, err
		}
		return stockfile.ReadCounts(data, v.Location)
	}
	var c fault.Check
	var counts []inventory.Count
	for _, one := range v.Counts {
		at := strings.LastIndexByte(one, '=') // an SKU may hold one too
		if at <= 0 {
			c.Add(one, "malformed", "a count as SKU=N")
			continue
		}
		n, err := parseCount(one[at+1:])
		if err != nil {
			c.Add(one, "malformed", "%s", fault.As(err).Message)
		}
		counts = append(counts, inventory.Count{SKU: one[:at], Location: v.Location, Quantity: n})
	}
	return counts, c.Err("the count")
}

func (s *screen) counting(done counting) {
	t := s.table("", column{title: "SKU", shrink: true}, column{title: "LOCATION", shrink: true}, column{title: "COUNTED", right: true},
		column{title: "ON HAND", right: true}, column{title: "CHANGE", right: true}, column{title: "RESERVED", right: true})
	for _, c := range done.Counts {
		t.add(c.SKU, c.Location, digits(c.Counted), digits(c.OnHand), signed(c.Counted-c.OnHand), digits(c.Reserved))
	}
	t.print()
	s.givenUp(done)
	if done.Preview {
		s.printf("\nNothing has changed: this was a preview.\n")
	}
}

// givenUp names the orders whose goods are gone.
func (s *screen) givenUp(done counting) {
	t := s.table("  ", column{title: "ORDER", right: true}, column{title: "SKU", shrink: true}, column{title: "LOCATION", shrink: true}, column{title: "RESERVED", right: true})
	for _, c := range done.Counts {
		for _, g := range c.GivenUp {
			t.add(digits(g.Number), c.SKU, c.Location, digits(g.Quantity))
		}
	}
	for _, c := range done.Counts {
		if c.Labelled > 0 {
			s.printf("\nOf %s at %s %d are missing that are in parcels with a label: cancel those first.\n", printable(c.SKU), printable(c.Location), c.Labelled)
		}
	}
	if len(t.rows) == 0 {
		return
	}
	s.heading("Orders whose goods are gone, the youngest first")
	t.print()
	if !done.Preview {
		s.printf("They are held until they are released, when it is there again, or cancelled.\n")
	}
}
