package sim

import (
	"context"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
)

// BadLuck is what the shop's providers are to be asked with so that they fail:
// each of them says it in words of its own.
type BadLuck struct {
	SilentMethod string // a payment method that is charged, and the gateway gives no answer
	LostTo       string // a postal code on the way to which an order's first parcel is lost
}

// Mishap is something that went wrong with an order and was put right, told in
// three lines that are made of what happened.
type Mishap struct {
	Order string `json:"order"`
	Wrong string `json:"wrong"` // what went wrong
	Done  string `json:"done"`  // what the process did about it, or a person
	Now   string `json:"now"`   // how it stands now, with its money and its stock
}

// Mishaps lets five things go wrong in a shop that is not open yet, one after the
// other, and has each of them put right.
func (s *Shop) Mishaps(ctx context.Context, luck BadLuck) ([]Mishap, error) {
	if err := s.open(ctx, 12); err != nil {
		return nil, err
	}
	_, err := s.ChangePolicy(ctx, process.Command{By: access.Operator}, func(p policy.Policy) (policy.Policy, error) {
		p.OnLost, p.LostAfter = policy.OnLostReship, policy.Duration(6*24*time.Hour)
		return p, nil
	})
	if err != nil {
		return nil, err
	}
	var all []Mishap
	for _, play := range []func(context.Context, BadLuck) (Mishap, error){
		s.silence, s.loss, s.shortage, s.changeOfMind, s.breakage,
	} {
		m, err := play(ctx, luck)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, s.after(ctx, 60*24*time.Hour) // until every ticket is closed
}

// toTheDoor is longer than any parcel within the country takes, and shorter than
// a return is possible.
const toTheDoor = 14 * 24 * time.Hour

func (s *Shop) after(ctx context.Context, d time.Duration) error {
	return s.RunUntil(ctx, s.Clock.Now().Add(d))
}

// wants is a basket of so many units of each of different goods, of which there is
// enough, to an address within the country.
func (s *Shop) wants(n int, units ...int64) order.Request {
	q := s.basket("mishap", n)
	q.ShipTo.Country, q.Lines = country, nil
	for i, g := range s.draw("wants", n).Perm(len(goods) - 1)[:len(units)] { // the last one is scarce
		q.Lines = append(q.Lines, order.LineRequest{SKU: goods[g].Code, Quantity: units[i]})
	}
	return q
}

// order places an order, and lets the shop go on for a while.
func (s *Shop) order(ctx context.Context, q order.Request, d time.Duration) (string, error) {
	r, err := s.Place(ctx, process.Command{By: access.Customer}, q)
	if err != nil {
		return "", err
	}
	return r.Value.Order.ID, s.after(ctx, d)
}

// silence is a gateway that charges, and gives no answer.
func (s *Shop) silence(ctx context.Context, luck BadLuck) (Mishap, error) {
	q := s.wants(1, 2, 1)
	q.Payment.Method = luck.SilentMethod
	id, err := s.order(ctx, q, toTheDoor)
	if err != nil {
		return Mishap{}, err
	}
	return s.told(ctx, id, tellSilence)
}

// loss is a parcel that the carrier loses.
func (s *Shop) loss(ctx context.Context, luck BadLuck) (Mishap, error) {
	q := s.wants(2, 1, 2)
	q.ShipTo.PostalCode = luck.LostTo
	id, err := s.order(ctx, q, 2*toTheDoor)
	if err != nil {
		return Mishap{}, err
	}
	return s.told(ctx, id, tellLoss)
}

// shortage is a count that finds less of something than two orders wait for,
// which are to be paid by bank transfer.
func (s *Shop) shortage(ctx context.Context, _ BadLuck) (Mishap, error) {
	var ids [2]string
	for i := range ids {
		q := s.wants(3+i, 1)
		q.Lines[0].SKU, q.Payment.Gateway = scarce, payment.Manual
		var err error
		if ids[i], err = s.order(ctx, q, 3*time.Hour); err != nil {
			return Mishap{}, err
		}
	}
	by := process.Command{By: access.Operator}
	r, err := s.CountStock(ctx, by, []inventory.Count{{SKU: scarce, Location: inventory.MainLocation, Quantity: 1}}, "yearly count")
	if err != nil {
		return Mishap{}, err
	}
	if err := s.restock(ctx, ids); err != nil {
		return Mishap{}, err
	}
	return s.told(ctx, ids[1], func(a account) [2]string { return tellShortage(a, r.Value[0]) })
}

// restock has one more of what was short come in a day later, the younger order
// go on, and both of them paid.
func (s *Shop) restock(ctx context.Context, orders [2]string) error {
	if err := s.after(ctx, 26*time.Hour); err != nil {
		return err
	}
	by := process.Command{By: access.Operator}
	if _, err := s.ReceiveStock(ctx, by, scarce, inventory.MainLocation, 1); err != nil {
		return err
	}
	if _, err := s.Release(ctx, by, orders[1]); err != nil {
		return err
	}
	for _, id := range orders {
		o, err := s.FindOrder(ctx, id)
		if err != nil {
			return err
		}
		if _, err := s.RecordPayment(ctx, by, id, payment.Record{Reference: "statement 12", Amount: o.Total}); err != nil {
			return err
		}
	}
	return s.after(ctx, toTheDoor)
}

// changeOfMind is a customer who no longer wants one of two lines, when both are
// paid for and in a parcel with a label.
func (s *Shop) changeOfMind(ctx context.Context, _ BadLuck) (Mishap, error) {
	id, err := s.order(ctx, s.wants(5, 2, 1), time.Minute)
	if err != nil {
		return Mishap{}, err
	}
	q := order.Edit{Lines: []order.EditLine{{Line: 1, Quantity: 0}}}
	if _, err := s.Edit(ctx, process.Command{By: access.Customer}, id, q); err != nil {
		return Mishap{}, err
	}
	if err := s.after(ctx, toTheDoor); err != nil {
		return Mishap{}, err
	}
	return s.told(ctx, id, tellChangeOfMind)
}

// breakage is goods of which one is broken when they arrive, and which the
// customer sends back.
func (s *Shop) breakage(ctx context.Context, _ BadLuck) (Mishap, error) {
	q := s.wants(6, 2)
	id, err := s.order(ctx, q, toTheDoor)
	if err != nil {
		return Mishap{}, err
	}
	by := process.Command{By: access.Operator}
	if _, err := s.AuthoriseReturn(ctx, by, id, shipping.ReturnRequest{Reason: "damaged"}); err != nil {
		return Mishap{}, err
	}
	if err := s.after(ctx, 5*24*time.Hour); err != nil {
		return Mishap{}, err
	}
	back, err := s.FindReturn(ctx, id)
	if err != nil {
		return Mishap{}, err
	}
	broken := shipping.Grading{Unfit: map[string]int64{q.Lines[0].SKU: 1}}
	if _, err := s.ReceiveReturn(ctx, by, id, back.ID, shipping.Reception{Grading: broken}); err != nil {
		return Mishap{}, err
	}
	if err := s.after(ctx, time.Hour); err != nil {
		return Mishap{}, err
	}
	return s.told(ctx, id, tellBreakage)
}

// told is what is said of an order with which something went wrong: the first two
// lines are the mishap's own.
//
// Errors: internal when something did not happen that is to be told.
func (s *Shop) told(ctx context.Context, id string, tell func(account) [2]string) (Mishap, error) {
	v, err := s.Show(ctx, id)
	if err != nil {
		return Mishap{}, err
	}
	a := account{about: v, missing: &[]string{}}
	said := tell(a)
	if len(*a.missing) > 0 {
		return Mishap{}, fault.New(fault.Internal, "order %d went another way: it had no %v", v.Order.Number, *a.missing)
	}
	return Mishap{Order: id, Wrong: said[0], Done: said[1], Now: a.now()}, nil
}
