package importer

import (
	"io"

	"doorstep/money"
)

// OnlineRetail names the online-retail format, and is the source in the reference
// of each order that comes from it.
const OnlineRetail = "online-retail"

// Currency is what every price of the online-retail format is in: the shop is
// in the United Kingdom and the file names no currency.
const Currency money.Currency = "GBP"

// Weight stands in for what the online-retail format does not say: what one of
// an article weighs, in grams.
const Weight = 250

// Online is the online-retail format.
type Online struct{}

// Name is OnlineRetail.
func (Online) Name() string { return OnlineRetail }

// Columns are those of the file.
func (Online) Columns() []string { return header }

// Read is NewReader.
func (Online) Read(source io.Reader, aside func(Aside) error) (Reader, error) {
	r, err := NewReader(source, aside)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Opening is as much of each article as the whole file wants.
func (Online) Opening(source io.Reader) ([]Opening, error) {
	articles, err := Demand(source)
	all := make([]Opening, len(articles))
	for i, a := range articles {
		all[i] = a.opening()
	}
	return all, err
}
