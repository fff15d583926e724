package importer

import (
	"cmp"
	"slices"
	"time"
)

// Bounds of what is held in memory while reading.
const (
	windowSize = 64   // invoices
	maxRows    = 2000 // rows of one invoice, as many as an order may have lines
)

// draft is an invoice whose rows are still coming.
type draft struct {
	document document
	at       time.Time // of its first row
	rows     []row
	full     bool // it had more than maxRows rows, which have been let go
}

// window holds the invoices read last, by time. It lets rows of invoices that
// are written through each other find together, and puts invoices that are
// slightly out of order into the order of their times. Beyond it only the
// numbers of the invoices that have left it are kept, a few bytes each.
type window struct {
	drafts []*draft // by time, and by first row where times are equal
	open   map[document]*draft
	closed map[document]struct{}
}

func newWindow() window {
	return window{open: map[document]*draft{}, closed: map[document]struct{}{}}
}

func (w *window) isFull() bool { return len(w.drafts) > windowSize }

func (w *window) isClosed(d document) bool {
	_, ok := w.closed[d]
	return ok
}

// draftFor returns the draft that a row belongs to, a new one for the first row
// of its invoice.
func (w *window) draftFor(r row) *draft {
	if d, ok := w.open[r.document]; ok {
		return d
	}
	d := &draft{document: r.document, at: r.at}
	w.open[r.document] = d
	// Equal times keep the order of the file: the new one goes behind them.
	i, _ := slices.BinarySearchFunc(w.drafts, d, func(have, d *draft) int {
		return cmp.Or(have.at.Compare(d.at), -1)
	})
	w.drafts = slices.Insert(w.drafts, i, d)
	return d
}

// pop takes the earliest invoice out, nil when there is none.
func (w *window) pop() *draft {
	if len(w.drafts) == 0 {
		return nil
	}
	d := w.drafts[0]
	w.drafts = slices.Delete(w.drafts, 0, 1)
	delete(w.open, d.document)
	w.closed[d.document] = struct{}{}
	return d
}
