package importer

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"doorstep/money"
	"doorstep/order"
	"doorstep/process"
)

// Result is what an import came to.
type Result struct {
	Articles      int                   `json:"articles"`
	Orders        int                   `json:"orders"`             // that the file's sales are now
	Replayed      int                   `json:"replayed"`           // of which an earlier run had placed so many
	Statuses      map[order.Status]int  `json:"statuses"`           // how many orders have each status
	Failures      map[order.Failure]int `json:"failures,omitempty"` // why those that failed did
	Cancellations Cancellations         `json:"cancellations"`
	Adjustments   int                   `json:"stock_adjustments"`
	Accounts      []Balance             `json:"accounts"` // by currency

	First    time.Time     `json:"first"`            // the first order's shop time, in the zone of the history, as those below
	Last     time.Time     `json:"last"`             // the last order's
	Finished time.Time     `json:"finished"`         // when the last of them last changed
	Took     time.Duration `json:"took_nanoseconds"` // of the machine's time
}

// Cancellations are the documents of a file that take earlier sales back.
type Cancellations struct {
	Whole       int                     `json:"whole_order"`   // that undid an order with all its units, or several
	Part        int                     `json:"part_of_order"` // that undid a part of one, or of several
	Unmatched   int                     `json:"nothing"`       // that undid nothing
	EveryRow    int                     `json:"every_row"`     // of which every row was taken back
	SomeRows    int                     `json:"some_rows"`     // of which some were
	Rows        int                     `json:"rows"`          // that were taken back
	Ways        map[process.UndoWay]int `json:"ways"`          // in which orders were undone, how often each
	Outstanding int64                   `json:"outstanding_units"`
}

// took counts a cancellation of which so many rows were taken back.
func (c *Cancellations) took(matched, rows int) {
	c.Rows += matched
	switch matched {
	case rows:
		c.EveryRow++
	case 0:
		c.Unmatched++
	default:
		c.SomeRows++
	}
}

func (c Cancellations) total() int { return c.EveryRow + c.SomeRows + c.Unmatched }

// String says of how many orders what was undone.
func (c Cancellations) String() string {
	return fmt.Sprintf("%d undid a whole order, %d a part of one, %d nothing", c.Whole, c.Part, c.Unmatched)
}

// Balance is what the file, and what became of it, comes to in one currency.
type Balance struct {
	Currency money.Currency `json:"currency"` // empty for rows of which it can not be read
	File     Tally          `json:"file"`     // Imported and SetAside together, to the last decimal
	Imported Tally          `json:"imported"`
	SetAside []ReasonTally  `json:"set_aside"` // by reason
	// GivenBack is what customers have back, or were never charged, of the file's orders
	// and of those that its cancellations undo, by the end. What
	// the cancellations that were imported come to differs from it where an order had a
	// discount or a shipping charge, which each line has its part of, or another price.
	GivenBack Sum `json:"given_back"`
	Cancelled Sum `json:"cancelled"` // what those cancellations come to
}

// balance returns the balance of a currency.
func (r *Result) balance(c money.Currency) *Balance {
	i := slices.IndexFunc(r.Accounts, func(b Balance) bool { return b.Currency == c })
	return &r.Accounts[i]
}

// Balance returns the balance of a currency, an empty one when the file has none
// of it.
func (r *Result) Balance(c money.Currency) Balance {
	for _, b := range r.Accounts {
		if b.Currency == c {
			return b
		}
	}
	return Balance{Currency: c}
}

// took counts a sale that is now an order.
func (r *Result) took(d Document, replayed bool) {
	r.Orders++
	if replayed {
		r.Replayed++
	}
	at := d.At
	if r.First.IsZero() || at.Before(r.First) {
		r.First = at
	}
	if at.After(r.Last) {
		r.Last = at
	}
}

// count takes over what the account says.
func (r *Result) count(a *Account) {
	for _, c := range a.Currencies() {
		r.Accounts = append(r.Accounts, Balance{Currency: c, File: a.File(c), Imported: a.Imported(c), SetAside: a.Reasons(c), Cancelled: a.TakenBack(c)})
	}
}

// found counts what an order has come to.
func (r *Result) found(o order.Order) {
	r.Statuses[o.Status]++
	if o.UpdatedAt.After(r.Finished) {
		r.Finished = o.UpdatedAt.In(r.First.Location())
	}
	if o.Failure != "" {
		r.Failures[o.Failure]++
	}
}

// charged is what a customer has paid for an order, or is to pay, without what was
// given back.
func charged(o order.Order) int64 {
	switch {
	case o.Payment.Taken():
		return o.Sums.Kept()
	case o.End == order.EndCancelled:
		return 0
	default:
		return o.Total
	}
}

