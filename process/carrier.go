package process

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"doorstep/attempt"
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

// openLabelAttempt writes down what a carrier will be asked, before it is asked
// for the first time at the given time.
func (c *change) openLabelAttempt(s *shipping.Shipment, op shipping.Op, first time.Time) error {
	all, err := c.getLabels()
	if err != nil {
		return err
	}
	n := 1
	for _, a := range all {
		if a.Shipment == s.ID {
			n++
		}
	}
	a := shipping.Attempt{Attempt: c.newAttempt("lbl", s.ID, n, first, c.carrierKeyLife(s)), Shipment: s.ID, Op: op, Carrier: s.Carrier}
	if op == shipping.OpVoid {
		a.Ref = s.LabelRef
	}
	c.labels.add(a)
	return nil
}

// carrierKeyLife is zero where a shipment's carrier is none of the shop's.
func (c *change) carrierKeyLife(s *shipping.Shipment) time.Duration {
	if carrier := c.p.carriers[s.Carrier]; carrier != nil {
		return carrier.KeyLife()
	}
	return 0
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

// askCarrier asks the carrier what the step's open attempt says.
func askCarrier(ctx context.Context, p *Process, it work.Item) (func(context.Context) error, error) {
	return inquiry[labelQuestion, labelOutcome]{
		kind:     KindCarrier,
		provider: func(q labelQuestion) string { return q.attempt.Carrier },
		read:     readLabelQuestion,
		ask:      askLabel,
		settle: func(c *change, own *work.Item, q labelQuestion, answer labelOutcome, asked error) error {
			return c.settleLabel(own, q.attempt.Key, answer, asked)
		},
		late: func(tx *db.Tx, id string, q labelQuestion, answer string) {
			shipping.KeepAnswer(tx, id, q.attempt, answer)
		},
	}.carryOut(ctx, p, it)
}

func readLabelQuestion(r db.Reader, it work.Item) (labelQuestion, error) {
	attempts, err := shipping.Attempts(r, it.Owner)
	if err != nil {
		return labelQuestion{}, err
	}
	i := slices.IndexFunc(attempts, func(a shipping.Attempt) bool { return a.Shipment == it.Subject && a.IsOpen() })
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
	Done bool `json:"done"` // bought, or voided
}

// askLabel asks under the attempt's key, as long as that is safe.
func askLabel(ctx context.Context, p *Process, q labelQuestion) (labelOutcome, error) {
	carrier := p.carriers[q.attempt.Carrier]
	if carrier == nil {
		return labelOutcome{}, fmt.Errorf("%w: the shop has no carrier %q", shipping.ErrNotReached, q.attempt.Carrier)
	}
	outcome, err := buyOrVoid(ctx, p, carrier, q)
	if fault.Is(err, fault.Invalid) { // it was refused as it stands: nothing was done, nor will be
		outcome, err = labelOutcome{LabelAnswer: shipping.LabelAnswer{Refusal: shipping.NoService}}, nil
	}
	outcome.Ref, outcome.TrackingNumber = clean(outcome.Ref), clean(outcome.TrackingNumber)
	return outcome, err
}

// buyOrVoid gives a label back, which does no harm when it is done once more,
// or buys one.
func buyOrVoid(ctx context.Context, p *Process, carrier shipping.Carrier, q labelQuestion) (labelOutcome, error) {
	if q.attempt.Op == shipping.OpVoid {
		v, err := carrier.VoidLabel(ctx, q.attempt.Key, q.attempt.Ref)
		return labelOutcome{LabelAnswer: shipping.LabelAnswer{Ref: q.attempt.Ref, Refusal: v.Refusal}, Done: v.Voided}, err
	}
	b, err := keyed(p, q.attempt.Attempt, q.now, carrier.KeyLife(),
		func() (shipping.LabelAnswer, error) { return carrier.BuyLabel(ctx, q.attempt.Key, q.parcel) },
		func() (shipping.LabelAnswer, error) { return carrier.Lookup(ctx, q.attempt.Key) })
	return labelOutcome{LabelAnswer: b, Done: b.Bought}, err
}

// settleLabel writes what became of an attempt, and what follows.
func (c *change) settleLabel(own *work.Item, key string, answer labelOutcome, asked error) error {
	a, s, err := c.labelAttempt(key)
	if err != nil {
		return err
	}
	if asked != nil {
		return c.unanswered(own, labelErrand{c, s, a}, asked)
	}
	a.Refusal = answer.Refusal
	if !answer.Done {
		return c.labelRefused(own, s, a)
	}
	if a.Op == shipping.OpVoid && s.Gone() {
		// A scan has said meanwhile that the parcel is on its way: that is the truth.
		a.Refusal = shipping.AlreadyHandedIn
		return c.labelRefused(own, s, a)
	}
	if err := a.Move(attempt.Succeeded, c.tx.Now()); err != nil {
		return err
	}
	if a.Op == shipping.OpVoid {
		return c.moveShipment(s, shipping.EventVoided, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber, Attempt: a.N})
	}
	a.Ref, a.TrackingNumber, a.Cost, a.CostCurrency = answer.Ref, answer.TrackingNumber, answer.Cost.Minor, answer.Cost.Currency
	s.LabelRef, s.TrackingNumber, s.Cost, s.CostCurrency = a.Ref, a.TrackingNumber, a.Cost, a.CostCurrency
	return c.moveShipment(s, shipping.EventLabelBought, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber,
		Cost: s.Cost, Currency: string(s.CostCurrency), Attempt: a.N})
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
		if a.Key == key && a.IsOpen() {
			s, err := c.shipment(a.Shipment)
			return a, s, err
		}
	}
	return nil, nil, work.ErrLeaseLost
}

