package importer

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"doorstep/fault"
	"doorstep/internal/strictjson"
	"doorstep/inventory"
	"doorstep/order"
)

// PlainFormat names the plain format.
const PlainFormat = "plain"

// Plain is the plain format: NDJSON, each line an order as the shop's API takes it,
// with the time at which it was placed and a reference of its own. Its SKUs, and
// what there is of them at first, come beside it.
type Plain struct {
	Stock []Opening
}

// PlainOrder is one line of the plain format.
type PlainOrder struct {
	PlacedAt Moment `json:"placed_at"` // RFC 3339
	order.Request
}

// Moment is a time as RFC 3339 writes it.
type Moment time.Time

// UnmarshalText reads a time.
//
// Errors: invalid.
func (m *Moment) UnmarshalText(b []byte) error {
	if err := (*time.Time)(m).UnmarshalText(b); err != nil {
		return fault.New(fault.Invalid, "a time such as 2026-01-05T10:00:00Z (RFC 3339), not %.40q", b)
	}
	return nil
}

// Name is PlainFormat.
func (Plain) Name() string { return PlainFormat }

// Columns are none: a line is set aside as it stands.
func (Plain) Columns() []string { return nil }

// Opening is what came beside the orders.
func (p Plain) Opening(io.Reader) ([]Opening, error) { return p.Stock, nil }

// Read returns a PlainReader.
func (p Plain) Read(source io.Reader, aside func(Aside) error) (Reader, error) {
	r := &PlainReader{ledger: ledger{aside: aside}, lines: linesOf(source, maxPlainLine), known: map[string]inventory.SKU{}, seen: map[reference]struct{}{}}
	for _, o := range p.Stock {
		r.known[o.Code] = o.SKU
	}
	if err := r.fill(); err != nil {
		return nil, err
	}
	if r.read && !r.any {
		return nil, fault.New(fault.Invalid, "no line of the file is an object of JSON, as those of the plain format are")
	}
	return r, nil
}

// maxPlainLine bounds the bytes of a line: an order of as many lines as there may
// be has room in it.
const maxPlainLine = 4 << 20

// PlainReader reads a file of the plain format order by order.
//
// It holds at most 64 orders, and sixteen bytes and a little for the reference of
// each order that it has returned. Orders come in the order of their times as long
// as none is more than 64 orders late; one that is comes with its own time, which
// then lies before that of its predecessor.
type PlainReader struct {
	ledger
	lines
	known     map[string]inventory.SKU
	seen      map[reference]struct{}
	waiting   []Document // by time, and by line where times are equal
	read, any bool       // whether a line was read, and one that is an object
}

// reference is an order's reference, hashed so that long ones take no more room.
type reference [16]byte

func hashOf(r order.Reference) reference {
	sum := sha256.Sum256([]byte(r.Source + "\x00" + r.Number))
	return reference(sum[:16])
}

// Next returns the next order, and io.EOF after the last one.
//
// Errors: as Reader.Next.
func (r *PlainReader) Next() (Document, error) {
	if err := r.fill(); err != nil {
		return Document{}, err
	}
	if len(r.waiting) == 0 {
		return Document{}, io.EOF
	}
	d := r.waiting[0]
	r.waiting = slices.Delete(r.waiting, 0, 1)
	return d, nil
}

func (r *PlainReader) fill() error {
	for !r.atEnd && len(r.waiting) <= windowSize {
		if err := r.readLine(); err != nil {
			return err
		}
	}
	return nil
}

func (r *PlainReader) readLine() error {
	text, long, err := r.next()
	if errors.Is(err, io.EOF) {
		r.atEnd = true
	} else if err != nil {
		return err
	}
	if !long && strings.TrimSpace(text) == "" {
		return nil
	}
	r.read, r.any = true, r.any || strings.HasPrefix(strings.TrimSpace(text), "{")
	line := row{line: r.line, text: text}
	if long {
		return r.reject(line, &problem{reason: LineTooLong})
	}
	d, line, bad := r.parse(line)
	if bad != nil {
		return r.reject(line, bad)
	}
	r.account.read(line)
	// Equal times keep the order of the file: the new one goes behind them.
	i, _ := slices.BinarySearchFunc(r.waiting, d.At, func(have Document, at time.Time) int { return cmp.Or(have.At.Compare(at), -1) })
	r.waiting = slices.Insert(r.waiting, i, d)
	return nil
}

