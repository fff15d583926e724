package console

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/money"
	"doorstep/order"
)

// filters are what a list of orders can be narrowed down by, in the order of the page: the
// name in the address, and the words it may be.
var filters = []struct {
	Name  string
	Words []string
}{
	{"status", texts(order.Statuses)},
	{"payment", texts([]order.Payment{order.PaymentDue, order.PaymentAuthorised, order.PaymentCaptured, order.PaymentFailed, order.PaymentVoided, order.PaymentRefunding, order.PaymentPartlyRefunded, order.PaymentRefunded})},
	{"fulfilment", texts([]order.Fulfilment{order.FulfilmentNone, order.FulfilmentPlanned, order.FulfilmentLabelled, order.FulfilmentPartlyShipped, order.FulfilmentShipped, order.FulfilmentDelivered, order.FulfilmentReturned, order.FulfilmentPartlyLost, order.FulfilmentLost, order.FulfilmentReshipping})},
	{"stock", texts([]order.Stock{order.StockNone, order.StockReserved, order.StockBackordered, order.StockPartlyLeft, order.StockMissing, order.StockReleased, order.StockLeft})},
}

func texts[S ~string](words []S) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return all
}

// narrowings are by what an address narrows the list of orders down.
var narrowings = []string{"q", "status", "payment", "fulfilment", "stock", "held", "customer", "sku", "from", "to"}

// kept are those of them by which a view may be narrowed down: it names no customer.
var kept = slices.DeleteFunc(slices.Clone(narrowings), func(name string) bool { return name == "q" || name == "customer" })

// orderList is what the list of orders shows.
type orderList struct {
	part[order.Order]
	Asked   url.Values // as the address says, without where the page begins
	Filters any
	Search  string
	More    bool // there are more that the text names
	Views   []access.View
	Typed   string // the name of a view that was not kept
}

// At is whether a view is the list as it is shown.
func (l orderList) At(v access.View) bool { return v.Query == l.List() }

// ViewPath is the address of a view.
func (orderList) ViewPath(v access.View) string { return "/orders?" + v.Query }

// Here is the view that is shown, nil when it is none.
func (l orderList) Here() *access.View {
	if i := slices.IndexFunc(l.Views, l.At); i >= 0 {
		return &l.Views[i]
	}
	return nil
}

// Link is the address of the same list with one thing of it otherwise.
func (l orderList) Link(name, value string) string { return "/orders" + query(l.Asked, name, value) }

// Export is the address of the whole list as a file.
func (l orderList) Export() string { return "/orders.csv" + query(l.Asked, "", "") }

// List is how the list is narrowed down, as a text.
func (l orderList) List() string { return l.Asked.Encode() }

// Deeds are what can be done about several orders at once.
func (orderList) Deeds() (all []offer) {
	for _, d := range manyDeeds {
		all = append(all, offer{Title: d.verb, Path: d.name, Grave: d.grave})
	}
	return all
}

// Narrowed says whether there may be more orders than these.
func (l orderList) Narrowed() bool { return len(l.Asked) > 0 }

// Keepable says whether the list can be kept as a view as it is.
func (l orderList) Keepable() bool {
	return l.Narrowed() && len(asked(l.Asked, kept...)) == len(l.Asked)
}

// Wants says whether the list is narrowed down to a word.
func (l orderList) Wants(name, word string) bool { return l.Asked.Get(name) == word }

