package process

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/shipping"
)

// moveShipment moves a shipment by its table and says so in the history.
func (c *change) moveShipment(s *shipping.Shipment, t event.Type, data any) error {
	from := s.Status
	to, err := shipping.Transitions.Next(from, t)
	if err != nil {
		return err
	}
	s.Status = to
	return c.emit(event.Event{Entity: s.ID, Type: t, From: string(from), To: string(to), Data: event.Data(data)})
}

// shipmentData is what an event of a shipment carries.
type shipmentData struct {
	Carrier        string                  `json:"carrier"`
	Location       string                  `json:"location,omitempty"`
	TrackingNumber string                  `json:"tracking_number,omitempty"`
	Cost           int64                   `json:"cost,omitempty"`
	Currency       string                  `json:"currency,omitempty"`
	Attempt        int64                   `json:"attempt,omitempty"`
	Refusal        shipping.Refusal        `json:"refusal,omitempty"`
	Next           *time.Time              `json:"next,omitempty"` // when it is attempted again
	Tracking       shipping.TrackingStatus `json:"tracking,omitempty"`
	SeenAt         *time.Time              `json:"seen_at,omitempty"` // by the carrier's clock
}

// planShipment is the rule of an order that is paid: a parcel for each
// location that keeps goods for it.
func planShipment(c *change, _ event.Event) error {
	reserved, err := inventory.Reservations(c.tx, c.order.ID, c.order.ID)
	if err != nil {
		return err
	}
	lines, err := c.lines()
	if err != nil {
		return err
	}
	var locations []string
	for _, r := range reserved {
		if !slices.Contains(locations, r.Location) {
			locations = append(locations, r.Location)
		}
	}
	if len(locations) != 1 {
		return fault.New(fault.Internal, "order %s has goods reserved at %d locations", c.order.ID, len(locations))
	}
	skus, err := inventory.Catalogue(c.tx, demandOfLines(lines))
	if err != nil {
		return err
	}
	s := shipping.Shipment{
		ID: c.newID("shp", locations[0]), Order: c.order.ID, Location: locations[0], Carrier: c.policy.Carrier,
		Service: c.order.ShippingMethod, Tracking: shipping.TrackingUnknown, PlannedAt: c.tx.Now(),
	}
	held := make([]shipping.ShipmentLine, len(lines))
	for i, l := range lines {
		held[i] = shipping.ShipmentLine{Line: l.Line, SKU: l.SKU, Quantity: l.Quantity}
		s.Weight += skus[l.SKU].Weight * l.Quantity
	}
	c.held = map[string][]shipping.ShipmentLine{s.ID: held}
	return c.moveShipment(c.shipments.add(s), shipping.EventPlanned, shipmentData{Carrier: s.Carrier, Location: s.Location})
}

// lines returns the order's lines, those just placed where it is new.
func (c *change) lines() ([]order.Line, error) {
	if c.fresh {
		return c.newLines, nil
	}
	return order.Lines(c.tx, c.order.ID)
}

func demandOfLines(lines []order.Line) []string {
	var skus []string
	for sku := range order.Demand(lines) {
		skus = append(skus, sku)
	}
	slices.Sort(skus)
	return skus
}

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
		settled := p.settle(ctx, it, access.Provider(q.attempt.Carrier), true, func(c *change, own *work.Item) error {
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
	case errors.Is(asked, shipping.ErrNoLabel) && !c.tx.Now().Before(a.KeyUntil):
		return c.labelExpired(own, s, a)
	case errors.Is(asked, shipping.ErrNotReached):
		return c.askAgain(own, asked.Error())
	case asked != nil:
		return c.labelUnknown(own, s, a, asked)
	}
	a.ClosedAt, a.Refusal = c.tx.Now(), answer.Refusal
	if !answer.done {
		return c.labelRefused(own, s, a)
	}
	a.Status = shipping.AttemptSucceeded
	if a.Op == shipping.OpVoid {
		return c.moveShipment(s, shipping.EventVoided, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber})
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
	if a.Status == shipping.AttemptOpen {
		a.Status = shipping.AttemptUnknown
		if a.Op == shipping.OpBuy {
			if err := c.moveShipment(s, shipping.EventLabelUnknown, shipmentData{Carrier: s.Carrier, Attempt: a.N}); err != nil {
				return err
			}
		}
	}
	return c.askAgain(own, asked.Error())
}

