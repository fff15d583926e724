package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// deed is something that a person does about an order, or a part of it, on a page of its
// own: there they type what it takes, see what it comes to, and only then have it done.
type deed struct {
	name  string // the word for it in the address
	about place
	scope access.Scope // what it takes
	title string       // as it is offered
	does  string       // what comes of it, in a sentence
	done  string       // what is said when it is done
	grave bool         // it can not be taken back
	rare  bool         // nobody looks for it when it can not be done

	why    func(v matter) error   // why it can not be done as things stand, nil where it may be
	fields func(v matter) []field // what is typed; nil for nothing
	// atOnce says that what it comes to does not hang on what is typed, and is shown beside it.
	atOnce bool
	carry
}

// place is where on the page of an order a deed is offered: what it is about.
type place string

const (
	ofOrder   place = "order"
	ofPayment place = "payment" // of which an order has one
	ofParcel  place = "parcel"
	ofRefund  place = "refund"
	ofReturn  place = "return"
)

// isPart says whether an order may have several, so that the address has to name one.
func (p place) isPart() bool { return p != ofOrder && p != ofPayment }

// matter is what a deed is about: an order, and one of its parts.
type matter struct {
	overview
	Parcel shipping.Shipment
	Refund payment.Refund
	Return shipping.Return
	Ticket string // of the order, from which one has come here, "" for none
}

// Back is where one goes when it is done, or left as it is.
func (v matter) Back() string {
	if v.Ticket == "" {
		return orderPath(v.Order)
	}
	return ticketPath(v.Ticket)
}

// plan is what a deed comes to.
type plan struct {
	Version int64    // of the order, for which this is so
	Comes   []string // what it does to money and stock, in sentences
	Short   []string // what is not there: then it is not done
}

// carry is a deed carried out: what it comes to, and then in earnest.
type carry struct {
	preview func(ctx context.Context, p *process.Process, t *typed) (plan, error)
	do      func(ctx context.Context, p *process.Process, by process.Command, t *typed) error
}

// carrying has a deed carried out by use cases that take a request, which is read from
// what was typed. Without a preview, all that it does is what the deed says.
func carrying[Q any](read func(*typed) Q, preview func(context.Context, *process.Process, matter, Q) (plan, error), do func(context.Context, *process.Process, process.Command, matter, Q) error) carry {
	return carry{
		func(ctx context.Context, p *process.Process, t *typed) (plan, error) {
			q := read(t)
			if err := t.check.Err("what you typed"); err != nil || preview == nil {
				return plan{Version: t.Order.Version}, err
			}
			return preview(ctx, p, t.matter, q)
		},
		func(ctx context.Context, p *process.Process, by process.Command, t *typed) error {
			q := read(t)
			if err := t.check.Err("what you typed"); err != nil {
				return err
			}
			return do(ctx, p, by, t.matter, q)
		},
	}
}

// nothing is read of what takes no request.
func nothing(*typed) struct{} { return struct{}{} }

// made is what became of a use case whose answer the page of the order shows.
func made[T any](_ process.Result[T], err error) error { return err }

// typed is what was typed for a deed.
type typed struct {
	matter
	url.Values
	check fault.Check
	named map[string]string // the field of the form, by that of the request
}

func (t *typed) text(name string) string { return strings.TrimSpace(t.Get(name)) }

