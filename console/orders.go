package console

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

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

// orderList is what the list of orders shows.
type orderList struct {
	part[order.Order]
	Asked   url.Values // as the address says, without where the page begins
	Filters any
	Search  string
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

// orders lists orders: those that a text names, or those that are asked for.
func (c *Console) orders(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	list := orderList{Filters: filters, Asked: asked(q, narrowings...), Search: strings.TrimSpace(q.Get("q"))}
	s := shown{Title: "Orders", Here: "orders"}
	found, err := c.ordersOf(r, list.Search)
	if list.Search != "" && len(found) == 1 && err == nil {
		http.Redirect(w, r, orderPath(found[0]), http.StatusSeeOther)
		return nil
	}
	list.part = partOf(found, func(o order.Order) string { return o.ID })
	s.Page = list
	return c.show(w, r, "orders", s, err)
}

// ordersOf are the orders of a page, and one more where there is one.
//
// Errors: invalid.
func (c *Console) ordersOf(r *http.Request, search string) ([]order.Order, error) {
	if search != "" {
		return c.process.Search(r.Context(), search, listed)
	}
	f, err := orderFilter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	f.Limit = listed + 1
	return c.listed(r, f)
}

// listed are orders as the address narrows them down: to those of an SKU, or by a filter.
func (c *Console) listed(r *http.Request, f order.Filter) ([]order.Order, error) {
	if sku := r.URL.Query().Get("sku"); sku != "" {
		return c.process.OrdersOfSKU(r.Context(), sku, f.Before, f.Limit)
	}
	return c.process.Orders(r.Context(), f)
}

// orderPath is where an order is shown.
func orderPath(o order.Order) string { return "/orders/" + strconv.FormatInt(o.Number, 10) }

// exported is how many orders are read at once for a file, and exportWithin how long the
// browser may take for them.
const (
	exported     = 500
	exportWithin = 30 * time.Second
)

// ordersCSV sends all orders that are asked for as a file (RFC 4180), a part at a time:
// what was begun misses none that were there, however long it takes.
func (c *Console) ordersCSV(w http.ResponseWriter, r *http.Request) error {
	f, err := orderFilter(r.URL.Query())
	if err != nil {
		return err
	}
	f.Limit, f.Before = exported, ""
	orders, err := c.ordersFor(r, f)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="orders.csv"`)
	out := csv.NewWriter(w)
	_ = out.Write(columns)
	for {
		if !wrote(out, orders) || len(orders) < f.Limit {
			return nil
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportWithin)) // where it can not be set there is none
		f.Before = orders[len(orders)-1].ID
		if orders, err = c.listed(r, f); err != nil {
			panic(http.ErrAbortHandler) // so that half of it is not taken for all
		}
	}
}

// ordersFor are the first orders of a file.
func (c *Console) ordersFor(r *http.Request, f order.Filter) ([]order.Order, error) {
	if search := strings.TrimSpace(r.URL.Query().Get("q")); search != "" {
		return c.process.Search(r.Context(), search, listed)
	}
	return c.listed(r, f)
}

// wrote sends rows of a file, and says whether the browser is still there.
func wrote(out *csv.Writer, orders []order.Order) bool {
	for _, o := range orders {
		_ = out.Write(row(o)) // out.Error has it
	}
	out.Flush()
	return out.Error() == nil
}

// columns are the titles of a row.
var columns = []string{"number", "id", "source", "reference", "status", "stock", "payment", "fulfilment", "held", "failure", "customer", "currency", "total", "placed_at"}

func row(o order.Order) []string {
	cells := []string{
		strconv.FormatInt(o.Number, 10), o.ID, o.Reference.Source, o.Reference.Number, string(o.Status), string(o.Stock), string(o.Payment), string(o.Fulfilment),
		o.Held, string(o.Failure), o.Customer, string(o.Currency), money.Of(o.Total, o.Currency).Decimal(), o.PlacedAt.UTC().Format(time.RFC3339),
	}
	for i := range cells {
		cells[i] = plain(cells[i])
	}
	return cells
}

// plain is a cell that no spreadsheet takes for a formula: OWASP, CSV Injection.
func plain(cell string) string {
	if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "+") || strings.HasPrefix(cell, "-") || strings.HasPrefix(cell, "@") || strings.HasPrefix(cell, "\t") || strings.HasPrefix(cell, "\r") {
		return "'" + cell
	}
	return cell
}