// WriteText writes the result for people, within 80 columns.
//
// Errors: those of w.
func (r Result) WriteText(w io.Writer) error {
	t := &textWriter{w: w}
	if r.Orders == 0 {
		t.line("no orders")
	} else {
		t.line("%s from %s to %s (shop time)", number(r.Orders, "order", "orders"), minute(r.First), minute(r.Last))
	}
	if r.Replayed > 0 {
		t.line("%d of them %s placed by an earlier run", r.Replayed, map[bool]string{true: "was", false: "were"}[r.Replayed == 1])
	}
	for _, s := range order.Statuses {
		if n := r.Statuses[s]; n > 0 {
			t.line("  %-9s %6d", s, n)
		}
	}
	for _, f := range slices.Sorted(maps.Keys(r.Failures)) {
		t.line("  failed: %s %d", f, r.Failures[f])
	}
	r.writeCancellations(t)
	if r.Adjustments > 0 {
		t.line("%s", number(r.Adjustments, "stock adjustment", "stock adjustments"))
	}
	took := r.Took.Round(100 * time.Millisecond)
	if r.Finished.IsZero() {
		t.line("took %s (machine time)", took)
	} else {
		t.line("last step at %s (shop time); took %s (machine time)", minute(r.Finished), took)
	}
	for _, b := range r.Accounts {
		t.line("")
		b.write(t)
	}
	return t.err
}

// wayWords say what became of an order.
var wayWords = []struct {
	way       process.UndoWay
	one, many string
}{
	{process.UndoCancel, "order cancelled", "orders cancelled"},
	{process.UndoEdit, "order changed to less", "orders changed to less"},
	{process.UndoReturn, "returned, and refunded by line", "returned, and refunded by line"},
	{process.UndoLater, "returned, and refunded by line, after arrival", "returned, and refunded by line, after arrival"},
}

func (r Result) writeCancellations(t *textWriter) {
	c := r.Cancellations
	if c.total() == 0 {
		return
	}
	t.line("%s: %s", number(c.total(), "cancellation", "cancellations"), c)
	if c.EveryRow+c.SomeRows > 0 {
		t.line("  of %d every row was found, of %d some", c.EveryRow, c.SomeRows)
	}
	for _, w := range wayWords {
		if n := c.Ways[w.way]; n > 0 {
			t.line("  %6d %s", n, words(n, w.one, w.many))
		}
	}
	if c.Outstanding > 0 {
		t.line("  %s had not come back by the end", number(int(c.Outstanding), "unit", "units"))
	}
}

// write shows that imported and set aside are together the file.
func (b Balance) write(t *textWriter) {
	table := tabwriter.NewWriter(t, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(what string, y Tally) {
		// What stands left is made wide by hand: the writer aligns all columns alike.
		fmt.Fprintf(table, "%-30s\t%d\t%s\t%s\t\n", what, y.Rows, y.Positive, y.Negative)
	}
	currency := string(b.Currency)
	if currency == "" {
		currency = "unknown"
	}
	fmt.Fprintf(table, "%-30s\trows\t%s above zero\tbelow zero\t\n", "", currency)
	row("imported", b.Imported)
	for _, a := range b.SetAside {
		row("set aside: "+string(a.Reason), a.Tally)
	}
	row("the file", b.File)
	t.keep(table.Flush())
	if b.Cancelled.Sign() != 0 || b.GivenBack.Sign() != 0 {
		t.line("given back to customers: %s; the cancellations come to %s: %s", b.GivenBack, b.Cancelled, moreOrLess(b.GivenBack.Add(b.Cancelled)))
	}
}

// moreOrLess is a difference in words.
func moreOrLess(d Sum) string {
	switch d.Sign() {
	case 0:
		return "as much"
	case -1:
		return strings.TrimPrefix(d.String(), "-") + " less"
	default:
		return d.String() + " more"
	}
}

// number is a number of things in words.
func number(n int, one, many string) string { return fmt.Sprintf("%d %s", n, words(n, one, many)) }

func words(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

const minuteLayout = "2006-01-02 15:04"

func minute(t time.Time) string { return t.Format(minuteLayout) }

// textWriter keeps the first error, so that a text is written line by line
// and asked about once.
type textWriter struct {
	w   io.Writer
	err error
}

func (t *textWriter) line(format string, args ...any) {
	_, err := fmt.Fprintf(t.w, format+"\n", args...)
	t.keep(err)
}

// Write is for a tabwriter.
func (t *textWriter) Write(b []byte) (int, error) { return t.w.Write(b) }

func (t *textWriter) keep(err error) {
	if t.err == nil {
		t.err = err
	}
}
