package process

import (
	"slices"

	"doorstep/internal/db"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
)

// Account is what is stored of an order that says what its customer is owed.
type Account struct {
	Order     order.Order
	Lines     []order.Line
	Shipments []shipping.Shipment
	Held      map[string][]shipping.ShipmentLine // by shipment
	Returns   []shipping.Return
	Coming    map[string][]shipping.ReturnLine // by return
	Refunds   []payment.Refund
	Credits   map[string][]payment.RefundLine // by refund
	Attempts  []payment.Attempt
}

// Owes says whether anything of the order is owed: money that goes back or has to,
// for an order that is over, for units that were taken out or came back, or because a
// ticket was decided so; a parcel
// that does not arrive and was neither sent anew nor paid back; goods that leave once
// more; an authorisation that an order which is over still holds; a charge that is to
// be undone.
func (a Account) Owes() bool {
	if order.Owes(a.Order.Facets, a.Order.Sums) || a.Keeps() {
		return true
	}
	repaid := a.Repaid(false)
	return slices.ContainsFunc(a.missed(), func(s shipping.Shipment) bool { return !repaid[s.ID] }) ||
		slices.ContainsFunc(a.Attempts, toUndo)
}

// Keeps says whether money is owed that nothing brings back: a refund that was to has
// failed, of an order that is over or for a cause of its own. Nobody but a person
// begins another.
func (a Account) Keeps() bool {
	o := a.Order
	return o.Payment.Taken() && (o.End.Over() && o.Sums.Kept() > 0 || len(a.owed()) > 0)
}

// Owed is how much money of an order that is not over is owed that nothing brings back,
// in minor units: a refund of as much gives it first.
func (v Overview) Owed() (amount int64) {
	a := Account{Order: v.Order, Lines: v.Lines, Refunds: v.Refunds, Credits: v.Credits}
	return amountOf(a.owed())
}

func counts(f payment.Refund, pending bool) bool {
	return f.Status == payment.RefundSucceeded || pending && f.Counts()
}

// account reads what says what is owed of the order as it stands in this change.
func (c *change) account() (a Account, err error) {
	a.Order = c.order
	if a.Lines, err = c.lines(); err != nil {
		return a, err
	}
	if a.Shipments, a.Held, err = c.parcels(); err != nil {
		return a, err
	}
	if a.Coming, err = shipping.ReturnLines(c.tx, c.order.ID); err != nil {
		return a, err
	}
	if a.Credits, err = c.allCredits(); err != nil {
		return a, err
	}
	returns, err := c.getReturns()
	if err != nil {
		return a, err
	}
	refunds, err := c.getRefunds()
	if err != nil {
		return a, err
	}
	attempts, err := c.getAttempts()
	a.Returns, a.Refunds, a.Attempts = valuesOf(returns), valuesOf(refunds), valuesOf(attempts)
	return a, err
}

// ReadAccount reads what is stored of an order that says what its customer is owed.
func ReadAccount(r db.Reader, o order.Order) (a Account, err error) {
	a.Order = o
	for _, read := range []func() error{
		func() error { a.Lines, err = order.Lines(r, o.ID); return err },
		func() error { a.Shipments, err = shipping.Of(r, o.ID); return err },
		func() error { a.Held, err = shipping.Lines(r, o.ID); return err },
		func() error { a.Returns, err = shipping.Returns(r, o.ID); return err },
		func() error { a.Coming, err = shipping.ReturnLines(r, o.ID); return err },
		func() error { a.Refunds, err = payment.Refunds(r, o.ID); return err },
		func() error { a.Credits, err = payment.RefundLines(r, o.ID); return err },
		func() error { a.Attempts, err = payment.Attempts(r, o.ID); return err },
	} {
		if err := read(); err != nil {
			return a, err
		}
	}
	return a, nil
}

// keeps says whether money of the change's order is owed that nothing brings back.
func (c *change) keeps() (bool, error) {
	if !c.order.Payment.Taken() {
		return false, nil
	}
	a, err := c.account()
	return err == nil && a.Keeps(), err
}

// owing says whether anything of the change's order is owed.
func (c *change) owing() (bool, error) {
	if c.order.ID == "" {
		return false, nil // a ticket without one
	}
	a, err := c.account()
	return err == nil && a.Owes(), err
}
