package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"doorstep"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/money"
	"doorstep/order"
	"doorstep/process"
)

type stockVerbs struct {
	Import    stockImport    `cmd:"" help:"Take SKUs and what there is of them from a CSV file."`
	Export    stockExport    `cmd:"" help:"Write the stock as CSV that import reads."`
	List      stockList      `cmd:"" help:"List SKUs and what there is of them."`
	Receive   stockReceive   `cmd:"" help:"Add what came in."`
	Return    stockReturn    `cmd:"" help:"Add what a customer has sent back."`
	Adjust    stockAdjust    `cmd:"" help:"Add or take away, for a reason."`
	Set       stockSet       `cmd:"" help:"Set what there is, as after a count."`
	Count     stockCount     `cmd:"" help:"Take counts, and see which orders they touch."`
	Safety    stockSafety    `cmd:"" help:"Keep some back from orders."`
	Backorder stockBackorder `cmd:"" help:"Let orders wait for an SKU, or not."`
	Waiting   stockWaiting   `cmd:"" help:"List the orders that wait for goods."`
	Soon      stockSoon      `cmd:"" help:"List what runs out soon, at the present rate."`
	Movements stockMovements `cmd:"" help:"Show what has changed the stock of an SKU."`
}

// invalid is what was typed and can not be meant.
func invalid(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }

// unknownSKU is the same as the process would say of an order's first line.
func unknownSKU(err error, sku string) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	var c fault.Check
	c.Add("lines[0].sku", "unknown", "an SKU of the catalogue; %q is none", sku)
	return c.Err("the order")
}

const stockPage = 500

// eachStock reads every SKU with its levels, by code, in short snapshots.
func (s *session) eachStock(shop *doorstep.Shop, do func(process.Stock) error) error {
	after := ""
	for {
		part, err := shop.Process.Stock(s.ctx, "", after, stockPage)
		if err != nil || len(part) == 0 {
			return err
		}
		for _, one := range part {
			if err := do(one); err != nil {
				return err
			}
		}
		after = part[len(part)-1].Code
	}
}

// stockList lists the stock.
type stockList struct {
	SKU string `arg:"" optional:"" help:"Only this SKU."`
}

// Help is the detail of the verb's help.
func (stockList) Help() string {
	return `Examples:

    doorstep stock list
    doorstep stock list CUP --json`
}

