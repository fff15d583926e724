package importer

import (
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
)

// Article is what a file's invoices say about one SKU: enough for a catalogue
// and for the opening stock that covers the demand.
type Article struct {
	SKU          string
	Name         string // first description on a line with a price, else the first at all, else the SKU
	Quantity     int64  // sold and given away, in all invoices that become orders
	FirstPrice   int64  // minor units, of the first line with a price; 0 when all are free
	HighestPrice int64  // minor units
}

// Demand reads a whole file and returns its articles by SKU. It counts exactly
// the lines of the invoices that a Reader returns for the same file. It holds
// one Article per SKU, of which a shop has thousands, and what a Reader holds.
//
// Errors: those of NewReader and Reader.Next.
func Demand(source io.Reader) ([]Article, error) {
	r, err := NewReader(source, nil)
	if err != nil {
		return nil, err
	}
	articles := map[string]Article{}
	for {
		inv, err := r.Next()
		if errors.Is(err, io.EOF) {
			return sorted(articles), nil
		}
		if err != nil {
			return nil, err
		}
		for _, line := range inv.Lines {
			articles[line.SKU] = articles[line.SKU].with(line)
		}
	}
}

func sorted(articles map[string]Article) []Article {
	return slices.SortedFunc(maps.Values(articles), func(a, b Article) int { return strings.Compare(a.SKU, b.SKU) })
}

// with returns the article with one more line counted.
func (a Article) with(l Line) Article {
	// A free line's description may be a remark, such as "amazon sales".
	named := a.Name != "" && a.Name != a.SKU
	firstPriced := a.FirstPrice == 0 && l.UnitPrice > 0
	if !named || firstPriced && l.Name != l.SKU {
		a.Name = l.Name
	}
	if firstPriced {
		a.FirstPrice = l.UnitPrice
	}
	a.SKU = l.SKU
	a.Quantity += l.Quantity
	a.HighestPrice = max(a.HighestPrice, l.UnitPrice)
	return a
}
