package process

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
	"doorstep/support"
)

// backorderRows are the rows of orders that wait for goods: what comes free is
// reserved for them, the oldest first.
func backorderRows() []Row {
	return []Row{
		{
			Step: StepFill, Kind: Wait,
			On: on(inventory.EventReceived, inventory.EventReturned, inventory.EventAdjusted, inventory.EventSafety,
				inventory.EventReleased, order.EventChanged, shipping.EventReceived, shipping.EventReturnReceived),
			Guard: waitedFor,
			Does:  "reserve what is there for the orders that wait for it, one after the other, the one that has waited longest first", Leads: on(inventory.EventFilled),
			arm: armFill, lapse: fill, beside: fillLocks,
			Ways: []Way{WayRetry},
		},
		{
			Step: StepAskToPay, Kind: Rule, On: on(inventory.EventFilled, inventory.EventReserved, order.EventChanged), Guard: toPayNow,
			Does: "an order that was to be paid when all of its goods are there is asked to be paid", Leads: on(payment.EventConfirmed, payment.EventRequested),
			rule: askToPay,
		},
		{
			Step: StepAwaitStock, Kind: Wait, Holds: true, On: on(order.EventProcessed, inventory.EventFilled, inventory.EventReserved, shipping.EventReplaced, order.EventChanged, order.EventCancelRefused), Guard: waitsForGoods, about: theOrder,
			Until: on(inventory.EventFilled, order.EventChanged, order.EventCancelRequested, order.EventFailed),
			Does:  "wait until the goods have come; when it is late, tell a person", Leads: on(support.EventOpened),
			due: awaitStockDue, lapse: stockLate,
			Ways: []Way{WayRetry, WayCompensate}, Else: "restock, or have the order changed to do without",
		},
	}
}

// The guards of orders that wait for goods.
var (
	waitsForGoods = orderGuard("the order goes on and waits for goods", func(o order.Order) bool {
		return o.End.GoesOn() && o.Sums.Backordered > 0
	})
	waitedFor = &Guard{"an order waits for goods of which some are there now", func(c *change, _ event.Event) (bool, error) {
		skus, err := c.waitedFor()
		return len(skus) > 0, err
	}}
	toPayNow = &Guard{"the order is going on, has all of its goods, and was not asked to be paid yet", func(c *change, _ event.Event) (bool, error) {
		p, err := c.payment()
		return p != nil && p.Status == payment.StatusRequiresConfirmation && c.order.End == order.EndNone && c.order.Sums.Backordered+c.order.Sums.Short() == 0, err
	}}
)

// waitedFor returns those SKUs of the change for which an order waits and of which
// some are there.
func (c *change) waitedFor() ([]string, error) {
	if c.order.ID == "" {
		return inventory.Wanted(c.tx, []string{c.sku})
	}
	lines, err := c.lines()
	if err != nil {
		return nil, err
	}
	skus := map[string]bool{}
	for _, l := range lines {
		skus[l.SKU] = true
	}
	return inventory.Wanted(c.tx, slices.Sorted(maps.Keys(skus)))
}

// What is due of the stock of an SKU belongs to no order.
const stockPrefix = "sku:"

// StockOwner is whose the steps are that are about the stock of an SKU.
func StockOwner(sku string) string { return stockPrefix + sku }

// OfStock returns the SKU of whose stock a step's owner is, if it is of one.
func OfStock(owner string) (string, bool) { return strings.CutPrefix(owner, stockPrefix) }

// armFill has what is there given to whoever waits for it. The change holds the
// locks of the SKUs, and so does whoever gives it: one of the two sees the other.
func armFill(c *change, _ event.Event) error {
	skus, err := c.waitedFor()
	if err != nil {
		return err
	}
	for _, sku := range skus {
		if err := inventory.Locked(c.tx, sku); err != nil {
			return err
		}
		items, err := work.Hold(c.tx, StockOwner(sku))
		if err != nil {
			return err
		}
		switch {
		case len(items) == 0:
			c.p.queue.Enqueue(c.tx, work.Item{Owner: StockOwner(sku), Subject: sku, Step: string(StepFill), Due: c.tx.Now()})
		case items[0].State == work.Stuck:
			c.p.queue.Revive(c.tx, items[0], work.Ready, c.tx.Now())
		}
	}
	return nil
}

// fillLocks are those of the order that has waited longest for an SKU.
func fillLocks(ctx context.Context, p *Process, it work.Item) ([]db.Lock, error) {
	next, err := db.View(ctx, p.db, func(r db.Reader) (inventory.Backorder, error) {
		next, _, err := inventory.Oldest(r, it.Subject)
		return next, err
	})
	if err != nil || next.Order == "" {
		return nil, err
	}
	return p.locks(ctx, next.Order)
}

