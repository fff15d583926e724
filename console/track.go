package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/web"
	"doorstep/order"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// What a customer sees of an order is behind a link that nobody can guess, and says neither
// who they are nor what they have bought: links are forwarded. Who acts has typed a code that
// was mailed to them, and is known by a cookie for an hour. What they ask for is a ticket:
// what policy allows is done at once, and the rest waits for a person.

// How often the pages of one order may send something: more is no customer.
const (
	sendsPerOrder = 30
	sendsWithin   = time.Hour
)

// wish is what a customer may ask for.
type wish struct {
	Name, Title, Ask string
	category         support.Category
	Lines            bool // it is about units of lines
	Address          bool // it names another address
	Grave            bool
	may              func(order.Order) bool
}

// wishes are in the order in which they are offered.
var wishes = []wish{
	{"late", "It has not arrived", "What should we know?", support.WhereIsMyOrder, false, false, false, func(o order.Order) bool { return o.Status == order.Shipped }},
	{"damaged", "Something is damaged", "What is damaged, and how?", support.Damaged, true, false, false, hasLeft},
	{"wrong", "Something wrong was sent", "What did you get instead?", support.WrongItem, true, false, false, hasLeft},
	{"return", "Send something back", "Why do you send it back?", support.ReturnRequest, true, false, false, func(o order.Order) bool { return o.Status == order.Delivered }},
	{"address", "Correct the address", "Anything that we should know", support.AddressChange, false, true, false, isHere},
	{"cancel", "Cancel the order", "Why? You need not say.", support.CancelRequest, false, false, true, isHere},
	{"payment", "Ask about the payment", "What is wrong with it?", support.PaymentIssue, false, false, false, func(order.Order) bool { return true }},
	{"question", "Ask something else", "Your question", support.Other, false, false, false, func(order.Order) bool { return true }},
}

func hasLeft(o order.Order) bool { return o.Status == order.Shipped || o.Status == order.Delivered }

// isHere says whether an order that goes on has not left yet, all of it.
func isHere(o order.Order) bool { return !o.End.Over() && !hasLeft(o) && o.Status != order.Returned }

// followed is what the page of an order shows its customer.
type followed struct {
	Path   string
	Order  order.Order
	Stands string      // in a sentence
	Way    []milestone // none of an order that ended otherwise
	Units  int64       // that are waited for
	Items  []parcelSeen

	Proved bool   // who looks is the customer
	Mailed string // where a code goes, as far as others may know it; "" for nowhere
	View   process.Overview
	Talks  []process.Conversation
	Wishes []wish
	Wanted string            // of which wish something is wrong
	Typed  map[string]string // as it was sent, where it was not done
}

// ShipTo is where the order goes, or where it is wanted to go that was sent and not done.
func (v followed) ShipTo() order.Address {
	if _, typed := v.Typed["line1"]; typed {
		return addressIn(func(name string) string { return v.Typed[name] })
	}
	return v.View.Contact.ShipTo
}

// addressIn is an address as a form has it.
func addressIn(form func(string) string) order.Address {
	return order.Address{Name: form("name"), Line1: form("line1"), Line2: form("line2"), PostalCode: form("postal_code"), City: form("city"), Region: form("region"), Country: form("country")}
}

// milestone is a part of an order's way.
type milestone struct {
	Name string
	Done bool
}

// parcelSeen is a parcel as its customer sees it.
type parcelSeen struct {
	shipping.Shipment
	N     int
	Words string
	Scans []shipping.Scan // the latest first
}

// track shows an order to whoever has its link.
func (c *Console) track(w http.ResponseWriter, r *http.Request) error {
	return c.trackWith(w, r, "", nil)
}

// trackWith shows it, and why what was asked for was not done, with what was typed.
func (c *Console) trackWith(w http.ResponseWriter, r *http.Request, wanted string, problem error) error {
	w.Header().Set("Referrer-Policy", "no-referrer") // the link is a secret
	w.Header().Set("X-Robots-Tag", "noindex, nofollow")
	o, err := c.tracked(r)
	if err != nil {
		return err
	}
	v, err := c.followed(r, o)
	if err != nil {
		return err
	}
	if v.Wanted, v.Typed = wanted, map[string]string{}; problem != nil {
		for name := range r.PostForm {
			v.Typed[name] = r.PostForm.Get(name)
		}
	}
	return c.show(w, r, "track", shown{Title: fmt.Sprintf("Order %d", o.Number), Page: v}, problem)
}

// tracked returns the order to whose page the address leads. Who tries others' is held up
// as who tries passwords.
//
// Errors: not_found; too_many_requests.
func (c *Console) tracked(r *http.Request) (order.Order, error) {
	from, at := web.Origin(r, c.front), time.Now()
	if c.tries.addresses.Left(from, at) < 1 {
		return order.Order{}, fault.New(codeTooMany, "Too many links were tried. Try again later.")
	}
	o, err := c.process.Tracked(r.Context(), r.PathValue("order"))
	if fault.Is(err, fault.NotFound) {
		c.tries.addresses.Charge(from, at)
	}
	return o, err
}