// labelRefused makes a further attempt after a temporary refusal while policy
// has one, and otherwise asks the next carrier. Where none is left, no carrier
// takes the parcel; or the carrier has it already and gives no label back.
func (c *change) labelRefused(own *work.Item, s *shipping.Shipment, a *shipping.Attempt) error {
	if err := a.Move(attempt.Declined, c.tx.Now()); err != nil {
		return err
	}
	if a.Op == shipping.OpVoid {
		return c.moveShipment(s, shipping.EventVoidRefused, refusalOf(s, a))
	}
	refused, asked := 0, map[string]bool{}
	for _, l := range c.labels.pointers() {
		if l.Shipment == s.ID && l.Op == shipping.OpBuy && l.Status == attempt.Declined {
			asked[l.Carrier] = true
			if l.Carrier == s.Carrier {
				refused++
			}
		}
	}
	if wait, more := c.policy.LabelRetries.Wait(refused); a.Refusal.Temporary() && more {
		return c.attemptLater(own, labelErrand{c, s, a}, wait, "refused: "+string(a.Refusal))
	}
	for _, next := range c.policy.NextCarriers {
		if c.p.carriers[next] != nil && !asked[next] && c.order.End == order.EndNone {
			return c.reroute(own, s, a, next)
		}
	}
	return c.moveShipment(s, shipping.EventFailed, refusalOf(s, a))
}

// reroute asks the next carrier for a label.
func (c *change) reroute(own *work.Item, s *shipping.Shipment, a *shipping.Attempt, next string) error {
	data := refusalOf(s, a)
	data.NextCarrier, s.Carrier = next, next
	c.again(own, c.tx.Now(), 0, "refused: "+string(a.Refusal)+"; "+next+" is asked")
	if err := c.openLabelAttempt(s, shipping.OpBuy, c.tx.Now()); err != nil {
		return err
	}
	return c.moveShipment(s, shipping.EventRerouted, data)
}

func refusalOf(s *shipping.Shipment, a *shipping.Attempt) shipmentData {
	return shipmentData{Carrier: s.Carrier, Attempt: a.N, Refusal: a.Refusal}
}

// labelErrand is an attempt at a carrier.
type labelErrand struct {
	c *change
	s *shipping.Shipment
	a *shipping.Attempt
}

func (e labelErrand) attempt() *attempt.Attempt { return &e.a.Attempt }
func (e labelErrand) keyLife() time.Duration    { return e.c.carrierKeyLife(e.s) }

func (e labelErrand) away() (support.Category, string) {
	return support.Other, "The carrier has not been reached for too long."
}

// unknown says nothing of a label that is given back: it is asked again.
func (e labelErrand) unknown() error {
	if e.a.Op == shipping.OpVoid {
		return nil
	}
	return e.c.moveShipment(e.s, shipping.EventLabelUnknown, shipmentData{Carrier: e.s.Carrier, Attempt: e.a.N})
}

func (e labelErrand) abandon() error {
	return e.c.moveShipment(e.s, shipping.EventVoided, shipmentData{Carrier: e.s.Carrier, Attempt: e.a.N})
}

func (e labelErrand) wanted() bool {
	return e.c.order.End != order.EndCancelling && e.c.order.End != order.EndChanging
}

func (e labelErrand) anew(first time.Time) error { return e.c.openLabelAttempt(e.s, e.a.Op, first) }

func (e labelErrand) declined(next time.Time) error {
	data := refusalOf(e.s, e.a)
	data.Next = &next
	return e.c.moveShipment(e.s, shipping.EventLabelRefused, data)
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
