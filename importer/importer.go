// Package importer brings the histories of other shops into Doorstep.
//
// A Format turns a file into documents: sales, what is taken back of earlier
// sales, and corrections of the stock. Run takes them through the process, each
// at its own time. What can not become a part of a document is set aside with its
// row, column, reason and value, and an Account proves that imported and set aside
// together are the file, exactly.
//
// The online-retail format is read in three steps, each a value in and a value
// out: a line of the file becomes a row, the mapping table says what kind of
// row it is and what becomes of it, and the rows of one invoice become a Document.
// Its source: D. Chen, Online Retail, UCI Machine Learning Repository, 2015,
// https://doi.org/10.24432/C5BW33.
package importer

import (
	"io"
	"time"

	"doorstep/inventory"
	"doorstep/money"
	"doorstep/order"
)

// Format is a way in which shops write their histories.
type Format interface {
	// Name is the format's, and a part of every command key.
	Name() string
	// Columns name the fields of a row, for the file of rows set aside.
	Columns() []string
	// Read returns a reader of documents, which calls aside, unless it is nil, for
	// each row that it sets aside.
	//
	// Errors: invalid when the source is not of the format; unavailable when it can
	// not be read.
	Read(source io.Reader, aside func(Aside) error) (Reader, error)
	// Opening returns what the shop has before the first document, reading the whole
	// source where that says so.
	//
	// Errors: those of Read and of Reader.Next.
	Opening(source io.Reader) ([]Opening, error)
}

// Reader reads a history document by document. Reading the same source again
// gives the same documents in the same order.
type Reader interface {
	// Next returns the next document, and io.EOF after the last one. Rows that belong
	// to none have been set aside by then.
	//
	// Errors: unavailable when the source can not be read, and what the function for
	// rows set aside returns.
	Next() (Document, error)
	// SetAside sets the rows of an entry aside instead of importing it.
	//
	// Errors: what the function for rows set aside returns.
	SetAside(e Entry, why Reason, detail string) error
	// Account returns the running totals. The caller tells it of each entry that was
	// imported.
	Account() *Account
	// Offset returns how many bytes of the source have been read, for progress.
	Offset() int64
}

// Document is what one number of a history stands for: at most one sale, and what
// is taken back and corrected beside it.
type Document struct {
	Number      string // unique in its history
	At          time.Time
	Source      string         // of its sale, or of the sales that it takes back
	Customer    string         // who gives back; empty for a guest
	Currency    money.Currency // of what is taken back
	Sale        *Sale          // nil when nothing is sold
	Takings     []Taking
	Adjustments []Adjustment
	Unmatched   int // rows of a cancellation that were set aside already
}

// IsCancellation says whether the document takes back earlier sales, or was to.
func (d Document) IsCancellation() bool { return len(d.Takings)+d.Unmatched > 0 }

// Sale is an order as it was placed.
type Sale struct {
	Request order.Request // every line with its price
	Totals  order.Totals  // what it comes to
	entry
}

// Taking is so many units that a customer gives back of earlier sales.
type Taking struct {
	SKU       string
	Quantity  int64 // 1 to MaxQuantity
	UnitPrice int64 // minor units, as the cancellation has it
	entry
}

// Adjustment is units that were written off, or found.
type Adjustment struct {
	SKU    string
	Delta  int64  // below zero when they were written off
	Reason string // a word for programs
	entry
}

// Opening is an article, and how many of it lie at a location before the first
// document.
type Opening struct {
	inventory.SKU
	Location string // "" for none
	Country  string // of the location, ISO 3166-1 alpha-2
	Quantity int64
	Safety   int64 // how many of them are kept back
}

// Entry is a part of a document that is imported, or set aside, as a whole.
type Entry interface{ of() entry }

// entry is the rows that an entry is made of, and what these come to as it is
// imported.
type entry struct {
	rows     []row
	currency money.Currency
	positive int64 // minor units
	negative int64 // minor units, not above zero
}

func (e entry) of() entry { return e }

// tally adds the entry up.
func (e entry) tally() Tally {
	return Tally{Rows: len(e.rows)}.add(sumOf(e.positive, e.currency)).add(sumOf(e.negative, e.currency))
}