// query is the part of an address behind its path, with one value otherwise.
func query(asked url.Values, name, value string) string {
	q := url.Values{}
	for n, v := range asked {
		q[n] = v
	}
	if q.Del(name); value != "" {
		q.Set(name, value)
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// orderFilter is what an address asks for. What no order can be is refused.
//
// Errors: invalid.
func orderFilter(q url.Values) (f order.Filter, err error) {
	var check fault.Check
	for _, one := range filters {
		word := q.Get(one.Name)
		check.If(word != "" && !slices.Contains(one.Words, word), one.Name, "unknown", "one of %v", one.Words)
	}
	f = order.Filter{
		Status: order.Status(q.Get("status")), Payment: order.Payment(q.Get("payment")), Fulfilment: order.Fulfilment(q.Get("fulfilment")), Stock: order.Stock(q.Get("stock")),
		Customer: q.Get("customer"), Held: q.Get("held") != "", Before: q.Get("before"),
	}
	if f.From, err = day(q.Get("from")); err != nil {
		check.Add("from", "malformed", "a day such as 2026-03-05")
	}
	if f.To, err = day(q.Get("to")); err != nil {
		check.Add("to", "malformed", "a day such as 2026-03-05")
	}
	if !f.To.IsZero() {
		f.To = f.To.AddDate(0, 0, 1) // the last day is among them
	}
	check.Text("customer", f.Customer, 64)
	check.Text("before", f.Before, 64)
	check.Text("sku", q.Get("sku"), 64)
	check.If(q.Get("sku") != "" && f != order.Filter{Before: f.Before}, "sku", "not_alone", "nothing else beside an SKU")
	return f, check.Err("the list of orders")
}

// day reads the day of a form, zero for none.
func day(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateOnly, text)
}

// asked is what an address asks for, of what a list knows.
func asked(q url.Values, names ...string) url.Values {
	a := url.Values{}
	for _, name := range names {
		if v := strings.TrimSpace(q.Get(name)); v != "" {
			a.Set(name, v)
		}
	}
	return a
}

func (c *Console) orders(w http.ResponseWriter, r *http.Request) error {
	return c.ordersWith(w, r, r.URL.Query(), nil)
}

// ordersWith lists orders, those that a text names or those that are asked for, and why
// something was not done.
func (c *Console) ordersWith(w http.ResponseWriter, r *http.Request, q url.Values, problem error) error {
	list := orderList{Filters: filters, Asked: asked(q, narrowings...), Search: strings.TrimSpace(q.Get("q")), Typed: r.PostForm.Get("name")}
	found, err := c.ordersOf(r.Context(), q, list.Search)
	if list.Search != "" && len(found) == 1 && err == nil {
		http.Redirect(w, r, orderPath(found[0]), http.StatusSeeOther)
		return nil
	}
	list.part = partOf(found, func(o order.Order) string { return o.ID })
	if list.Search != "" {
		list.More, list.Next = list.Next != "", ""
	}
	var unread error
	list.Views, unread = c.process.Views(r.Context(), signedInOf(r.Context()).User.ID)
	return c.show(w, r, "orders", shown{Title: "Orders", Here: "orders", Page: list}, cmp.Or(problem, err, unread))
}

// ordersOf are the orders of a page, and one more where there is one.
//
// Errors: invalid.
func (c *Console) ordersOf(ctx context.Context, q url.Values, search string) ([]order.Order, error) {
	if search != "" {
		return c.process.Search(ctx, search, listed+1)
	}
	f, err := orderFilter(q)
	if err != nil {
		return nil, err
	}
	f.Limit = listed + 1
	return c.listed(ctx, q, f)
}

// listed are orders as an address narrows them down: to those of an SKU, or by a filter.
func (c *Console) listed(ctx context.Context, q url.Values, f order.Filter) ([]order.Order, error) {
	if sku := q.Get("sku"); sku != "" {
		return c.process.OrdersOfSKU(ctx, sku, f.Before, f.Limit)
	}
	return c.process.Orders(ctx, f)
}

// orderPath is where an order is shown.
func orderPath(o order.Order) string { return "/orders/" + strconv.FormatInt(o.Number, 10) }

// mostFound is how many orders that a text names are sent as a file.
const mostFound = 2000

// ordersCSV sends all orders that are asked for as a file; of those that a text names the
// newest.
func (c *Console) ordersCSV(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f, err := orderFilter(q)
	if err != nil {
		return err
	}
	f.Limit, f.Before = exported, ""
	search := strings.TrimSpace(q.Get("q"))
	columns := []string{"number", "id", "source", "reference", "status", "stock", "payment", "fulfilment", "held", "failure", "customer", "currency", "total", "placed_at"}
	return export(w, "orders.csv", columns, func(last *order.Order) ([]order.Order, error) {
		switch {
		case search != "" && last != nil:
			return nil, nil
		case search != "":
			return c.process.Search(r.Context(), search, mostFound)
		case last != nil:
			f.Before = last.ID
		}
		return c.listed(r.Context(), q, f)
	}, func(o order.Order) []string {
		return []string{
			number(o.Number), o.ID, o.Reference.Source, o.Reference.Number, string(o.Status), string(o.Stock), string(o.Payment), string(o.Fulfilment),
			o.Held, string(o.Failure), o.Customer, string(o.Currency), money.Of(o.Total, o.Currency).Decimal(), stamp(o.PlacedAt),
		}
	})
}
