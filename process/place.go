package process

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/inventory"
	"doorstep/money"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/shipping"
)

// Placed is the answer to the placing of an order: it is processed, or it has
// failed because there is too little of what is named.
type Placed struct {
	Order     order.Order           `json:"order"`
	Shortages []inventory.Shortage  `json:"shortages,omitempty"`
	Waiting   []inventory.Backorder `json:"waiting,omitempty"` // what it is processed without: that is reserved as it comes
}

// Place takes an order: in one transaction it is written, its stock is reserved
// (all of its lines or none, but for SKUs that may be waited for) and its payment
// is opened. Both `processed` and
// `failed` (out of stock) are committed answers.
//
// Errors: invalid, with the path of every field that is wrong; conflict when
// the reference was used before, or the command key for another request.
func (p *Process) Place(ctx context.Context, by Command, q order.Request) (Result[Placed], error) {
	if err := q.Validate(); err != nil {
		return Result[Placed]{}, err
	}
	number, err := p.nextNumber(ctx)
	if err != nil {
		return Result[Placed]{}, err
	}
	locks := inventory.Locks(demandOf(q))
	if q.Reference != (order.Reference{}) {
		locks = append(locks, order.ReferenceLock(q.Reference))
	}
	by.trace = traceparent(ctx)
	return once(ctx, p, by, "place", q, locks, func(tx *db.Tx) (Placed, error) {
		return p.place(tx, by, q, number, "")
	})
}

// demandOf returns the SKUs that a request names, each once.
func demandOf(q order.Request) []string {
	skus := map[string]bool{}
	for _, l := range q.Lines {
		skus[l.SKU] = true
	}
	return slices.Sorted(maps.Keys(skus))
}

// place places an order, in exchange for goods of another one where that is not "".
func (p *Process) place(tx *db.Tx, by Command, q order.Request, number int64, exchangeOf string) (Placed, error) {
	c := &change{p: p, tx: tx, by: by.By, fresh: true, held: map[string][]shipping.ShipmentLine{}}
	var err error
	if c.policy, err = p.policies.Current(tx); err != nil {
		return Placed{}, err
	}
	q, known, err := p.fromCatalogue(tx, q)
	if err != nil {
		return Placed{}, err
	}
	totals, lines, err := q.Build()
	if err != nil {
		return Placed{}, err
	}
	if q.Reference == (order.Reference{}) {
		q.Reference = order.Reference{Source: order.OwnSource, Number: strconv.FormatInt(number, 10)}
	} else if err := c.referenceIsFree(q.Reference); err != nil {
		return Placed{}, err
	}
	c.newOrder(q, totals, number)
	c.order.ExchangeOf = exchangeOf
	c.newLines, c.newContact = lines, contactOf(q)
	taken, err := inventory.Take(tx, c.cause(""), order.Demand(lines), inventory.Terms{Split: c.policy.Split}, known)
	if err != nil {
		return Placed{}, err
	}
	if err := c.placed(q, taken); err != nil {
		return Placed{}, err
	}
	if err := c.follow(); err != nil {
		return Placed{}, err
	}
	if err := c.finish(nil); err != nil {
		return Placed{}, err
	}
	if err := order.Insert(tx, c.order, lines, c.newContact); err != nil {
		return Placed{}, err
	}
	keepTrace(tx, c.order.ID, by.trace)
	return Placed{Order: c.order, Shortages: taken.Short, Waiting: taken.Waiting}, nil
}

// fromCatalogue fills in names and prices that the request leaves to the
// catalogue, and returns the SKUs that it names.
//
// Errors: invalid when an SKU is not known, or priced in another currency.
func (p *Process) fromCatalogue(r db.Reader, q order.Request) (order.Request, map[string]inventory.SKU, error) {
	known, err := inventory.Catalogue(r, demandOf(q))
	if err != nil {
		return q, nil, err
	}
	var check fault.Check
	q.Lines = fillIn(&check, "lines", q.Lines, q.Currency, known)
	check.If(q.Payment.Gateway != "" && !p.hasGateway(q.Payment.Gateway), "payment.gateway", "unknown", "a gateway of the shop")
	return q, known, check.Err("the order")
}

// fillIn returns the lines with names and prices of the SKUs that are known.
func fillIn(check *fault.Check, path string, lines []order.LineRequest, currency money.Currency, known map[string]inventory.SKU) []order.LineRequest {
	lines = slices.Clone(lines)
	for i := range lines {
		path := fmt.Sprintf("%s[%d]", path, i)
		sku, ok := known[lines[i].SKU]
		if !ok {
			check.Add(path+".sku", "unknown", "an SKU of the catalogue; %q is none", lines[i].SKU)
			continue
		}
		if lines[i].Name == "" {
			lines[i].Name = sku.Name
		}
		if lines[i].UnitPrice == nil {
			check.If(sku.Currency != currency, path+".unit_price", "currency", "a price in %s: the catalogue has one in %s", currency, sku.Currency)
			lines[i].UnitPrice = &sku.Price
		}
	}
	return lines
}

