package process

import (
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
)

// Missed are the parcels that do not arrive.
func (a Account) Missed() []shipping.Shipment { return a.missed() }

// Owed is what is owed of the lines.
func (a Account) Owed() []order.Credit { return a.owed() }

// PaidBack is what of a line has gone back for a cause.
func (a Account) PaidBack(cause string, line int64) order.Repaid { return a.repaid(line)[cause] }

// Asked is the account after a person has asked for a refund.
func (a Account) Asked(id string, q order.CreditRequest) (Account, error) {
	d := a.draft()
	err := d.request(q, "")
	return d.begun(id), err
}

// Ended is the account of an order that is over, all of whose money goes back.
func (a Account) Ended(id string) Account {
	d := a.draft()
	d.all(a.Order.ID)
	return d.begun(id)
}

// Cut is the account after units were taken out, as the line has it.
func (a Account) Cut(id string, l order.Line) Account {
	d := a.draft()
	d.cut(l)
	return d.begun(id)
}

// CameBack is the account after what came of a return, as the process takes it in: what
// went back before is claimed first. It says whether that gives what its preview does.
func (a Account) CameBack(id, back string) (after Account, asSaid bool) {
	said := amountOf(a.cameBack(back, a.Coming[back]))
	claims := a.draft()
	claims.cameBack(back, a.Coming[back])
	a.Credits = claims.Credits
	delete(a.Credits, drafted)
	d := a.draft()
	d.cameBack(back, a.Coming[back])
	asSaid = amountOf(d.credits()) == said
	return d.begun(id), asSaid
}

// Misses is the account after a parcel is said not to arrive.
func (a Account) Misses(s shipping.Shipment) Account {
	d := a.draft()
	d.miss(s)
	return d.begun("")
}

// Skipped is the account after a person's word that what went back was for a parcel.
func (a Account) Skipped(s shipping.Shipment) (Account, bool) {
	d := a.draft()
	ok := d.claimAll(s)
	return d.begun(""), ok
}

// begun is the account with the refund of the draft, where there is one.
func (d *draft) begun(id string) Account {
	a := d.Account
	i := len(a.Refunds) - 1
	if lines := a.Credits[drafted]; len(lines) > 0 {
		a.Refunds[i].ID, a.Refunds[i].Status, a.Credits[id] = id, payment.RefundSucceeded, lines
	} else {
		a.Refunds = a.Refunds[:i]
	}
	delete(a.Credits, drafted)
	return a
}
