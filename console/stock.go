package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/insight/figures"
	"doorstep/inventory"
	"doorstep/process"
)

// stockPath is where an SKU is shown.
func stockPath(sku string) string { return "/stock/" + url.PathEscape(sku) }

// stockList is what the list of stock shows.
type stockList struct {
	part[process.Stock]
	Search string
	Waited map[string]int64 // units that orders wait for, by SKU
}

// Link is the address of the page that begins behind an SKU.
func (l stockList) Link(after string) string {
	return "/stock" + query(asked(url.Values{"q": {l.Search}}, "q"), "after", after)
}

// stock lists SKUs by code: all, or those that begin with what was typed.
func (c *Console) stock(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	list := stockList{Search: strings.TrimSpace(q.Get("q"))}
	var check fault.Check
	check.Text("q", list.Search, 64)
	check.Text("after", q.Get("after"), 64)
	err := check.Err("the list of stock")
	var found []process.Stock
	if err == nil {
		found, err = c.process.Stock(r.Context(), list.Search, q.Get("after"), listed+1)
	}
	if err == nil {
		list.part = partOf(found, func(s process.Stock) string { return s.Code })
		codes := make([]string, len(list.Items))
		for i, s := range list.Items {
			codes[i] = s.Code
		}
		list.Waited, err = c.process.WaitedFor(r.Context(), codes)
	}
	return c.show(w, r, "stock", shown{Title: "Stock", Here: "stock", Page: list}, err)
}

// runningOut lists what runs out soon at the present rate.
func (c *Console) runningOut(w http.ResponseWriter, r *http.Request) error {
	soon, err := c.figures.RunsOutSoon(r.Context(), soonDays, soonDays, attentionOfOne)
	if err != nil {
		return err
	}
	return c.show(w, r, "running-out", shown{Title: "Runs out soon", Here: "stock", Page: runningOut{soon, soonDays}}, nil)
}

// runningOutCSV sends the same as a file.
func (c *Console) runningOutCSV(w http.ResponseWriter, r *http.Request) error {
	soon, err := c.figures.RunsOutSoon(r.Context(), soonDays, soonDays, mostFound)
	if err != nil {
		return err
	}
	out := csvFile(w, "running-out.csv", "sku", "name", "available", "ordered", "runs_out")
	for _, one := range soon.Items {
		writeRow(out, one.SKU, one.Name, strconv.FormatInt(one.Available, 10), strconv.FormatInt(one.Sold, 10), stamp(one.Out))
	}
	out.Flush()
	return nil // the browser has gone: no one else can be told
}

// movementsCSV sends all movements of an SKU as a file.
func (c *Console) movementsCSV(w http.ResponseWriter, r *http.Request) error {
	s, err := c.process.StockOf(r.Context(), r.PathValue("sku"))
	if err != nil {
		return err
	}
	columns := []string{"id", "at", "type", "location", "on_hand", "reserved", "order", "reason", "actor"}
	return export(w, "movements.csv", columns, func(last *inventory.Movement) ([]inventory.Movement, error) {
		var before string
		if last != nil {
			before = last.ID
		}
		return c.process.Movements(r.Context(), s.Code, before, exported)
	}, func(m inventory.Movement) []string {
		onHand, reserved := m.Effect()
		return []string{m.ID, stamp(m.At), string(m.Type), m.Location, strconv.FormatInt(onHand, 10), strconv.FormatInt(reserved, 10), m.Order, m.Reason, m.Actor}
	})
}

// soonDays is how many days are looked back at, and ahead.
const soonDays = 14

type runningOut struct {
	figures.RunsOut
	Days int
}

// shelf is what the page of an SKU shows.
type shelf struct {
	process.Stock
	Waiting   []inventory.Backorder
	Waited    int64 // units, of all that wait
	Reserved  part[process.Reserved]
	Moves     part[inventory.Movement]
	Locations []inventory.Location
	Numbers   map[string]int64 // of orders, by id
	Names     map[access.Actor]string
	Typed     url.Values // as it was sent, where it was not done
}

// By is who has moved stock, as people are shown it.
func (v shelf) By(actor any) string { return nameOf(v.Names, actor) }

