package process

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/money"
	"doorstep/order"
	"doorstep/shipping"
	"doorstep/support"
)

// openLabelAttempt writes down what a carrier will be asked, and under which
// key, before it is asked for the first time at the given time.
func (c *change) openLabelAttempt(s *shipping.Shipment, op shipping.Op, first time.Time) error {
	all, err := c.getLabels()
	if err != nil {
		return err
	}
	n := int64(1)
	for _, a := range all {
		if a.Shipment == s.ID {
			n = max(n, a.N+1)
		}
	}
	a := shipping.Attempt{
		Key: c.newID("lbl", s.ID, fmt.Sprint(n)), Shipment: s.ID, Order: c.order.ID, N: n, Op: op, Carrier: s.Carrier,
		Status: shipping.AttemptOpen, OpenedAt: c.tx.Now(), KeyUntil: first,
	}
	if op == shipping.OpVoid {
		a.Ref = s.LabelRef
	}
	if carrier := c.p.carriers[s.Carrier]; carrier != nil {
		a.KeyUntil = first.Add(carrier.KeyLife())
	}
	c.labels.add(a)
	return nil
}

func openLabelPurchase(c *change, e event.Event) error {
	s, err := c.shipment(e.Entity)
	if err != nil {
		return err
	}
	return c.openLabelAttempt(s, shipping.OpBuy, c.tx.Now())
}

func openLabelVoid(c *change, e event.Event) error {
	s, err := c.shipment(e.Entity)
	if err != nil {
		return err
	}
	return c.openLabelAttempt(s, shipping.OpVoid, c.tx.Now())
}

// labelQuestion is what a carrier is asked in a step.
type labelQuestion struct {
	attempt shipping.Attempt
	parcel  shipping.Parcel
	now     time.Time
}

// askCarrier asks the carrier what the step's open attempt says, under the
// attempt's key, and returns what is to be written then.
func askCarrier(ctx context.Context, p *Process, it work.Item) (func(context.Context) error, error) {
	q, err := db.View(ctx, p.db, func(r db.Reader) (labelQuestion, error) { return readLabelQuestion(r, it) })
	if err != nil {
		return nil, err
	}
	answer, err := p.askLabel(ctx, q)
	return func(ctx context.Context) error {
		settled := p.settle(ctx, it, access.Provider(q.attempt.Carrier), func(c *change, own *work.Item) error {
			return c.settleLabel(own, q.attempt.Key, answer, err)
		})
		if errors.Is(settled, work.ErrLeaseLost) {
			return errors.Join(settled, p.keepLateLabel(ctx, q.attempt, answer, err))
		}
		return settled
	}, nil
}

func readLabelQuestion(r db.Reader, it work.Item) (labelQuestion, error) {
	attempts, err := shipping.Attempts(r, it.Owner)
	if err != nil {
		return labelQuestion{}, err
	}
	i := slices.IndexFunc(attempts, func(a shipping.Attempt) bool { return a.Shipment == it.Subject && a.Open() })
	if i < 0 {
		return labelQuestion{}, work.ErrLeaseLost // someone else has closed it
	}
	q := labelQuestion{attempt: attempts[i], now: r.Now()}
	if q.attempt.Op == shipping.OpVoid {
		return q, nil
	}
	q.parcel, err = readParcel(r, it)
	return q, err
}

func readParcel(r db.Reader, it work.Item) (shipping.Parcel, error) {
	o, err := order.Get(r, it.Owner)
	if err != nil {
		return shipping.Parcel{}, err
	}
	shipments, err := shipping.Of(r, it.Owner)
	if err != nil {
		return shipping.Parcel{}, err
	}
	contact, err := order.ContactOf(r, it.Owner)
	if err != nil {
		return shipping.Parcel{}, err
	}
	for _, s := range shipments {
		if s.ID == it.Subject {
			from, err := inventory.GetLocation(r, s.Location)
			return shipping.Parcel{Order: o.ID, WeightGrams: s.Weight, Service: s.Service, From: from.Country,
				To: shipping.Address(contact.ShipTo), Currency: o.Currency}, err
		}
	}
	return shipping.Parcel{}, fault.New(fault.NotFound, "order %s has no shipment %q", it.Owner, it.Subject)
}

// labelOutcome is a carrier's answer to either operation.
type labelOutcome struct {
	shipping.LabelAnswer
	done bool // bought, or voided
}