// number reads a whole number, 0 where nothing was typed.
func (t *typed) number(name string) int64 {
	text := t.text(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	t.check.If(err != nil || n < 0, name, "malformed", "a whole number, 0 or more")
	return n
}

// amount reads money of the order's currency, 0 where nothing was typed.
func (t *typed) amount(name string) int64 {
	text := t.text(name)
	if text == "" {
		return 0
	}
	a, err := money.Parse(text, t.Order.Currency)
	t.check.If(err != nil, name, "malformed", "an amount of %s such as %s", t.Order.Currency, money.Of(1295, t.Order.Currency).Decimal())
	return a.Minor
}

// units are the lines of which any units were typed, as the request has them under a path.
func (t *typed) units(field, path string) (lines []shipping.LineUnits) {
	for _, l := range t.Lines {
		name := lineField(field, l.Line)
		if n := t.number(name); n > 0 {
			t.named[fmt.Sprintf("%s[%d]", path, len(lines))] = name
			lines = append(lines, shipping.LineUnits{Line: l.Line, Quantity: n})
		}
	}
	return lines
}

// wanted are goods that were typed as SKUs and how many of each.
func (t *typed) wanted(path string) (lines []order.LineRequest) {
	for i := range rows {
		sku, n := rowFields(i)
		code := t.text(sku)
		if code == "" {
			continue
		}
		at := fmt.Sprintf("%s[%d]", path, len(lines))
		t.named[at+".sku"], t.named[at+".quantity"] = sku, n
		lines = append(lines, order.LineRequest{SKU: code, Quantity: t.number(n)})
	}
	return lines
}

// field is something that is typed for a deed.
type field struct {
	Name, Label, Hint string
	Kind              string   // text, sku, prose, number, tick, choice or time
	Value             string   // as it was typed, or what is there already
	Words             []string // of a choice all there are, of a text some
	Required          bool
	Under             string // what the fields are of which this is the first
	Wrong             string // why it can not be so
}

func lineField(name string, line int64) string { return name + "." + strconv.FormatInt(line, 10) }

// rows is how many kinds of goods can be typed at once.
const rows = 3

func rowFields(i int) (sku, quantity string) {
	return fmt.Sprintf("sku.%d", i+1), fmt.Sprintf("quantity.%d", i+1)
}

// goods are fields for goods that are wanted.
func goods(under string) (fields []field) {
	for i := range rows {
		sku, n := rowFields(i)
		fields = append(fields, field{Name: sku, Label: fmt.Sprintf("SKU %d", i+1), Kind: "sku"}, field{Name: n, Label: "How many", Kind: "number"})
	}
	fields[0].Under = under
	return fields
}

// unitsOf are fields for units of lines.
func unitsOf(v matter, name, under string, lines []shipping.ReturnLine, value func(shipping.ReturnLine) int64) (fields []field) {
	for _, l := range lines {
		fields = append(fields, field{Name: lineField(name, l.Line), Label: v.LineName(l.Line), Hint: fmt.Sprintf("at most %d", l.Quantity), Kind: "number", Value: strconv.FormatInt(value(l), 10)})
	}
	if len(fields) > 0 {
		fields[0].Under = under
	}
	return fields
}

// allOf are as many units of a line as there can be.
func allOf(l shipping.ReturnLine) int64 { return l.Quantity }

// offer is a deed as it is offered, or refused.
type offer struct {
	Title, Path string
	Grave       bool
	Why         string // why it can not be done, "" where it can
}

func (d deed) path(v matter) string {
	at := orderPath(v.Order) + "/" + d.name
	if d.about.isPart() {
		at += "/" + url.PathEscape(v.part(d.about))
	}
	return at
}

// part is the identifier of the part of an order that a deed is about.
func (v matter) part(of place) string {
	switch of {
	case ofParcel:
		return v.Parcel.ID
	case ofRefund:
		return v.Refund.ID
	case ofReturn:
		return v.Return.ID
	}
	return ""
}

// matter is the order with one of its parts.
//
// Errors: not_found.
func (v overview) matter(of place, id string) (m matter, err error) {
	m.overview = v
	var found bool
	switch of {
	case ofParcel:
		m.Parcel, found = pick(v.Shipments, func(s shipping.Shipment) bool { return s.ID == id })
	case ofRefund:
		m.Refund, found = pick(v.Refunds, func(f payment.Refund) bool { return f.ID == id })
	case ofReturn:
		m.Return, found = pick(v.Returns, func(r shipping.Return) bool { return r.ID == id })
	default:
		found = true
	}
	if !found {
		err = fault.New(fault.NotFound, "order %d has no %s %.100q", v.Order.Number, of, id)
	}
	return m, err
}

func pick[T any](all []T, is func(T) bool) (one T, found bool) {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	return one, false
}

// Deeds are what can be done about the order, its payment, or the part of it with the id.
func (v overview) Deeds(of place, id string) []offer {
	can, _ := v.offers(of, id)
	return can
}

// NotNow is what can not be done about the order as it stands, and why.
func (v overview) NotNow() []offer {
	_, not := v.offers(ofOrder, "")
	return not
}

func (v overview) offers(of place, id string) (can, not []offer) {
	m, err := v.matter(of, id)
	if err != nil {
		return nil, nil
	}
	for _, d := range deeds {
		if d.about != of || !v.May.Allows(d.scope) {
			continue
		}
		o := offer{Title: d.title, Path: d.path(m), Grave: d.grave}
		if err := d.why(m); err != nil {
			if o.Why = fault.As(err).Message; !d.rare {
				not = append(not, o)
			}
			continue
		}
		can = append(can, o)
	}
	return can, not
}

// doing is what the page of a deed shows.
type doing struct {
	matter
	Title, Does, Path string
	Grave             bool
	Fields            []field
	Plan              *plan // what it comes to, nil before anything was typed
	Settled           bool  // what was typed stands: it is to be confirmed, or typed anew
}

// Said is what was typed, as it is confirmed.
func (d doing) Said() (said []field) {
	for _, f := range d.Fields {
		if f.Value != "" && (f.Kind != "number" || f.Value != "0") {
			said = append(said, f)
		}
	}
	return said
}

// deedPage shows what a deed takes, and what it comes to where that is clear.
func (c *Console) deedPage(d deed) page {
	return func(w http.ResponseWriter, r *http.Request) error {
		t, err := c.typedFor(r, d)
		if err != nil {
			return err
		}
		if err := d.why(t.matter); err != nil {
			return c.orderWith(w, r, err)
		}
		return c.showDeed(w, r, d, t, false, nil)
	}
}

// doDeed shows what a deed comes to as it was typed; and once that was seen and is meant,
// does it to the order as it was seen.
func (c *Console) doDeed(d deed) page {
	return func(w http.ResponseWriter, r *http.Request) error {
		t, err := c.typedFor(r, d)
		switch {
		case err != nil:
			return err
		case t.Get("again") != "":
			return c.showDeed(w, r, d, t, false, nil)
		case t.Get("sure") == "":
			return c.showDeed(w, r, d, t, true, d.why(t.matter))
		}
		by, err := commandAt(r)
		if err == nil {
			err = d.do(r.Context(), c.process, by, t)
		}
		switch {
		case err == nil:
			return done(w, r, t.Back(), d.name)
		case d.why(t.matter) != nil:
			return c.orderWith(w, r, err)
		}
		return c.showDeed(w, r, d, t, fault.Is(err, fault.Stale), err)
	}
}

// typedFor reads what the path names, and what was typed for it.
//
// Errors: not_found; forbidden.
func (c *Console) typedFor(r *http.Request, d deed) (*typed, error) {
	if err := signedInOf(r.Context()).User.Permit().Check(d.scope); err != nil {
		return nil, err
	}
	v, err := c.overview(r)
	if err != nil {
		return nil, err
	}
	m, err := v.matter(d.about, r.PathValue("part"))
	if from, is := pick(v.Tickets, func(one support.Ticket) bool { return one.ID == r.Form.Get("ticket") }); is {
		m.Ticket = from.ID
	}
	return &typed{matter: m, Values: r.PostForm, named: map[string]string{}}, err
}

// showDeed shows the page of a deed: what is typed for it, what it comes to when that is
// to be shown or hangs on nothing that is typed, and why it was not done.
func (c *Console) showDeed(w http.ResponseWriter, r *http.Request, d deed, t *typed, look bool, problem error) error {
	page := doing{matter: t.matter, Title: d.title, Does: d.does, Path: d.path(t.matter), Grave: d.grave}
	if d.fields != nil {
		page.Fields = d.fields(t.matter)
	}
	if len(t.Values) > 0 {
		for i := range page.Fields {
			page.Fields[i].Value = t.text(page.Fields[i].Name)
		}
	}
	if atOnce := d.atOnce || d.fields == nil; atOnce || look && (problem == nil || fault.Is(problem, fault.Stale)) {
		p, err := d.preview(r.Context(), c.process, &typed{matter: t.matter, Values: t.Values, named: t.named})
		if err == nil {
			page.Plan, page.Settled = &p, !atOnce
		} else if problem == nil {
			problem = err
		}
		if err != nil && atOnce {
			return c.orderWith(w, r, problem)
		}
	}
	return c.show(w, r, "deed", shown{Title: fmt.Sprintf("%s: order %d", d.title, t.Order.Number), Here: "orders", Page: page}, page.explain(problem, t.named))
}

// explain says of what was wrong in a request which field of the form it is.
func (d doing) explain(problem error, named map[string]string) error {
	e := fault.As(problem)
	if e == nil {
		return problem
	}
	told := *e
	told.Fields = slices.Clone(e.Fields)
	for i, f := range told.Fields {
		name := f.Path
		if n := named[f.Path]; n != "" {
			name = n
		} else if n := named[f.Path[:max(strings.LastIndexByte(f.Path, '.'), 0)]]; n != "" {
			name = n
		}
		for j := range d.Fields {
			if one := &d.Fields[j]; one.Name == name {
				told.Fields[i].Path, one.Wrong = one.Label, f.Message
			}
		}
	}
	return &told
}