// Link is the address of the page with one of its lists otherwise.
func (v shelf) Link(name, value string) string {
	return stockPath(v.Code) + query(url.Values{}, name, value)
}

// Open says whether a form of the page was sent and not done.
func (v shelf) Open(move string) bool { return v.Typed.Get("move") == move }

// OnHand and Held are by how much a movement has changed what is on hand, and what is
// reserved of it.
func (shelf) OnHand(m inventory.Movement) string { n, _ := m.Effect(); return signed(n) }

// Held is described with OnHand.
func (shelf) Held(m inventory.Movement) string { _, n := m.Effect(); return signed(n) }

// signed is a change, "" for none.
func signed(n int64) string {
	if n == 0 {
		return ""
	}
	return strings.Replace(fmt.Sprintf("%+d", n), "-", "−", 1)
}

func (c *Console) sku(w http.ResponseWriter, r *http.Request) error {
	return c.skuWith(w, r, url.Values{}, nil)
}

// skuWith shows an SKU, and why what was asked for was not done, with what was typed.
func (c *Console) skuWith(w http.ResponseWriter, r *http.Request, typed url.Values, problem error) error {
	v, err := c.shelfOf(r.Context(), r.PathValue("sku"), r.URL.Query())
	if err != nil {
		return err
	}
	v.Typed = typed
	return c.show(w, r, "sku", shown{Title: v.Code, Here: "stock", Page: v}, problem)
}

// shelfOf reads what is shown of an SKU.
//
// Errors: not_found.
func (c *Console) shelfOf(ctx context.Context, sku string, q url.Values) (v shelf, err error) {
	if v.Stock, err = c.process.StockOf(ctx, sku); err != nil {
		return v, err
	}
	var reserved []process.Reserved
	var moves []inventory.Movement
	var waited map[string]int64
	for _, read := range []func() error{
		func() error { v.Waiting, err = c.process.Waiting(ctx, sku, listed); return err },
		func() error { waited, err = c.process.WaitedFor(ctx, []string{sku}); return err },
		func() error {
			reserved, err = c.process.ReservedFor(ctx, sku, q.Get("reserved"), listed+1)
			return err
		},
		func() error { moves, err = c.process.Movements(ctx, sku, q.Get("before"), listed+1); return err },
		func() error { v.Locations, err = c.process.Locations(ctx); return err },
	} {
		if err := read(); err != nil {
			return v, err
		}
	}
	v.Waited = waited[sku]
	v.Reserved, v.Moves = partOf(reserved, process.Reserved.Place), partOf(moves, func(m inventory.Movement) string { return m.ID })
	var ids []string
	var actors []access.Actor
	for _, m := range v.Moves.Items {
		ids, actors = append(ids, m.Order), append(actors, access.Actor(m.Actor))
	}
	for _, b := range v.Waiting {
		ids = append(ids, b.Order)
	}
	if v.Numbers, err = c.process.NumbersOf(ctx, slices.Compact(slices.Sorted(slices.Values(ids)))); err != nil {
		return v, err
	}
	v.Names, err = c.process.Names(ctx, actors)
	return v, err
}

// moving is what a form says of a change of stock.
type moving struct {
	Code, Location string
	Quantity       int64
	Reason         string
}

// stockMove is a change of stock that is previewed and then made.
type stockMove struct {
	Title   string
	preview func(ctx context.Context, p *process.Process, m moving) (process.StockPlan, error)
	do      func(ctx context.Context, p *process.Process, by process.Command, m moving) error
}

