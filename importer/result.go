package importer

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"doorstep/money"
	"doorstep/order"
)

// Result is what an import came to.
type Result struct {
	Articles int                   `json:"articles"`
	Orders   int                   `json:"orders"`             // that the file's invoices are now
	Replayed int                   `json:"replayed"`           // of which an earlier run had placed so many
	Statuses map[order.Status]int  `json:"statuses"`           // how many orders have each status
	Failures map[order.Failure]int `json:"failures,omitempty"` // why those that failed did

	Currency money.Currency `json:"currency"` // of every value
	File     Tally          `json:"file"`     // Imported and SetAside together, to the last decimal
	Imported Tally          `json:"imported"`
	SetAside []ReasonTally  `json:"set_aside"` // by reason

	First    time.Time     `json:"first"`            // the first order's shop time
	Last     time.Time     `json:"last"`             // the last order's
	Finished time.Time     `json:"finished"`         // when the last of them last changed
	Took     time.Duration `json:"took_nanoseconds"` // of the machine's time
}

// took counts an invoice that is now an order.
func (r *Result) took(inv Invoice, replayed bool) {
	r.Orders++
	if replayed {
		r.Replayed++
	}
	at := inv.At.UTC()
	if r.First.IsZero() || at.Before(r.First) {
		r.First = at
	}
	if at.After(r.Last) {
		r.Last = at
	}
}

// count takes over what the account says.
func (r *Result) count(a *Account) {
	r.Currency, r.File, r.Imported, r.SetAside = Currency, a.File(), a.Imported(), a.Reasons()
}

// found counts what an order has come to.
func (r *Result) found(o order.Order) {
	if r.Statuses == nil {
		r.Statuses, r.Failures = map[order.Status]int{}, map[order.Failure]int{}
	}
	r.Statuses[o.Status]++
	if o.UpdatedAt.After(r.Finished) {
		r.Finished = o.UpdatedAt
	}
	if o.Failure != "" {
		r.Failures[o.Failure]++
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
	t.line("last step at %s (shop time); took %s (machine time)", minute(r.Finished), r.Took.Round(100*time.Millisecond))
	t.line("")
	r.writeAccount(t)
	return t.err
}

// writeAccount shows that imported and set aside are together the file.
func (r Result) writeAccount(t *textWriter) {
	table := tabwriter.NewWriter(t, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(what string, y Tally) {
		// What stands left is made wide by hand: the writer aligns all columns alike.
		fmt.Fprintf(table, "%-30s\t%d\t%s\t%s\t\n", what, y.Rows, y.Positive, y.Negative)
	}
	fmt.Fprintf(table, "%-30s\trows\t%s above zero\tbelow zero\t\n", "", cmp.Or(r.Currency, Currency))
	row("imported", r.Imported)
	for _, a := range r.SetAside {
		row("set aside: "+string(a.Reason), a.Tally)
	}
	row("the file", r.File)
	t.keep(table.Flush())
}

// number is a number of things in words.
func number(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

const minuteLayout = "2006-01-02 15:04"

func minute(t time.Time) string { return t.UTC().Format(minuteLayout) }

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
