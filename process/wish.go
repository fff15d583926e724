package process

import (
	"encoding/json"
	"slices"
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/shipping"
	"doorstep/support"
)

// TicketRequest is a ticket as someone raises it, with the address that it wants.
type TicketRequest struct {
	support.Request
	ShipTo *order.Address `json:"ship_to,omitempty"` // where the order is to go, of one about another address
}

// Validate checks a request.
//
// Errors: invalid, with the path of every field that is wrong.
func (q TicketRequest) Validate() error {
	if err := q.Request.Validate(); err != nil || q.ShipTo == nil {
		return err
	}
	var c fault.Check
	c.If(q.Category != support.AddressChange || q.Order == "", "ship_to", "needless", "the address of an order, in a ticket about it (%s)", support.AddressChange)
	if err := c.Err("the ticket"); err != nil {
		return err
	}
	return order.Edit{ShipTo: q.ShipTo}.Validate()
}

// keepWish keeps the address that a ticket wants. It is personal data, which no event
// and no decision holds.
func (c *change) keepWish(t *support.Ticket, to *order.Address) error {
	if to == nil {
		return nil
	}
	body, err := json.Marshal(to)
	if err == nil {
		support.KeepAddress(c.tx, t.ID, string(body))
	}
	return err
}

// dropWish forgets the address that a ticket wanted: the order has it, or no one needs
// it any more.
func (c *change) dropWish(t *support.Ticket) error {
	if t.Category != support.AddressChange {
		return nil
	}
	address, err := support.AddressOf(c.tx, t.ID)
	if err == nil && address != "" {
		support.DropAddress(c.tx, t.ID)
	}
	return err
}

// wishOf returns the address that a ticket wants, nil when it wants none.
func wishOf(r db.Reader, ticket string) (*order.Address, error) {
	body, err := support.AddressOf(r, ticket)
	if err != nil || body == "" {
		return nil, err
	}
	var to order.Address
	return &to, json.Unmarshal([]byte(body), &to)
}

// addressFacts says what is known of the address that a ticket wants.
func (c *change) addressFacts(t *support.Ticket) (*support.Address, error) {
	if t.Category != support.AddressChange {
		return nil, nil
	}
	to, err := wishOf(c.tx, t.ID)
	if err != nil || to == nil {
		return nil, err
	}
	was, err := shipTo(c.tx, c.order.ID)
	if err != nil {
		return nil, err
	}
	f := &support.Address{Asked: t.Reason == support.ChangingAddress, Same: *to == was, Abroad: to.Country != was.Country,
		TooOld: c.tx.Now().Sub(c.order.PlacedAt) > time.Duration(c.policy.TicketLimits.OrderAge)}
	if !f.Asked && !f.Same {
		f.Allowed, err = c.mayEdit(order.Edit{ShipTo: to})
	}
	return f, err
}

// mayEdit says whether the order may be changed so, as it stands.
func (c *change) mayEdit(q order.Edit) (bool, error) {
	err := whyNoEdit(c.order)
	if err == nil {
		_, err = c.planEdit(q)
	}
	if refused(err) {
		return false, nil
	}
	return err == nil, err
}

// refused says whether something can not be done as the order stands: then a person
// sees why.
func refused(err error) bool {
	return fault.Is(err, fault.Conflict) || fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLate)
}

// changeAddress has the order go where the ticket wants it to.
func (c *change) changeAddress(t *support.Ticket) error {
	to, err := wishOf(c.tx, t.ID)
	if err != nil {
		return err
	}
	plan, err := c.planEdit(order.Edit{ShipTo: to})
	if err != nil {
		return err
	}
	return c.requestEdit(plan)
}

// returnFacts says whether what a ticket is about may be sent back.
func (c *change) returnFacts(t *support.Ticket) (*support.Return, error) {
	f := &support.Return{}
	switch t.Category {
	case support.ReturnRequest:
		f.Wanted = c.order.Sums.Arrived > 0
	case support.Damaged, support.WrongItem, support.OrderIssue:
		named, err := support.Lines(c.tx, t.ID)
		if err != nil {
			return nil, err
		}
		f.Wanted = len(named) > 0 && c.order.Status == order.Delivered && c.policy.OnComplaint == policy.OnComplaintReturn
	}
	if !f.Wanted || t.Remedy != "" {
		return nil, nil
	}
	_, err := c.planWanted(t)
	f.Allowed, f.Late = err == nil, fault.Is(err, fault.TooLate)
	if refused(err) {
		err = nil
	}
	return f, err
}

// planWanted says what the return of what a ticket names comes to: of all that has
// arrived, when it names nothing.
//
// Errors: invalid; conflict; too_late.
func (c *change) planWanted(t *support.Ticket) (ReturnPlan, error) {
	named, err := support.Lines(c.tx, t.ID)
	if err != nil {
		return ReturnPlan{}, err
	}
	q := shipping.ReturnRequest{Reason: string(t.Category)}
	for _, l := range named {
		q.Lines = append(q.Lines, shipping.LineUnits(l))
	}
	return planReturn(c.tx, c.order, c.policy, q)
}

// haveSentBack has the customer send back what a ticket is about, which it waits for.
func (c *change) haveSentBack(t *support.Ticket) error {
	plan, err := c.planWanted(t)
	if err != nil {
		return err
	}
	r, err := c.authorise(plan, string(t.Category), "")
	if err == nil {
		t.Remedy = r.ID
	}
	return err
}

// returnRemedy says what has become of a return that a ticket had authorised.
func (c *change) returnRemedy(r *shipping.Return) (support.Remedy, error) {
	switch r.Status {
	case shipping.ReturnAuthorised:
		return support.ReturnAwaited, nil
	case shipping.ReturnCanceled:
		return support.ReturnCanceled, nil
	case shipping.ReturnExpired:
		return support.ReturnExpired, nil
	}
	refunds, err := c.getRefunds()
	i := slices.IndexFunc(refunds, func(f *payment.Refund) bool { return f.ID == r.Refund })
	switch {
	case err != nil:
		return "", err
	case i < 0 || !refunds[i].Counts():
		return support.ReturnCame, nil
	case refunds[i].Status == payment.RefundSucceeded:
		return support.RefundDone, nil
	default:
		return support.RefundOpen, nil
	}
}