// Run lists the stock.
func (v *stockList) Run(s *session) error {
	var all []process.Stock
	err := s.reading(func(shop *doorstep.Shop) error {
		if v.SKU == "" {
			return s.eachStock(shop, func(one process.Stock) error { all = append(all, one); return nil })
		}
		one, err := shop.Process.StockOf(s.ctx, v.SKU)
		all = append(all, one)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(pageOf(all), func() { s.out.stock(all) })
}

func (s *screen) stock(all []process.Stock) {
	if len(all) == 0 {
		s.printf("There are no SKUs yet: doorstep stock import FILE.csv brings them in.\n")
		return
	}
	t := s.table("", column{title: "SKU", shrink: true}, column{title: "NAME", shrink: true}, column{title: "PRICE", right: true},
		column{title: "LOCATION", shrink: true}, column{title: "ON HAND", right: true}, column{title: "RESERVED", right: true},
		column{title: "SAFETY", right: true, shrink: true}, column{title: "FREE", right: true})
	for _, one := range all {
		price := money.Of(one.Price, one.Currency).String()
		if len(one.Levels) == 0 {
			t.add(one.Code, one.Name, price, "", "0", "0", "", "0")
		}
		for _, l := range one.Levels {
			t.add(one.Code, one.Name, price, l.Location, digits(l.OnHand), digits(l.Reserved), some(l.Safety), digits(l.Available()))
		}
	}
	t.print()
}

// signed is a change, "" for none.
func signed(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%+d", n)
}

// some is how many there are, "" for none.
func some(n int64) string {
	if n == 0 {
		return ""
	}
	return digits(n)
}

func digits(n int64) string { return strconv.FormatInt(n, 10) }

// atLocation is the flag of verbs that change what a location has.
type atLocation struct {
	Location string `help:"Where it lies." default:"main" placeholder:"ID"`
}

// stockReceive adds what came in.
type stockReceive struct {
	SKU      string `arg:"" help:"What came in."`
	Quantity delta  `arg:"" help:"How many."`
	atLocation
	foreseeing
	keyed
	working
}

// Help is the detail of the verb's help.
func (stockReceive) Help() string {
	return `Examples:

    doorstep stock receive CUP 100
    doorstep stock receive CUP 100 --location north --key delivery-88`
}

// Run receives the stock.
func (v *stockReceive) Run(s *session) error {
	if v.Preview {
		return s.foresee(func(p *process.Process) (process.StockPlan, error) {
			return p.PreviewMove(s.ctx, v.SKU, v.Location, int64(v.Quantity))
		})
	}
	return s.moveStock(v.working, v.SKU, func(p *process.Process) error {
		_, err := p.ReceiveStock(s.ctx, v.command(s), v.SKU, v.Location, int64(v.Quantity))
		return err
	})
}

// stockReturn adds what a customer has sent back.
type stockReturn struct {
	SKU      string `arg:"" help:"What came back."`
	Quantity delta  `arg:"" help:"How many of it can be sold again."`
	Reason   string `help:"Why, such as the order it came from." placeholder:"TEXT"`
	atLocation
	foreseeing
	keyed
	working
}

// Help is the detail of the verb's help.
func (stockReturn) Help() string {
	return `Examples:

    doorstep stock return CUP 1 --reason "order 1001, unopened"`
}

// Run takes the stock back.
func (v *stockReturn) Run(s *session) error {
	if v.Preview {
		return s.foresee(func(p *process.Process) (process.StockPlan, error) {
			return p.PreviewMove(s.ctx, v.SKU, v.Location, int64(v.Quantity))
		})
	}
	return s.moveStock(v.working, v.SKU, func(p *process.Process) error {
		_, err := p.TakeBackStock(s.ctx, v.command(s), v.SKU, v.Location, int64(v.Quantity), v.Reason)
		return err
	})
}

// stockAdjust changes what there is by a difference.
type stockAdjust struct {
	SKU    string `arg:"" help:"What is adjusted."`
	By     delta  `arg:"" help:"By how many: +5 or -5."`
	Reason string `help:"Why." required:"" placeholder:"TEXT"`
	atLocation
	foreseeing
	keyed
	working
}

// Help is the detail of the verb's help.
func (stockAdjust) Help() string {
	return `Examples:

    doorstep stock adjust CUP -3 --reason "broken in the store"
    doorstep stock adjust CUP +2 --reason "found behind the shelf"`
}

// Run adjusts the stock.
func (v *stockAdjust) Run(s *session) error {
	if v.Preview {
		return s.foresee(func(p *process.Process) (process.StockPlan, error) {
			return p.PreviewMove(s.ctx, v.SKU, v.Location, int64(v.By))
		})
	}
	return s.moveStock(v.working, v.SKU, func(p *process.Process) error {
		_, err := p.AdjustStock(s.ctx, v.command(s), v.SKU, v.Location, int64(v.By), v.Reason)
		return err
	})
}

// stockSet sets what there is.
type stockSet struct {
	SKU    string `arg:"" help:"What was counted."`
	OnHand delta  `arg:"" help:"How many there are."`
	Reason string `help:"Why." required:"" placeholder:"TEXT"`
	atLocation
	foreseeing
	keyed
	working
}

// Help is the detail of the verb's help.
func (stockSet) Help() string {
	return `Examples:

    doorstep stock set CUP 97 --reason "yearly count"`
}

// Run sets the stock.
func (v *stockSet) Run(s *session) error {
	if v.Preview {
		return s.foresee(func(p *process.Process) (process.StockPlan, error) {
			return p.PreviewSet(s.ctx, v.SKU, v.Location, int64(v.OnHand))
		})
	}
	return s.moveStock(v.working, v.SKU, func(p *process.Process) error {
		_, err := p.SetStock(s.ctx, v.command(s), v.SKU, v.Location, int64(v.OnHand), v.Reason)
		return err
	})
}

// stockSafety sets what is kept back.
type stockSafety struct {
	SKU      string `arg:"" help:"What is kept back."`
	Quantity delta  `arg:"" help:"How many of it; 0 for none."`
	atLocation
	foreseeing
	keyed
	working
}

// Help is the detail of the verb's help.
func (stockSafety) Help() string {
	return `What is kept back is reserved for no order. What is reserved already stays reserved.

Examples:

    doorstep stock safety CUP 5
    doorstep stock safety CUP 0 --location north`
}

// Run sets the safety stock.
func (v *stockSafety) Run(s *session) error {
	if v.Preview {
		return s.foresee(func(p *process.Process) (process.StockPlan, error) {
			return p.PreviewSafety(s.ctx, v.SKU, v.Location, int64(v.Quantity))
		})
	}
	return s.moveStock(v.working, v.SKU, func(p *process.Process) error {
		_, err := p.SetSafetyStock(s.ctx, v.command(s), v.SKU, v.Location, int64(v.Quantity))
		return err
	})
}

// foreseeing has what a change of stock comes to shown before it is made.
type foreseeing struct {
	Preview bool `help:"Show what it would come to, and change nothing."`
}

// foresee shows what a change of an SKU's stock would come to.
func (s *session) foresee(ask func(*process.Process) (process.StockPlan, error)) error {
	var plan process.StockPlan
	err := s.reading(func(shop *doorstep.Shop) (err error) {
		plan, err = ask(shop.Process)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(plan, func() { s.out.stockPlan(plan) })
}

func (s *screen) stockPlan(plan process.StockPlan) {
	s.hanging("", fmt.Sprintf("%s at %s:", plan.Before.SKU, plan.Before.Location))
	t := s.table("", column{title: ""}, column{title: "ON HAND", right: true}, column{title: "RESERVED", right: true},
		column{title: "KEPT BACK", right: true}, column{title: "AVAILABLE", right: true})
	for i, l := range []inventory.Level{plan.Before, plan.After} {
		t.add([]string{"now", "then"}[i], digits(l.OnHand), digits(l.Reserved), digits(l.Safety), digits(l.Available()))
	}
	t.print()
	for _, g := range plan.Gets {
		s.hanging("", fmt.Sprintf("Order %d, which waits, would be given %d.", g.Number, g.Quantity))
	}
	s.printf("Nothing has changed: this was a preview.\n")
}

// moveStock carries out a use case on an SKU, lets what came free be given to the
// orders that wait for it, and shows what there is then.
func (s *session) moveStock(w working, sku string, do func(*process.Process) error) error {
	var after process.Stock
	err := s.writing(func(shop *doorstep.Shop) error {
		if err := s.start(shop, w.Wait); err != nil {
			return err
		}
		waiting, err := shop.Process.Waiting(s.ctx, sku, watchedOrders)
		if err != nil {
			return err
		}
		if err := do(shop.Process); err != nil {
			return err
		}
		if err := s.workOffUntil(shop, w.Wait, func(ctx context.Context) (bool, error) { return served(ctx, shop, sku, waiting) }); err != nil {
			return err
		}
		after, err = shop.Process.StockOf(context.WithoutCancel(s.ctx), sku)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(after, func() { s.out.stock([]process.Stock{after}) })
}

// watchedOrders is how many orders that wait for an SKU a verb waits for at most.
const watchedOrders = 50

// served says whether what is there of an SKU was given to those who waited for it,
// and they go on.
func served(ctx context.Context, shop *doorstep.Shop, sku string, waiting []inventory.Backorder) (bool, error) {
	return db.View(ctx, shop.DB, func(r db.Reader) (bool, error) {
		if given, err := allGiven(r, []string{sku}); err != nil || !given {
			return false, err
		}
		ids := make([]string, len(waiting))
		for i, b := range waiting {
			ids[i] = b.Order
		}
		orders, err := order.ByID(r, ids)
		for _, o := range orders {
			if !idle(o, r.Now()) {
				return false, err
			}
		}
		return true, err
	})
}

// allGiven says whether what is there of the SKUs was given to those who wait for it.
func allGiven(r db.Reader, skus []string) (bool, error) {
	for _, sku := range skus {
		items, err := work.Of(r, process.StockOwner(sku))
		if err != nil || slices.ContainsFunc(items, func(it work.Item) bool { return it.State == work.Ready }) {
			return false, err
		}
	}
	return true, nil
}

// stockMovements shows an SKU's movements.
type stockMovements struct {
	SKU   string `arg:"" help:"Whose movements."`
	Limit int    `help:"How many of the last ones." default:"20" placeholder:"N"`
}

// Help is the detail of the verb's help.
func (stockMovements) Help() string {
	return `Examples:

    doorstep stock movements CUP
    doorstep stock movements CUP --limit 500 --json`
}

// Run shows the movements.
func (v *stockMovements) Run(s *session) error {
	if v.Limit < 1 {
		return invalid("--limit is at least 1")
	}
	var numbers map[string]string
	moves, err := view(s, func(r db.Reader) ([]inventory.Movement, error) {
		if _, err := inventory.Get(r, v.SKU); err != nil {
			return nil, err
		}
		moves, err := inventory.Movements(r, v.SKU, "", v.Limit)
		if err == nil {
			numbers, err = orderNumbers(r, moves)
		}
		return moves, err
	})
	if err != nil {
		return err
	}
	return s.out.show(pageOf(moves), func() { s.out.movements(moves, numbers) })
}

// orderNumbers are the numbers of the orders that stock was moved for.
func orderNumbers(r db.Reader, moves []inventory.Movement) (map[string]string, error) {
	numbers := map[string]string{}
	for _, m := range moves {
		if _, known := numbers[m.Order]; known || m.Order == "" {
			continue
		}
		o, err := order.Get(r, m.Order)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		numbers[m.Order] = "order " + digits(o.Number)
	}
	return numbers, nil
}

func (s *screen) movements(moves []inventory.Movement, numbers map[string]string) {
	t := s.table("", column{title: "TIME"}, column{title: "MOVEMENT"}, column{title: "ON HAND", right: true},
		column{title: "RESERVED", right: true}, column{title: "LOCATION", shrink: true}, column{title: "BY", shrink: true}, column{title: "FOR", shrink: true})
	for _, m := range moves {
		onHand, reserved := m.Effect()
		what := numbers[m.Order]
		if what == "" {
			what = m.Reason
		}
		t.add(moment(m.At), string(m.Type), signed(onHand), signed(reserved), m.Location, m.Actor, what)
	}
	t.print()
}
