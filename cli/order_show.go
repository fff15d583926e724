package cli

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"doorstep/inventory"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
)

// orders writes a list of orders.
func (s *screen) orders(p page[order.Order]) {
	if len(p.Items) == 0 {
		s.printf("There are no such orders.\n")
		return
	}
	t := s.table("", column{title: "ORDER", right: true}, column{title: "REFERENCE", shrink: true}, column{title: "STATUS", status: true},
		column{title: "TOTAL", right: true}, column{title: "PLACED"}, column{title: "ATTENTION", shrink: true})
	for _, o := range p.Items {
		t.add(strconv.FormatInt(o.Number, 10), o.Reference.Source+"/"+o.Reference.Number, string(o.Status),
			money.Of(o.Total, o.Currency).String(), moment(o.PlacedAt), attention(o))
	}
	t.print()
	if p.Before != "" {
		s.printf("There may be more: --before %s\n", p.Before)
	}
}

// attention is what a list says about an order beyond its status.
func attention(o order.Order) string {
	var notes []string
	if o.Failure != "" {
		notes = append(notes, words(o.Failure))
	}
	if o.Held != "" {
		notes = append(notes, "held: "+words(o.Held))
	}
	if o.End == order.EndCancelling {
		notes = append(notes, "cancelling")
	}
	if o.End == order.EndChanging {
		notes = append(notes, "changing")
	}
	if o.OpenTickets > 0 {
		notes = append(notes, count(int(o.OpenTickets), "ticket", "tickets"))
	}
	return strings.Join(notes, ", ")
}

// summary writes in a few lines how an order stands.
func (s *screen) summary(v process.Overview, short []inventory.Shortage) {
	o := v.Order
	s.printf("Order %d %s: %s, %s\n", o.Number, s.standing(o), count(len(v.Lines), "line", "lines"), money.Of(o.Total, o.Currency))
	for _, x := range short {
		s.printf("  %s: %d wanted, %d there\n", printable(x.SKU), x.Wanted, x.Available)
	}
	for _, b := range v.Waiting {
		s.printf("  waits for %d of %s\n", b.Quantity, printable(b.SKU))
	}
	for _, p := range v.Shipments {
		switch {
		case p.Status == shipping.Voided: // it is none any more
		case p.TrackingNumber != "":
			s.printf("  parcel %s by %s: %s\n", printable(p.TrackingNumber), printable(p.Carrier), s.seen(p))
		case p.Here() && len(v.Shipments) > 1:
			s.item(fmt.Sprintf("parcel %s from %s by %s: %s", p.ID, p.Location, p.Carrier, words(p.Status)))
		}
	}
	for _, r := range v.Returns {
		if r.Open() {
			s.item("return " + r.ID + ": " + cameOf(r))
		}
	}
	for _, n := range v.Next {
		s.item(next(n))
	}
}

// standing says how an order stands.
func (s *screen) standing(o order.Order) string {
	switch {
	case o.Status == order.Failed:
		return s.status("has failed") + " (" + words(o.Failure) + ")"
	case o.End == order.EndCancelling:
		return "is being cancelled"
	case o.End == order.EndChanging:
		return "is " + s.status(string(o.Status)) + " and being changed"
	case o.Held != "":
		return "is " + s.status(string(o.Status)) + " and " + s.status("held") + " (" + words(o.Held) + ")"
	}
	return "is " + s.status(string(o.Status))
}

// seen says what the carrier has seen of a parcel.
func (s *screen) seen(p shipping.Shipment) string {
	switch {
	case !p.ReplacedAt.IsZero() && p.Astray():
		return s.status(words(p.Status)) + ", sent anew"
	case p.Astray():
		return s.status(words(p.Status))
	case p.Tracking == shipping.TrackingUnknown:
		return "nothing seen yet"
	}
	return s.status(words(p.Tracking))
}

// next says what happens next, and when.
func next(n process.Next) string {
	due, err := time.Parse(time.RFC3339, n.Due)
	if err != nil {
		return n.Does
	}
	text := moment(due) + ": " + n.Does
	switch {
	case n.Stuck:
		text = "stuck: " + n.Does
	case n.Held:
		text = "held: " + n.Does
	}
	if n.Tries > 0 {
		text += " (" + count(n.Tries, "try", "tries") + " in vain: " + n.Error + ")"
	}
	return text
}