func (r *PlainReader) reject(line row, bad *problem) error {
	r.account.read(line)
	return r.putRowAside(line, *bad)
}

// parse reads one line. The row that it returns has a value as soon as it can be
// known.
func (r *PlainReader) parse(line row) (Document, row, *problem) {
	var p PlainOrder
	if err := strictjson.Unmarshal([]byte(line.text), "the order", &p); err != nil {
		return Document{}, line, problemOf(err)
	}
	if bad := r.price(&p.Request); bad != nil {
		return Document{}, line, bad
	}
	if err := p.Validate(); err != nil {
		return Document{}, line, problemOf(err)
	}
	totals, _, err := p.Build()
	if err != nil {
		return Document{}, line, problemOf(err)
	}
	line.currency, line.value, line.known = p.Currency, worth(p.Request), true
	if bad := r.checkPlace(p); bad != nil {
		return Document{}, line, bad
	}
	p.Total = &totals.Total
	ref := p.Reference
	return Document{
		Number: ref.Source + "/" + ref.Number, At: time.Time(p.PlacedAt).UTC(), Source: ref.Source, Customer: p.Customer.ID, Currency: p.Currency,
		Sale: &Sale{Request: p.Request, Totals: totals, entry: entry{rows: []row{line}, currency: p.Currency, positive: totals.Total}},
	}, line, nil
}

// checkPlace looks at what gives an order its place in the history.
func (r *PlainReader) checkPlace(p PlainOrder) *problem {
	at := time.Time(p.PlacedAt)
	switch {
	case at.IsZero():
		return &problem{"placed_at", BadValue, "the time at which it was placed is missing"}
	case at.Before(firstTime) || at.After(lastTime):
		return &problem{"placed_at", OutOfRange, fmt.Sprintf("from %s to %s", firstTime.Format(time.RFC3339), lastTime.Format(time.RFC3339))}
	case p.Reference == order.Reference{}:
		return &problem{"reference", BadValue, "an order of a history has a reference of its own"}
	}
	hash := hashOf(p.Reference)
	if _, repeated := r.seen[hash]; repeated {
		return &problem{"reference", ReferenceRepeated, ""}
	}
	r.seen[hash] = struct{}{}
	return nil
}

// price fills in the prices and names that the order leaves to the catalogue.
func (r *PlainReader) price(q *order.Request) *problem {
	for i := range q.Lines {
		l := &q.Lines[i]
		sku, ok := r.known[l.SKU]
		if !ok {
			return &problem{fmt.Sprintf("lines[%d].sku", i), UnknownSKU, fmt.Sprintf("%q is not among the SKUs of the history", clip(l.SKU))}
		}
		if l.UnitPrice == nil {
			if sku.Currency != q.Currency {
				return &problem{fmt.Sprintf("lines[%d].unit_price", i), BadValue, fmt.Sprintf("the order is in %.10q, the catalogue's price in %s", string(q.Currency), sku.Currency)}
			}
			l.UnitPrice = &sku.Price
		}
		l.Name = cmp.Or(l.Name, sku.Name)
	}
	return nil
}

// worth adds up what an order comes to, apart from what Build makes of it.
func worth(q order.Request) Sum {
	sum := sumOf(q.Shipping.Price, q.Currency).Add(sumOf(-q.Discount, q.Currency))
	if !q.PricesIncludeTax {
		sum = sum.Add(sumOf(q.Shipping.Tax, q.Currency))
	}
	for _, l := range q.Lines {
		sum = sum.Add(wholeOf(l.Quantity).times(sumOf(*l.UnitPrice, q.Currency)))
		if !q.PricesIncludeTax {
			sum = sum.Add(sumOf(l.Tax, q.Currency))
		}
	}
	return sum
}

// problemOf is a refusal as the reason for which a line is set aside, at the first
// field that is wrong.
func problemOf(err error) *problem {
	e := fault.As(err)
	if e == nil {
		return &problem{reason: BadValue, detail: err.Error()}
	}
	if len(e.Fields) == 0 {
		return &problem{reason: BadValue, detail: e.Message}
	}
	return &problem{e.Fields[0].Path, BadValue, e.Error()}
}