// askLabel asks under the attempt's key while the key lives. Past that a
// purchase is only looked up; to void a label once more does no harm.
func (p *Process) askLabel(ctx context.Context, q labelQuestion) (labelOutcome, error) {
	carrier := p.carriers[q.attempt.Carrier]
	if carrier == nil {
		return labelOutcome{}, fmt.Errorf("%w: the shop has no carrier %q", shipping.ErrNotReached, q.attempt.Carrier)
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	outcome, err := p.buyOrVoid(ctx, carrier, q)
	if fault.Is(err, fault.Invalid) { // it was refused as it stands: nothing was done, nor will be
		outcome, err = labelOutcome{LabelAnswer: shipping.LabelAnswer{Refusal: shipping.NoService}}, nil
	}
	outcome.Ref, outcome.TrackingNumber = clean(outcome.Ref), clean(outcome.TrackingNumber)
	return outcome, err
}

func (p *Process) buyOrVoid(ctx context.Context, carrier shipping.Carrier, q labelQuestion) (labelOutcome, error) {
	if q.attempt.Op == shipping.OpVoid {
		v, err := carrier.VoidLabel(ctx, q.attempt.Key, q.attempt.Ref)
		return labelOutcome{LabelAnswer: shipping.LabelAnswer{Ref: q.attempt.Ref, Refusal: v.Refusal}, done: v.Voided}, err
	}
	ask := func() (shipping.LabelAnswer, error) { return carrier.BuyLabel(ctx, q.attempt.Key, q.parcel) }
	if !p.keyLives(q.now, q.attempt.KeyUntil, carrier.KeyLife()) {
		ask = func() (shipping.LabelAnswer, error) { return carrier.Lookup(ctx, q.attempt.Key) }
	}
	b, err := ask()
	return labelOutcome{LabelAnswer: b, done: b.Bought}, err
}

// settleLabel writes what became of an attempt, and what follows.
func (c *change) settleLabel(own *work.Item, key string, answer labelOutcome, asked error) error {
	a, s, err := c.labelAttempt(key)
	if err != nil {
		return err
	}
	switch {
	case errors.Is(asked, shipping.ErrNoLabel) && keyIsGone(c.tx.Now(), a.KeyUntil, c.p.carriers[s.Carrier].KeyLife()):
		return c.labelExpired(own, s, a)
	case errors.Is(asked, shipping.ErrNotReached):
		return c.notReached(own, support.Other, "The carrier has not been reached for too long.", asked)
	case asked != nil:
		return c.labelUnknown(own, s, a, asked)
	}
	a.Refusal = answer.Refusal
	if !answer.done {
		return c.labelRefused(own, s, a)
	}
	if a.Op == shipping.OpVoid && s.Status == shipping.Shipped {
		// A scan has said meanwhile that the parcel is on its way: that is the truth.
		a.Refusal = shipping.AlreadyHandedIn
		return c.labelRefused(own, s, a)
	}
	if err := c.moveLabel(a, shipping.AttemptSucceeded); err != nil {
		return err
	}
	if a.Op == shipping.OpVoid {
		return c.moveShipment(s, shipping.EventVoided, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber})
	}
	a.Ref, a.TrackingNumber, a.Cost, a.CostCurrency = answer.Ref, answer.TrackingNumber, answer.Cost.Minor, answer.Cost.Currency
	s.LabelRef, s.TrackingNumber, s.Cost, s.CostCurrency = a.Ref, a.TrackingNumber, a.Cost, a.CostCurrency
	return c.moveShipment(s, shipping.EventLabelBought, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber,
		Cost: s.Cost, Currency: string(s.CostCurrency), Attempt: a.N})
}

// moveLabel moves an attempt by its table, and notes when it is closed.
func (c *change) moveLabel(a *shipping.Attempt, to shipping.AttemptStatus) error {
	next, err := shipping.AttemptTransitions.Next(a.Status, to)
	if err != nil {
		return err
	}
	if a.Status = next; !a.Open() {
		a.ClosedAt = c.tx.Now()
	}
	return nil
}

// labelAttempt returns the attempt with the key while it is open, and its
// shipment.
//
// Errors: work.ErrLeaseLost when someone else has closed it.
func (c *change) labelAttempt(key string) (*shipping.Attempt, *shipping.Shipment, error) {
	all, err := c.getLabels()
	if err != nil {
		return nil, nil, err
	}
	for _, a := range all {
		if a.Key == key && a.Open() {
			s, err := c.shipment(a.Shipment)
			return a, s, err
		}
	}
	return nil, nil, work.ErrLeaseLost
}

// labelUnknown keeps an attempt open whose outcome is not known: the same
// attempt is asked again under the same key.
func (c *change) labelUnknown(own *work.Item, s *shipping.Shipment, a *shipping.Attempt, asked error) error {
	first := a.Status == shipping.AttemptOpen && a.Op == shipping.OpBuy
	if err := c.moveLabel(a, shipping.AttemptUnknown); err != nil {
		return err
	}
	if first {
		if err := c.moveShipment(s, shipping.EventLabelUnknown, shipmentData{Carrier: s.Carrier, Attempt: a.N}); err != nil {
			return err
		}
	}
	return c.askAgain(own, asked)
}

