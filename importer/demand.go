package importer

import (
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"doorstep/inventory"
)

// Article is what a file's documents say about one SKU: enough for a catalogue
// and for the opening stock that covers the demand.
type Article struct {
	SKU          string
	Name         string // first description on a line with a price, else the first at all, else the SKU
	Quantity     int64  // sold, given away and written off, in all documents
	FirstPrice   int64  // minor units, of the first line with a price; 0 when all are free
	HighestPrice int64  // minor units
}

// Demand reads a whole file of the online-retail format and returns its articles
// by SKU. It counts exactly the lines of the documents that a Reader returns for
// the same file. What comes back or is found again is not counted against it,
// since it comes too late for what was sold before. It holds one Article per SKU,
// of which a shop has thousands, and what a Reader holds.
//
// Errors: those of NewReader and Reader.Next.
func Demand(source io.Reader) ([]Article, error) {
	r, err := NewReader(source, nil)
	if err != nil {
		return nil, err
	}
	articles := map[string]Article{}
	for {
		d, err := r.Next()
		if errors.Is(err, io.EOF) {
			return sorted(articles), nil
		}
		if err != nil {
			return nil, err
		}
		if d.Sale != nil {
			for _, l := range d.Sale.Request.Lines {
				articles[l.SKU] = articles[l.SKU].with(l.SKU, l.Name, l.Quantity, *l.UnitPrice)
			}
		}
		for _, a := range d.Adjustments {
			articles[a.SKU] = articles[a.SKU].with(a.SKU, a.SKU, max(0, -a.Delta), 0)
		}
	}
}

func sorted(articles map[string]Article) []Article {
	return slices.SortedFunc(maps.Values(articles), func(a, b Article) int { return strings.Compare(a.SKU, b.SKU) })
}

// with returns the article with so many more units counted.
func (a Article) with(sku, name string, quantity, price int64) Article {
	// A free line's description may be a remark, such as "amazon sales".
	named := a.Name != "" && a.Name != sku
	firstPriced := a.FirstPrice == 0 && price > 0
	if !named || firstPriced && name != sku {
		a.Name = name
	}
	if firstPriced {
		a.FirstPrice = price
	}
	a.SKU = sku
	a.Quantity += quantity
	a.HighestPrice = max(a.HighestPrice, price)
	return a
}

// opening is the article in a catalogue, with as much of it as is wanted.
func (a Article) opening() Opening {
	return Opening{
		SKU:      inventory.SKU{Code: a.SKU, Name: a.Name, Currency: Currency, Price: a.FirstPrice, Weight: Weight},
		Location: mainLocation, Country: home, Quantity: a.Quantity,
	}
}