// fill reserves what is there for the order that has waited longest, and goes on
// until nothing is there or no one waits.
func fill(c *change, it *work.Item) error {
	next, waits, err := inventory.Oldest(c.tx, c.sku)
	if err != nil {
		return err
	}
	if !waits {
		return c.endItem(StepFill, c.sku)
	}
	if !c.tx.Holds(order.Lock(next.Order)) {
		c.again(it, c.tx.Now(), 0, "") // another waits for longest since the locks were chosen
		return nil
	}
	if err := c.beside(next.Order, func(o *change) error {
		o.begun = c.begun // what happens to the order is of this step
		return o.fill(next)
	}); err != nil {
		return err
	}
	_, waits, err = inventory.Oldest(c.tx, c.sku)
	switch {
	case err != nil:
		return err
	case !waits:
		return c.endItem(StepFill, c.sku)
	}
	c.again(it, c.tx.Now(), 0, "")
	return nil
}

// filledData is what stock.filled carries.
type filledData struct {
	SKU   string `json:"sku"`
	Units int64  `json:"units"`
}

// fill reserves for the order what is there of what it waits for.
func (c *change) fill(b inventory.Backorder) error {
	cause := c.cause("backorder")
	cause.Key += strconv.FormatInt(c.order.Version, 10)
	units, err := inventory.Fill(c.tx, cause, b)
	if err != nil || units == 0 {
		return err
	}
	return c.emitOrder(inventory.EventFilled, filledData{b.SKU, units})
}

// dropBackorders has an order that is over wait for nothing.
func (c *change) dropBackorders() error {
	if c.order.Sums.Backordered == 0 {
		return nil
	}
	waiting, err := inventory.Backorders(c.tx, c.order.ID, c.order.ID)
	for _, b := range waiting {
		inventory.DropBackorder(c.tx, b, b.Quantity)
	}
	return err
}

// askToPay is the rule of an order whose goods are all there.
func askToPay(c *change, _ event.Event) error {
	p, err := c.payment()
	if err != nil {
		return err
	}
	p.OpenedAt = c.tx.Now()
	if p.Gateway == payment.Manual {
		return c.movePayment(p, payment.EventRequested, dataOf(p, nil))
	}
	return c.movePayment(p, payment.EventConfirmed, dataOf(p, nil))
}

// awaitStockDue is when an order has waited for its goods for too long: from its
// placing on, and then from when some of them came.
func awaitStockDue(c *change) time.Time {
	due := c.order.PlacedAt.Add(time.Duration(c.policy.AwaitStock))
	if !due.After(c.tx.Now()) {
		due = c.tx.Now().Add(time.Duration(c.policy.AwaitStock))
	}
	return due
}

// stockLate tells a person that goods have not come.
func stockLate(c *change, it *work.Item) error {
	return c.remind(it, time.Duration(c.policy.AwaitStock), support.Other,
		c.orUnsend("This order still waits for goods that are not there: tell the customer when they come, have the order changed to do without, or cancel it"))
}

// takeAnew reserves goods in the place of others that the order had, before all who
// wait for them, or has it wait before these.
func (c *change) takeAnew(cause inventory.Cause, demand map[string]int64) (inventory.Taken, error) {
	known, err := inventory.Catalogue(c.tx, slices.Sorted(maps.Keys(demand)))
	if err != nil {
		return inventory.Taken{}, err
	}
	return inventory.Take(c.tx, cause, demand, inventory.Terms{Split: c.policy.Split, First: true}, known)
}

// wouldTakeAnew returns what takeAnew would come to.
func wouldTakeAnew(r db.Reader, demand map[string]int64, split bool) (inventory.Taken, error) {
	known, err := inventory.Catalogue(r, slices.Sorted(maps.Keys(demand)))
	if err != nil {
		return inventory.Taken{}, err
	}
	return inventory.WouldTake(r, demand, inventory.Terms{Split: split, First: true}, known)
}

func unitsOf(waiting []inventory.Backorder) (units int64) {
	for _, b := range waiting {
		units += b.Quantity
	}
	return units
}

// Waiting returns up to limit orders that wait for an SKU, or for any (""), by SKU
// and in the order in which they are served.
//
// Errors: not_found.
func (p *Process) Waiting(ctx context.Context, sku string, limit int) ([]inventory.Backorder, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]inventory.Backorder, error) {
		if sku != "" {
			if _, err := inventory.Get(r, sku); err != nil {
				return nil, err
			}
		}
		return inventory.Waiting(r, sku, limit)
	})
}