// labelExpired replaces a purchase that was never made, unless the order is
// being cancelled. (To void is always asked, never looked up.)
func (c *change) labelExpired(own *work.Item, s *shipping.Shipment, a *shipping.Attempt) error {
	if err := c.moveLabel(a, shipping.AttemptExpired); err != nil {
		return err
	}
	if c.order.End == order.EndCancelling {
		return c.moveShipment(s, shipping.EventVoided, shipmentData{Carrier: s.Carrier})
	}
	c.again(own, c.tx.Now(), 0, "the key has expired, and the carrier knows it not")
	return c.openLabelAttempt(s, a.Op, c.tx.Now())
}

// labelRefused makes a further attempt after a temporary refusal while policy
// has one. Otherwise no carrier takes the parcel; or the carrier has it
// already and gives no label back.
func (c *change) labelRefused(own *work.Item, s *shipping.Shipment, a *shipping.Attempt) error {
	if err := c.moveLabel(a, shipping.AttemptRefused); err != nil {
		return err
	}
	data := shipmentData{Carrier: s.Carrier, Attempt: a.N, Refusal: a.Refusal}
	if a.Op == shipping.OpVoid {
		return c.moveShipment(s, shipping.EventVoidRefused, data)
	}
	refused := 0
	for _, l := range c.labels.pointers() {
		if l.Shipment == s.ID && l.Op == shipping.OpBuy && l.Status == shipping.AttemptRefused {
			refused++
		}
	}
	wait, more := c.policy.LabelRetries.Wait(refused)
	if !a.Refusal.Temporary() || !more {
		return c.moveShipment(s, shipping.EventFailed, data)
	}
	at := c.tx.Now().Add(wait)
	data.Next = &at
	c.again(own, at, 0, "refused: "+string(a.Refusal))
	if err := c.openLabelAttempt(s, shipping.OpBuy, at); err != nil {
		return err
	}
	return c.moveShipment(s, shipping.EventLabelRefused, data)
}

func (p *Process) keepLateLabel(ctx context.Context, a shipping.Attempt, answer labelOutcome, asked error) error {
	_, err := db.Update(ctx, p.db, []db.Lock{order.Lock(a.Order)}, func(tx *db.Tx) (struct{}, error) {
		shipping.KeepAnswer(tx, p.ids.New("ans", tx.Now(), a.Key, fmt.Sprint(tx.Now().UnixNano())), a, late(answer.LabelAnswer, asked))
		return struct{}{}, nil
	})
	return err
}

// Rate is what a carrier would take for a parcel.
type Rate struct {
	Shipment string       `json:"shipment"`
	Carrier  string       `json:"carrier"`
	Price    money.Amount `json:"price"`
	Refusal  string       `json:"refusal,omitempty"` // why the carrier would not take it
}

// Rates asks every carrier of the shop what it would take for the parcels of
// an order. What they answer binds no one.
//
// Errors: not_found, also when no parcel is planned yet.
func (p *Process) Rates(ctx context.Context, orderID string) ([]Rate, error) {
	parcels, err := db.View(ctx, p.db, func(r db.Reader) (map[string]shipping.Parcel, error) { return readParcels(r, orderID) })
	if err != nil {
		return nil, err
	}
	var rates []Rate
	for _, id := range slices.Sorted(maps.Keys(parcels)) {
		for _, name := range slices.Sorted(maps.Keys(p.carriers)) {
			asking, cancel := context.WithTimeout(ctx, p.timeout)
			price, err := p.carriers[name].Rate(asking, parcels[id])
			cancel()
			rate := Rate{Shipment: id, Carrier: name, Price: price}
			if err != nil {
				rate.Refusal = err.Error()
			}
			rates = append(rates, rate)
		}
	}
	return rates, nil
}

func readParcels(r db.Reader, orderID string) (map[string]shipping.Parcel, error) {
	shipments, err := shipping.Of(r, orderID)
	if err != nil {
		return nil, err
	}
	if len(shipments) == 0 {
		return nil, fault.New(fault.NotFound, "no parcel of the order is planned yet")
	}
	parcels := map[string]shipping.Parcel{}
	for _, s := range shipments {
		if parcels[s.ID], err = readParcel(r, work.Item{Owner: orderID, Subject: s.ID}); err != nil {
			return nil, err
		}
	}
	return parcels, nil
}
