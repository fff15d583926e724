// Package importer brings the histories of other shops into Doorstep.
//
// The online-retail format is read in three steps, each a value in and a value
// out: a line of the file becomes a row, the mapping table says what kind of
// row it is and what becomes of it, and the rows of one invoice become an
// Invoice that the process can place. Whatever cannot become a part of an order
// is set aside with its row, column, reason and value, and an Account proves
// that imported and set aside together are the file, exactly.
//
// Source of the format: D. Chen, Online Retail, UCI Machine Learning
// Repository, 2015, https://doi.org/10.24432/C5BW33.
package importer

import (
	"time"

	"doorstep/money"
)

// Currency is what every price of the online-retail format is in: the shop is
// in the United Kingdom and the file names no currency.
const Currency money.Currency = "GBP"

// Invoice is one invoice of goods, ready to be placed as an order.
//
// Value is the sum of its lines plus Shipping minus Discount; it is never
// negative, because Discount is at most the sum of the lines. The first row of
// an invoice gives its time, customer and country.
type Invoice struct {
	Number      string         // InvoiceNo, such as 536365: unique in its file
	At          time.Time      // when it was written, in the shop's zone, Europe/London
	Customer    string         // CustomerID without its ".0"; empty for a guest
	Country     string         // ISO 3166-1 alpha-2, UnknownCountry where the name is none
	CountryName string         // as the file has it
	Currency    money.Currency // of every amount
	Lines       []Line         // in the order of the file, at least one
	Shipping    int64          // minor units, ≥ 0
	Discount    int64          // minor units, ≥ 0, on the order as a whole
	Value       int64          // minor units, ≥ 0

	rows []row // what it was made of
}

// Line is one line of an invoice. A SKU that an invoice repeats has as many
// lines; SKUs that differ only by case are different SKUs.
type Line struct {
	Row       int    // line of the file, where the header is 1
	SKU       string // StockCode
	Name      string // Description, or the SKU where the file has none
	Quantity  int64  // 1 to MaxQuantity
	UnitPrice int64  // minor units, 0 for a free item
}