// order writes everything about one order.
func (s *screen) order(v process.Overview) {
	s.orderHead(v)
	s.orderLines(v)
	for _, p := range v.Payments {
		s.payment(v, p)
	}
	for i := range v.Shipments {
		s.shipment(v, i)
	}
	for _, r := range v.Returns {
		s.returned(returned{r, v.Coming[r.ID]})
	}
	s.orderTickets(v)
	s.orderNotes(v)
	if len(v.Next) > 0 {
		s.heading("Next")
		for _, n := range v.Next {
			s.item(next(n))
		}
	}
	s.timeline(v)
}

func (s *screen) orderHead(v process.Overview) {
	o := v.Order
	s.printf("%s  %s\n", s.paint(bold, fmt.Sprintf("Order %d", o.Number)), s.status(string(o.Status)))
	t := s.table("  ", column{}, column{shrink: true})
	t.add("id", o.ID)
	t.add("from", o.Reference.Source+"/"+o.Reference.Number)
	t.add("placed", moment(o.PlacedAt))
	if o.Failure != "" {
		t.add("failed for", words(o.Failure))
	}
	if o.ExchangeOf != "" {
		t.add("exchange", "for what comes back of "+o.ExchangeOf)
	}
	if o.Held != "" {
		t.add("held for", words(o.Held)+", since "+moment(o.HeldAt))
	}
	t.add("state", fmt.Sprintf("stock %s, payment %s, fulfilment %s", words(o.Stock), words(o.Payment), words(o.Fulfilment)))
	if o.Sums.Units > 0 {
		t.add("goods", goods(o))
	}
	for _, b := range v.Waiting {
		t.add("waits for", fmt.Sprintf("%d of %s, since %s", b.Quantity, b.SKU, moment(b.Since)))
	}
	t.add("money", funds(o))
	if o.End == order.EndCancelling {
		t.add("end", "being cancelled")
	}
	if o.End == order.EndChanging {
		t.add("change", "as soon as what is in flight was answered")
	}
	if who := join(", ", o.Customer, v.Contact.Name, v.Contact.Mail, v.Contact.Phone); who != "" {
		t.add("customer", who)
	}
	t.add("ship to", cmp.Or(address(v.Contact.ShipTo), "no longer known: the customer was forgotten"))
	if v.Contact.BillTo != (order.Address{}) {
		t.add("bill to", address(v.Contact.BillTo))
	}
	t.print()
}

// goods says where what was ordered is.
func goods(o order.Order) string {
	sums := o.Sums
	var parts []string
	for _, p := range []struct {
		units int64
		where string
	}{
		{sums.Unpacked(), "reserved"},
		{sums.Backordered, "waited for"},
		{sums.Planned, "in parcels without a label"},
		{sums.Labelled, "in parcels with a label"},
		{sums.Left, "under way"},
		{sums.Arrived - sums.Returned, "at the door"},
		{sums.Returned, "sent back"},
		{sums.Lost, "not arriving"},
		{sums.Short(), lacking(o)},
	} {
		if p.units > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.units, p.where))
		}
	}
	return strings.Join(parts, ", ")
}

// lacking says how goods are called that are neither reserved nor gone.
func lacking(o order.Order) string {
	if !o.End.Over() {
		return "missing"
	}
	return "no longer reserved"
}

// funds says what was taken of the customer's money, and what goes back.
func funds(o order.Order) string {
	amount := func(minor int64) string { return money.Of(minor, o.Currency).String() }
	sums := o.Sums
	switch {
	case o.Total == 0:
		return "nothing to pay"
	case sums.Captured == 0 && o.End == order.EndNone:
		return "nothing taken of " + amount(o.Total)
	case sums.Captured == 0:
		return "nothing taken"
	}
	text := amount(sums.Captured) + " taken"
	if sums.Refunding > 0 {
		text += ", " + amount(sums.Refunding) + " on its way back"
	}
	if sums.Refunded > 0 {
		text += ", " + amount(sums.Refunded) + " given back"
	}
	return text
}

func address(a order.Address) string {
	return join(", ", a.Name, a.Line1, a.Line2, join(" ", a.City, a.PostalCode), a.Region, a.Country)
}

// join joins those parts that are not empty.
func join(sep string, parts ...string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, sep)
}