// stockMoves are the changes of stock, by the last word of the path.
var stockMoves = map[string]stockMove{
	"receive": {"Receive",
		func(ctx context.Context, p *process.Process, m moving) (process.StockPlan, error) {
			if m.Quantity < 1 {
				return process.StockPlan{}, fault.New(fault.Invalid, "a receipt of %d is not from 1 to %d", m.Quantity, int64(inventory.MaxQuantity))
			}
			return p.PreviewMove(ctx, m.Code, m.Location, m.Quantity)
		},
		func(ctx context.Context, p *process.Process, by process.Command, m moving) error {
			_, err := p.ReceiveStock(ctx, by, m.Code, m.Location, m.Quantity)
			return err
		}},
	"adjust": {"Adjust",
		func(ctx context.Context, p *process.Process, m moving) (process.StockPlan, error) {
			return p.PreviewMove(ctx, m.Code, m.Location, m.Quantity)
		},
		func(ctx context.Context, p *process.Process, by process.Command, m moving) error {
			_, err := p.AdjustStock(ctx, by, m.Code, m.Location, m.Quantity, m.Reason)
			return err
		}},
	"count": {"Count",
		func(ctx context.Context, p *process.Process, m moving) (process.StockPlan, error) {
			return p.PreviewCountOf(ctx, inventory.Count{SKU: m.Code, Location: m.Location, Quantity: m.Quantity})
		},
		func(ctx context.Context, p *process.Process, by process.Command, m moving) error {
			_, err := p.CountStock(ctx, by, []inventory.Count{{SKU: m.Code, Location: m.Location, Quantity: m.Quantity}}, cmp.Or(m.Reason, "count"))
			return err
		}},
	"safety": {"Safety stock",
		func(ctx context.Context, p *process.Process, m moving) (process.StockPlan, error) {
			return p.PreviewSafety(ctx, m.Code, m.Location, m.Quantity)
		},
		func(ctx context.Context, p *process.Process, by process.Command, m moving) error {
			_, err := p.SetSafetyStock(ctx, by, m.Code, m.Location, m.Quantity)
			return err
		}},
}

// movingOf reads what a form says.
//
// Errors: invalid.
func movingOf(sku string, form url.Values) (moving, error) {
	m := moving{Code: sku, Location: form.Get("location"), Reason: strings.TrimSpace(form.Get("reason"))}
	var check fault.Check
	var err error
	if m.Quantity, err = strconv.ParseInt(strings.TrimSpace(form.Get("quantity")), 10, 64); err != nil {
		check.Add("quantity", "malformed", "a whole number")
	}
	return m, check.Err("what was typed")
}

// movePlan is what the page shows on which stock is changed.
type movePlan struct {
	process.StockPlan
	moving
	Move, Title string
}

// Rows are the figures of the level, before and after.
func (p movePlan) Rows() []figure {
	b, a := p.Before, p.After
	return []figure{{"On hand", b.OnHand, a.OnHand}, {"Reserved", b.Reserved, a.Reserved}, {"Safety", b.Safety, a.Safety}, {"Available", b.Available(), a.Available()}}
}

type figure struct {
	Name          string
	Before, After int64
}

// movePage says what a change of stock would come to.
func (c *Console) movePage(w http.ResponseWriter, r *http.Request) error {
	name := lastWord(r.URL.Path)
	m, err := movingOf(r.PathValue("sku"), r.URL.Query())
	var plan process.StockPlan
	if err == nil {
		plan, err = stockMoves[name].preview(r.Context(), c.process, m)
	}
	if err != nil {
		return c.moveRefused(w, r, r.URL.Query(), err)
	}
	page := movePlan{plan, m, name, stockMoves[name].Title}
	return c.show(w, r, "move", shown{Title: page.Title + ": " + m.Code, Here: "stock", Page: page}, nil)
}

// moveRefused shows the SKU with what was typed, and why it was not done.
func (c *Console) moveRefused(w http.ResponseWriter, r *http.Request, form url.Values, problem error) error {
	if fault.Is(problem, fault.Forbidden) {
		return problem
	}
	typed := asked(form, "location", "quantity", "reason")
	typed.Set("move", lastWord(r.URL.Path))
	return c.skuWith(w, r, typed, problem)
}

// moveStock changes stock as it was previewed, unless it has changed since.
func (c *Console) moveStock(w http.ResponseWriter, r *http.Request) error {
	name := lastWord(r.URL.Path)
	m, err := movingOf(r.PathValue("sku"), r.PostForm)
	by, wrong := commandAt(r)
	if err = cmp.Or(command(r).May.Check(access.Stock), err, wrong); err == nil {
		err = stockMoves[name].do(r.Context(), c.process, by, m)
	}
	if err != nil {
		return c.moveRefused(w, r, r.PostForm, err)
	}
	return done(w, r, stockPath(m.Code), name)
}