func (c *Console) followed(r *http.Request, o order.Order) (followed, error) {
	view, err := c.process.Show(r.Context(), o.ID)
	if err != nil {
		return followed{}, err
	}
	v := followed{Path: trackPath(r), Order: view.Order, Stands: stands(view.Order), Way: wayOf(view.Order), Items: parcelsSeen(view)}
	for _, b := range view.Waiting {
		v.Units += b.Quantity
	}
	if v.Proved, err = c.proved(r, o.ID); err != nil {
		return v, err
	}
	if !v.Proved {
		v.Mailed = hinted(view.Contact.Mail)
		return v, nil
	}
	v.View = view
	for _, w := range wishes {
		if w.may(view.Order) {
			v.Wishes = append(v.Wishes, w)
		}
	}
	for _, t := range slices.Backward(view.Tickets) {
		talk, err := c.process.ShowTicket(r.Context(), t.ID)
		if err != nil {
			return v, err
		}
		if len(talk.Messages) > 0 && t.OpenedBy != string(access.Process) {
			v.Talks = append(v.Talks, talk)
		}
	}
	return v, nil
}

func trackPath(r *http.Request) string {
	return process.TrackPath + url.PathEscape(r.PathValue("order"))
}

// hinted is a mail address as far as who has only the link may know it.
func hinted(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return ""
	}
	_, first := utf8.DecodeRuneInString(address)
	return address[:first] + "…" + address[at:]
}

// stands says how an order stands, as its customer is told.
func stands(o order.Order) string {
	switch {
	case o.End == order.EndCancelling:
		return "It is being cancelled."
	case o.Status == order.Cancelled:
		return "It is cancelled."
	case o.Status == order.Failed:
		return "It could not be carried out, and you pay nothing."
	case o.Status == order.Returned:
		return "It has come back to us."
	case o.Status == order.Delivered:
		return "It has arrived."
	case o.Status == order.Shipped:
		return "It is on its way to you."
	case o.Held != "":
		return "We look into something before it goes on."
	case o.Status == order.Paid:
		return "It is paid, and is being packed."
	}
	return "We have your order."
}

// wayOf is how far an order has come.
func wayOf(o order.Order) []milestone {
	far := slices.Index([]order.Status{order.Processed, order.Paid, order.Shipped, order.Delivered}, o.Status)
	if far < 0 {
		return nil
	}
	way := []milestone{{Name: "Ordered"}, {Name: "Paid"}, {Name: "On its way"}, {Name: "Arrived"}}
	for i := range way {
		way[i].Done = i <= far
	}
	return way
}

// parcelsSeen are the parcels that were not given up, the latest scan of each first.
func parcelsSeen(v process.Overview) (all []parcelSeen) {
	for _, s := range v.Shipments {
		if s.Status == shipping.Voided {
			continue
		}
		p := parcelSeen{Shipment: s, N: len(all) + 1, Words: parcelWords[s.Status], Scans: slices.Clone(v.Scans[s.ID])}
		if s.Status == shipping.Shipped {
			p.Words = onTheWay[s.Tracking]
		}
		if p.Words == "" {
			p.Words = "is being looked into"
		}
		slices.Reverse(p.Scans)
		all = append(all, p)
	}
	return all
}

// parcelWords are what a customer is told of a parcel.
var parcelWords = map[shipping.Status]string{
	shipping.Planned: "is being packed", shipping.LabelBought: "is packed, and waits for the carrier",
	shipping.Lost: "seems to be lost: we see to it", shipping.Damaged: "was damaged on its way: we see to it", shipping.Returned: "has come back to us",
}

// onTheWay is what a customer is told of a parcel that has left.
var onTheWay = map[shipping.TrackingStatus]string{
	shipping.TrackingUnknown: "has left", shipping.PreTransit: "has left", shipping.InTransit: "is on its way", shipping.OutForDelivery: "is out for delivery",
	shipping.Delivered: "has arrived",
}

// provedCookie is that of who has proved that an order is theirs, for its pages alone.
const provedCookie = "doorstep_customer"

func (c *Console) proved(r *http.Request, id string) (bool, error) {
	for _, cookie := range r.CookiesNamed(provedCookie) {
		if is, err := c.process.Proved(id, cookie.Value); is || err != nil {
			return is, err
		}
	}
	return false, nil
}

// sendCode has a code mailed.
func (c *Console) sendCode(w http.ResponseWriter, r *http.Request) error {
	o, err := c.tracked(r)
	if err != nil {
		return err
	}
	if err := c.process.SendCode(r.Context(), o.ID); err != nil {
		return c.trackWith(w, r, "", err)
	}
	return done(w, r, trackPath(r), "code")
}