// labelExpired replaces a purchase that was never made, unless the order is
// being cancelled.
func (c *change) labelExpired(own *work.Item, s *shipping.Shipment, a *shipping.Attempt) error {
	a.Status, a.ClosedAt = shipping.AttemptExpired, c.tx.Now()
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
	a.Status = shipping.AttemptRefused
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

// failUnshipped is the rule of a parcel that no carrier takes.
func failUnshipped(c *change, _ event.Event) error { return c.failOrder(order.ShippingFailed) }

// handOverReady is the rule of a shop where the label is the hand-over.
func handOverReady(c *change, _ event.Event) error {
	shipments, err := c.getShipments()
	if err != nil {
		return err
	}
	for _, s := range shipments {
		if s.Status == shipping.LabelBought {
			if err := c.ship(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// ship lets a parcel leave with its goods.
func (c *change) ship(s *shipping.Shipment) error {
	if err := inventory.ShipAll(c.tx, c.cause(s.ID)); err != nil {
		return err
	}
	s.ShippedAt = c.tx.Now()
	return c.moveShipment(s, shipping.EventShipped, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber})
}

// HandOver says that a person has handed a parcel over to its carrier. It is
// named by its id or its tracking number.
//
// Errors: invalid; not_found; too_late when it has left or will not; conflict
// when it waits for its label or for the money.
func (p *Process) HandOver(ctx context.Context, by Command, orderID, shipmentID string, h shipping.HandOver) (Result[order.Order], error) {
	return p.change(ctx, by, "hand_over", orderID, [2]any{shipmentID, h}, func(c *change) error {
		s, err := c.existingShipment(shipmentID)
		if err != nil {
			return err
		}
		switch {
		case s.Status == shipping.Shipped || s.Status == shipping.Voided || s.Status == shipping.Failed:
			return fault.New(fault.TooLate, "shipment %s is %s", s.ID, s.Status)
		case c.order.End != order.EndNone:
			return fault.New(fault.TooLate, "order %d is %s: nothing of it leaves", c.order.Number, ended(c.order))
		case c.order.Payment != order.PaymentCaptured:
			return fault.New(fault.Conflict, "order %d is not paid yet (%s): nothing of it leaves", c.order.Number, c.order.Payment)
		case s.Carrier != shipping.Manual && s.Status != shipping.LabelBought:
			return fault.New(fault.Conflict, "shipment %s has no label yet", s.ID)
		}
		if err := h.Validate(*s); err != nil {
			return err
		}
		if s.TrackingNumber == "" {
			s.TrackingNumber = h.TrackingNumber
		}
		return c.ship(s)
	})
}

func ended(o order.Order) string {
	if o.End == order.EndCancelling {
		return "being cancelled"
	}
	return string(o.Status)
}

// MarkDelivered says that a parcel has arrived which no carrier reports on.
//
// Errors: not_found; conflict when its carrier reports on it, or when it has
// not left or has arrived.
func (p *Process) MarkDelivered(ctx context.Context, by Command, orderID, shipmentID string) (Result[order.Order], error) {
	return p.change(ctx, by, "mark_delivered", orderID, shipmentID, func(c *change) error {
		s, err := c.existingShipment(shipmentID)
		if err != nil {
			return err
		}
		if s.Carrier != shipping.Manual || s.Status != shipping.Shipped || !s.DeliveredAt.IsZero() {
			return fault.New(fault.Conflict, "shipment %s (%s, by %s) waits for no word that it has arrived", s.ID, s.Status, s.Carrier)
		}
		return c.delivered(s, c.tx.Now())
	})
}

func (c *change) existingShipment(id string) (*shipping.Shipment, error) {
	s, err := c.shipment(id)
	if err == nil && s == nil {
		err = fault.New(fault.NotFound, "order %d has no shipment %q", c.order.Number, id)
	}
	return s, err
}

func (c *change) delivered(s *shipping.Shipment, at time.Time) error {
	s.DeliveredAt, s.Tracking = at, shipping.Delivered
	return c.moveShipment(s, shipping.EventDelivered, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber, SeenAt: &at})
}

// askTracking asks the carrier what it has seen of a parcel, and returns what
// is to be written then.
func askTracking(ctx context.Context, p *Process, it work.Item) (func(context.Context) error, error) {
	s, err := db.View(ctx, p.db, func(r db.Reader) (shipping.Shipment, error) { return readShipment(r, it) })
	if err != nil {
		return nil, err
	}
	tracking, err := p.track(ctx, s)
	return func(ctx context.Context) error {
		return p.settle(ctx, it, access.Provider(s.Carrier), s.Status != shipping.Shipped, func(c *change, own *work.Item) error {
			return c.settleTracking(own, tracking, err)
		})
	}, nil
}

func readShipment(r db.Reader, it work.Item) (shipping.Shipment, error) {
	all, err := shipping.Of(r, it.Owner)
	if err != nil {
		return shipping.Shipment{}, err
	}
	for _, s := range all {
		if s.ID == it.Subject {
			return s, nil
		}
	}
	return shipping.Shipment{}, fault.New(fault.NotFound, "order %s has no shipment %q", it.Owner, it.Subject)
}

func (p *Process) track(ctx context.Context, s shipping.Shipment) (shipping.Tracking, error) {
	carrier := p.carriers[s.Carrier]
	if carrier == nil {
		return shipping.Tracking{}, fmt.Errorf("%w: the shop has no carrier %q", shipping.ErrNotReached, s.Carrier)
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	return carrier.Track(ctx, s.TrackingNumber)
}

// settleTracking appends what the carrier has seen and moves the parcel on.
func (c *change) settleTracking(own *work.Item, t shipping.Tracking, asked error) error {
	s, err := c.shipment(own.Subject)
	if err != nil {
		return err
	}
	if asked != nil {
		c.again(own, c.tx.Now().Add(time.Duration(c.policy.TrackEvery)), own.Tries+1, asked.Error())
		return c.silence(s)
	}
	added, err := shipping.AddScans(c.tx, *s, t.Scans)
	if err != nil {
		return err
	}
	before := s.Tracking
	s.Tracking = shipping.Fold(before, added...)
	for _, k := range added {
		if k.At.After(s.ScannedAt) {
			s.ScannedAt = k.At
		}
	}
	if err := c.tracked(s, before, added); err != nil {
		return err
	}
	if s.Status == shipping.Shipped && s.Tracking == shipping.Delivered {
		return nil // the event of it has ended the step
	}
	next := t.Next
	if !next.After(c.tx.Now()) {
		next = c.tx.Now().Add(time.Duration(c.policy.TrackEvery))
	}
	c.again(own, next, 0, "")
	return c.silence(s)
}

// tracked says how far the scans have moved a parcel. The first one that
// proves that the carrier has it is its hand-over, if nothing else was: at
// once, or later when the money was not there yet.
func (c *change) tracked(s *shipping.Shipment, before shipping.TrackingStatus, added []shipping.Scan) error {
	leaves := s.Status == shipping.LabelBought && s.Tracking.Physical() && c.mayLeave()
	if leaves {
		if err := c.ship(s); err != nil {
			return err
		}
	}
	if s.Tracking == before && !(leaves && s.Tracking == shipping.Delivered) {
		return nil
	}
	at := seenAt(s.Tracking, added)
	if at.IsZero() {
		at = s.ScannedAt // it was seen before this
	}
	if s.Tracking == shipping.Delivered && s.Status == shipping.Shipped {
		return c.delivered(s, at)
	}
	return c.moveShipment(s, shipping.EventTracked, shipmentData{Carrier: s.Carrier, TrackingNumber: s.TrackingNumber, Tracking: s.Tracking, SeenAt: &at})
}

// mayLeave says whether a parcel that the carrier has seen leaves by the books
// too: the goods are still the order's, and the money is there.
func (c *change) mayLeave() bool {
	return c.order.Stock == order.StockReserved && c.order.Payment == order.PaymentCaptured &&
		(c.order.End == order.EndNone || c.order.End == order.EndCancelling)
}

func seenAt(status shipping.TrackingStatus, scans []shipping.Scan) time.Time {
	for _, k := range scans {
		if k.Status == status {
			return k.At
		}
	}
	return time.Time{}
}

func trackDue(c *change) time.Time { return c.tx.Now().Add(time.Duration(c.policy.TrackEvery)) }

func awaitHandOverDue(c *change) time.Time {
	return c.tx.Now().Add(time.Duration(c.policy.AwaitHandOver))
}

func awaitDeliveryDue(c *change) time.Time { return c.tx.Now().Add(time.Duration(c.policy.Silence)) }
