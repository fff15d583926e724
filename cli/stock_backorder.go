package cli

import (
	"doorstep"
	"doorstep/internal/db"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/process"
)

// stockBackorder says whether orders may wait for an SKU.
type stockBackorder struct {
	SKU   string `arg:"" help:"What is waited for."`
	Allow string `arg:"" help:"Whether orders may wait for it: ${enum}." enum:"yes, no"`
	keyed
	working
}

// Help is the detail of the verb's help.
func (stockBackorder) Help() string {
	return `An order for more than is there is then taken all the same: what is there is reserved for it, and what comes in is given to the orders that wait, the oldest first. When they are asked to be paid, and whether what is there leaves before the rest, is policy (pay_backorders, split). Orders that wait already go on waiting when it is "no".

Examples:

    doorstep stock backorder CUP yes
    doorstep stock waiting CUP`
}

// Run says it.
func (v *stockBackorder) Run(s *session) error {
	return s.moveStock(v.working, v.SKU, func(p *process.Process) error {
		_, err := p.AllowBackorders(s.ctx, v.command(s), v.SKU, v.Allow == "yes")
		return err
	})
}

// stockWaiting lists the orders that wait.
type stockWaiting struct {
	SKU   string `arg:"" optional:"" help:"Only those that wait for this SKU."`
	Limit int    `help:"How many of them." default:"50" placeholder:"N"`
}

// Help is the detail of the verb's help.
func (stockWaiting) Help() string {
	return `They are listed by SKU, in the order in which they are served.

Examples:

    doorstep stock waiting
    doorstep stock waiting CUP --json`
}

// waitingOrder is an order that waits for goods.
type waitingOrder struct {
	inventory.Backorder
	Number int64 `json:"number"`
}

// Run lists them.
func (v *stockWaiting) Run(s *session) error {
	if v.Limit < 1 {
		return invalid("--limit is at least 1")
	}
	var all []waitingOrder
	err := s.reading(func(shop *doorstep.Shop) error {
		var err error
		all, err = db.View(s.ctx, shop.DB, func(r db.Reader) ([]waitingOrder, error) { return waiting(r, v.SKU, v.Limit) })
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(pageOf(all), func() { s.out.waiting(all) })
}

func waiting(r db.Reader, sku string, limit int) ([]waitingOrder, error) {
	if sku != "" {
		if _, err := inventory.Get(r, sku); err != nil {
			return nil, err
		}
	}
	backorders, err := inventory.Waiting(r, sku, limit)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(backorders))
	for i, b := range backorders {
		ids[i] = b.Order
	}
	orders, err := order.ByID(r, ids)
	all := make([]waitingOrder, len(backorders))
	for i, b := range backorders {
		all[i] = waitingOrder{b, orders[b.Order].Number}
	}
	return all, err
}

func (s *screen) waiting(all []waitingOrder) {
	if len(all) == 0 {
		s.printf("No order waits for goods.\n")
		return
	}
	t := s.table("", column{title: "SKU", shrink: true}, column{title: "ORDER", right: true}, column{title: "WAITS FOR", right: true}, column{title: "SINCE"})
	for _, b := range all {
		t.add(b.SKU, digits(b.Number), digits(b.Quantity), moment(b.Since))
	}
	t.print()
}