// prove has the browser known by the code that was typed.
func (c *Console) prove(w http.ResponseWriter, r *http.Request) error {
	o, err := c.tracked(r)
	if err != nil {
		return err
	}
	proof, until, err := c.process.Prove(r.Context(), o.ID, r.PostForm.Get("code"))
	if err != nil {
		return c.trackWith(w, r, "", err)
	}
	http.SetCookie(w, &http.Cookie{Name: provedCookie, Value: proof, Path: trackPath(r), Expires: until, HttpOnly: true,
		Secure: c.sessions.Cookie.Secure, SameSite: http.SameSiteLaxMode})
	return done(w, r, trackPath(r), "proved")
}

// asCustomer returns the order of which its customer has sent a form.
//
// Errors: not_found; forbidden when they have not proved, or no more, that it is theirs;
// too_many_requests.
func (c *Console) asCustomer(r *http.Request) (order.Order, error) {
	o, err := c.tracked(r)
	if err != nil {
		return o, err
	}
	is, err := c.proved(r, o.ID)
	if err != nil {
		return o, err
	}
	if !is {
		return o, fault.New(fault.Forbidden, "your code has run out: nothing was sent. Have another one sent.")
	}
	if _, free := c.customers.Take(o.ID, time.Now()); !free {
		return o, fault.New(codeTooMany, "So much was sent about this order that we wait for a while. Try again later.")
	}
	return o, nil
}

// askFor opens a ticket about what a customer wants.
func (c *Console) askFor(w http.ResponseWriter, r *http.Request) error {
	o, err := c.asCustomer(r)
	if fault.Is(err, fault.NotFound) {
		return err
	}
	form := r.PostForm
	wanted, known := pick(wishes, func(x wish) bool { return x.Name == form.Get("wish") })
	if err == nil && !known {
		err = fault.New(fault.Invalid, "say what you want")
	}
	if err == nil && !wanted.may(o) {
		err = fault.New(fault.Conflict, "the order has gone on since: look at how it stands now")
	}
	if err == nil {
		err = c.raise(r.Context(), o, wanted, form)
	}
	if err != nil {
		return c.trackWith(w, r, wanted.Name, err)
	}
	return done(w, r, trackPath(r), "asked")
}

// raise opens the ticket of a wish.
func (c *Console) raise(ctx context.Context, o order.Order, wanted wish, form url.Values) error {
	q := process.TicketRequest{Request: support.Request{Order: o.ID, Category: wanted.category, Body: form.Get("body")}}
	if q.Body == "" && wanted.category == support.CancelRequest {
		q.Body = wanted.Title
	}
	if wanted.Lines {
		lines, err := linesOf(form)
		if err != nil {
			return err
		}
		q.Lines = lines
	}
	if wanted.Address {
		q.ShipTo = new(addressIn(form.Get))
		if q.Body == "" {
			q.Body = wanted.Title
		}
	}
	_, err := c.process.OpenTicket(ctx, process.Command{By: access.Customer, Key: "track-" + o.ID + "-" + form.Get("key")}, q)
	return err
}

// linesOf are the units that were named, of all lines whose field is not empty.
//
// Errors: invalid when none are named, or one is no number.
func linesOf(form url.Values) (lines []support.Line, err error) {
	var check fault.Check
	for name := range form {
		var line int64
		if n, err := fmt.Sscanf(name, "line.%d", &line); n != 1 || err != nil || form.Get(name) == "" || form.Get(name) == "0" {
			continue
		}
		n, err := strconv.ParseInt(form.Get(name), 10, 64)
		check.If(err != nil || n < 1, name, "out_of_range", "how many, as a number")
		lines = append(lines, support.Line{Line: line, Quantity: n})
	}
	check.If(len(lines) == 0, "lines", "required", "say of what, and how many")
	slices.SortFunc(lines, func(a, b support.Line) int { return int(a.Line - b.Line) })
	return lines, check.Err("what you sent")
}

// answerTicket takes what a customer writes in a conversation about their order.
func (c *Console) answerTicket(w http.ResponseWriter, r *http.Request) error {
	o, err := c.asCustomer(r)
	if fault.Is(err, fault.NotFound) {
		return err
	}
	if err == nil {
		err = c.answerOf(r, o)
	}
	if err != nil {
		return c.trackWith(w, r, r.PathValue("ticket"), err)
	}
	return done(w, r, trackPath(r), "asked")
}

func (c *Console) answerOf(r *http.Request, o order.Order) error {
	talk, err := c.process.ShowTicket(r.Context(), r.PathValue("ticket"))
	if err == nil && talk.Ticket.Order != o.ID {
		err = fault.New(fault.NotFound, "there is no such conversation about this order")
	}
	if err != nil {
		return err
	}
	by := process.Command{By: access.Customer, Key: "track-" + o.ID + "-" + r.PostForm.Get("key")}
	_, err = c.process.ReplyTicket(r.Context(), by, talk.Ticket.ID, support.FromCustomer, r.PostForm.Get("body"))
	return err
}