func (s *screen) orderLines(v process.Overview) {
	o := v.Order
	decimal := func(minor int64) string { return money.Of(minor, o.Currency).Decimal() }
	s.heading("Lines (%s)", o.Currency)
	t := s.table("  ", column{right: true}, column{title: "SKU", shrink: true}, column{title: "NAME", shrink: true},
		column{title: "QUANTITY", right: true}, column{title: "PRICE", right: true}, column{title: "TOTAL", right: true})
	for _, l := range v.Lines {
		quantity := digits(l.Quantity)
		if l.Cancelled > 0 {
			quantity = digits(l.Wanted()) + " of " + quantity
		}
		t.add(strconv.FormatInt(l.Line, 10), l.SKU, l.Name, quantity, decimal(l.UnitPrice), decimal(l.Total))
	}
	sum := func(name string, minor int64) { t.add("", "", name, "", "", decimal(minor)) }
	sum("items", o.Items)
	if o.Discount != 0 {
		sum("discount", -o.Discount)
	}
	sum("shipping ("+o.ShippingMethod+")", o.Shipping)
	if o.Tax != 0 {
		sum(map[bool]string{true: "tax, included", false: "tax"}[o.PricesIncludeTax], o.Tax)
	}
	sum("total", o.Total)
	t.print()
}

func (s *screen) payment(v process.Overview, p payment.Payment) {
	s.heading("Payment of %s by %s: %s", p.Money(p.Amount), p.Gateway, words(p.Status))
	s.paragraph(fmt.Sprintf("%s, %s taken, %s given back", p.ID, p.Money(p.Captured), p.Money(p.Refunded)))
	t := s.table("  ", column{right: true}, column{}, column{right: true}, column{status: true}, column{}, column{shrink: true})
	for _, a := range v.Attempts {
		if a.Payment == p.ID {
			t.add(strconv.FormatInt(a.N, 10), string(a.Op), p.Money(a.Amount).String(), string(a.Status), instant(a.OpenedAt),
				join(" ", words(a.Decline), a.Ref))
		}
	}
	t.print()
	for _, f := range v.Refunds {
		if f.Payment == p.ID {
			s.printf("  refund %s: %s %s\n", f.ID, p.Money(f.Amount), s.status(string(f.Status)))
		}
	}
}

// shipment writes one of an order's parcels.
func (s *screen) shipment(v process.Overview, i int) {
	p, which := v.Shipments[i], "Parcel"
	if n := len(v.Shipments); n > 1 {
		which = fmt.Sprintf("Parcel %d of %d", i+1, n)
	}
	s.heading(which+" from %s by %s: %s", p.Location, p.Carrier, words(p.Status))
	line := fmt.Sprintf("%s, %s, %d g", p.ID, p.Service, p.Weight)
	if p.Cost > 0 {
		line += ", label " + money.Of(p.Cost, p.CostCurrency).String()
	}
	s.paragraph(line)
	s.paragraph(packed(v.Packed[p.ID]))
	if p.TrackingNumber != "" {
		s.printf("  tracking %s: %s\n", printable(p.TrackingNumber), s.seen(p))
	}
	t := s.table("  ", column{}, column{status: true}, column{shrink: true})
	for _, k := range v.Scans[p.ID] {
		t.add(instant(k.At), words(k.Status), k.Place)
	}
	t.print()
}

func (s *screen) orderTickets(v process.Overview) {
	if len(v.Tickets) == 0 {
		return
	}
	s.heading("Tickets")
	t := s.table("  ", column{}, column{status: true}, column{}, column{shrink: true})
	for _, k := range v.Tickets {
		t.add(k.ID, words(k.Status), words(k.Category), words(k.Reason))
	}
	t.print()
}

func (s *screen) orderNotes(v process.Overview) {
	if len(v.Notes) == 0 {
		return
	}
	s.heading("Notes")
	for _, n := range v.Notes {
		s.item(fmt.Sprintf("%s %s: %s", moment(n.At), n.Actor, n.Text))
	}
}

func (s *screen) timeline(v process.Overview) {
	s.heading("Timeline")
	t := s.table("  ", column{}, column{}, column{status: true}, column{shrink: true})
	for _, e := range v.Timeline {
		t.add(instant(e.At), string(e.Type), e.Status, string(e.Actor))
	}
	t.print()
}