func (c *change) referenceIsFree(ref order.Reference) error {
	o, taken, err := order.ByReference(c.tx, ref)
	if err == nil && taken {
		err = fault.New(fault.Conflict, "the order %s/%s was placed before, as %s", ref.Source, ref.Number, o.ID)
	}
	return err
}

func (c *change) newOrder(q order.Request, totals order.Totals, number int64) {
	now := c.tx.Now()
	method := q.Shipping.Method
	if method == "" {
		method = order.DefaultMethod
	}
	c.order = order.Order{
		ID: c.p.ids.New(order.Prefix, now, q.Reference.Source, q.Reference.Number), Number: number, Reference: q.Reference,
		Facets: order.New(), Customer: q.Customer.ID, Currency: q.Currency, PricesIncludeTax: q.PricesIncludeTax,
		Totals: totals, ShippingMethod: method, PlacedAt: now, UpdatedAt: now,
	}
	for _, loaded := range []*bool{&c.payments.loaded, &c.attempts.loaded, &c.refunds.loaded, &c.shipments.loaded, &c.returns.loaded,
		&c.labels.loaded, &c.tickets.loaded, &c.items.loaded} {
		*loaded = true // there is nothing to read of a new order
	}
}

// placed says what the placing came to. An order whose stock is reserved, or may
// be waited for, has a payment; one that is out of stock never comes so far.
func (c *change) placed(q order.Request, taken inventory.Taken) error {
	if len(taken.Short) > 0 {
		return c.emitOrder(order.EventFailed, failedData{Reason: order.OutOfStock, Total: c.order.Total, Currency: string(c.order.Currency), Shortages: taken.Short})
	}
	pay := c.payments.add(c.newPayment(q.Payment, len(taken.Waiting) > 0))
	data := processedData{Total: c.order.Total, Currency: string(c.order.Currency), Lines: len(c.newLines), Payment: pay.ID, Gateway: pay.Gateway, PayLater: pay.Status == payment.StatusRequiresConfirmation, ExchangeOf: c.order.ExchangeOf}
	data.SKUs = order.Demand(c.newLines)
	for _, b := range taken.Waiting {
		data.Backordered += b.Quantity
	}
	for _, r := range taken.Parts {
		data.Units += r.Quantity
		if !slices.Contains(data.Locations, r.Location) {
			data.Locations = append(data.Locations, r.Location)
		}
	}
	return c.emitOrder(order.EventProcessed, data)
}

// processedData is what the first event of an order carries.
type processedData struct {
	Total       int64            `json:"total"`
	Currency    string           `json:"currency"`
	Lines       int              `json:"lines"`
	SKUs        map[string]int64 `json:"skus"`                  // units that are ordered of each
	Units       int64            `json:"units"`                 // that are reserved
	Backordered int64            `json:"backordered,omitempty"` // units that are waited for
	Locations   []string         `json:"locations"`
	Payment     string           `json:"payment"`
	Gateway     string           `json:"gateway"`
	PayLater    bool             `json:"pay_later,omitempty"`   // it is asked to be paid when all of its goods are there
	ExchangeOf  string           `json:"exchange_of,omitempty"` // the order of whose goods these are in the place
}

// failedData is what order.failed carries.
type failedData struct {
	Reason    order.Failure        `json:"reason"`
	Total     int64                `json:"total"`
	Currency  string               `json:"currency"`
	Shortages []inventory.Shortage `json:"shortages,omitempty"`
}

// newPayment returns the payment of an order that waits for goods, or has all of
// them. One that is paid by what is sent back of another order is never put off.
func (c *change) newPayment(q order.PaymentRequest, waits bool) payment.Payment {
	p := payment.Payment{
		ID: c.newID(payment.Prefix), Order: c.order.ID, Gateway: q.Gateway, Method: q.Method, Currency: c.order.Currency,
		Amount: c.order.Total, Status: payment.StatusProcessing, OpenedAt: c.tx.Now(),
		Capture: c.policy.Capture == policy.CaptureAtOnce,
	}
	if p.Gateway == "" {
		p.Gateway = c.policy.Gateway
	}
	switch {
	case p.Amount == 0:
		p.Gateway = payment.Free
	case waits && c.policy.PayBackorders == policy.PayWhenShippable && c.order.ExchangeOf == "":
		p.Status = payment.StatusRequiresConfirmation
	case p.Gateway == payment.Manual:
		p.Status = payment.StatusRequiresPaymentMethod
	}
	return p
}

func contactOf(q order.Request) order.Contact {
	return order.Contact{Name: q.Customer.Name, Mail: q.Customer.Mail, Phone: q.Customer.Phone, ShipTo: q.ShipTo, BillTo: q.BillTo}
}

// cause says for the movements of stock who makes them and why.
func (c *change) cause(reason string) inventory.Cause {
	return inventory.Cause{Order: c.order.ID, Key: fmt.Sprint("v", c.order.Version, reason), By: c.by, At: c.tx.Now(), Reason: reason, IDs: c.p.ids}
}
