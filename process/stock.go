package process

import (
	"context"
	"strconv"

	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/inventory"
)

// DefineSKU makes an SKU, or changes its name, currency, price, weight and whether
// orders may wait for it.
//
// Errors: invalid.
func (p *Process) DefineSKU(ctx context.Context, by Command, s inventory.SKU) (Result[inventory.SKU], error) {
	return once(ctx, p, by, "define_sku", s, []db.Lock{inventory.Lock(s.Code)}, func(tx *db.Tx) (inventory.SKU, error) { return define(tx, by, s) })
}

// DescribeSKU makes an SKU, or changes its name, currency, price and weight: whether
// orders may wait for it stays as it is.
//
// Errors: invalid.
func (p *Process) DescribeSKU(ctx context.Context, by Command, s inventory.SKU) (Result[inventory.SKU], error) {
	return once(ctx, p, by, "describe_sku", s, []db.Lock{inventory.Lock(s.Code)}, func(tx *db.Tx) (inventory.SKU, error) {
		known, err := inventory.Catalogue(tx, []string{s.Code})
		if err != nil {
			return s, err
		}
		s.Backorder = known[s.Code].Backorder
		return define(tx, by, s)
	})
}

func define(tx *db.Tx, by Command, s inventory.SKU) (inventory.SKU, error) {
	s, changed, err := inventory.Define(tx, s)
	if err != nil || !changed {
		return s, err
	}
	event.Append(tx, event.Event{Subject: s.Code, Version: s.Version, Entity: s.Code, Type: inventory.EventDefined,
		Actor: by.By, At: tx.Now(), Data: event.Data(s)})
	return s, nil
}

// AllowBackorders says whether orders may wait for an SKU of which too little is
// there. Those that wait already go on waiting.
//
// Errors: not_found.
func (p *Process) AllowBackorders(ctx context.Context, by Command, sku string, allow bool) (Result[inventory.SKU], error) {
	return once(ctx, p, by, "allow_backorders", [2]any{sku, allow}, []db.Lock{inventory.Lock(sku)}, func(tx *db.Tx) (inventory.SKU, error) {
		s, err := inventory.Get(tx, sku)
		if err != nil {
			return s, err
		}
		s.Backorder = allow
		return define(tx, by, s)
	})
}

// SetLocation makes a location or changes it.
//
// Errors: invalid.
func (p *Process) SetLocation(ctx context.Context, by Command, l inventory.Location) (Result[inventory.Location], error) {
	return once(ctx, p, by, "set_location", l, []db.Lock{inventory.LocationLock(l.ID)}, func(tx *db.Tx) (inventory.Location, error) {
		return l, inventory.SetLocation(tx, l)
	})
}

// ReceiveStock adds what came in to a location.
//
// Errors: invalid; not_found; conflict when there would be too much.
func (p *Process) ReceiveStock(ctx context.Context, by Command, sku, location string, quantity int64) (Result[inventory.SKU], error) {
	return p.moveStock(ctx, by, inventory.EventReceived, sku, inventory.EventData{Location: location, Quantity: quantity}, inventory.Receive)
}

// TakeBackStock adds what a customer has sent back to a location.
//
// Errors: as ReceiveStock.
func (p *Process) TakeBackStock(ctx context.Context, by Command, sku, location string, quantity int64, reason string) (Result[inventory.SKU], error) {
	d := inventory.EventData{Location: location, Quantity: quantity, Reason: reason}
	return p.moveStock(ctx, by, inventory.EventReturned, sku, d, inventory.TakeBack)
}

// AdjustStock changes what a location has by delta, for a reason.
//
// Errors: invalid; not_found; conflict when less would be left than is reserved.
func (p *Process) AdjustStock(ctx context.Context, by Command, sku, location string, delta int64, reason string) (Result[inventory.SKU], error) {
	return p.moveStock(ctx, by, inventory.EventAdjusted, sku, inventory.EventData{Location: location, Quantity: delta, Reason: reason}, inventory.Adjust)
}

// SetStock adjusts what a location has to the given figure, as after a count.
//
// Errors: invalid; not_found; conflict when less would be left than is reserved.
func (p *Process) SetStock(ctx context.Context, by Command, sku, location string, onHand int64, reason string) (Result[inventory.SKU], error) {
	d := inventory.EventData{Location: location, Quantity: onHand, Reason: reason}
	return once(ctx, p, by, "set_stock", [2]any{sku, d}, []db.Lock{inventory.Lock(sku)}, func(tx *db.Tx) (inventory.SKU, error) {
		return p.move(tx, by, inventory.EventAdjusted, sku, d, inventory.Set)
	})
}

// SetSafetyStock has so many of an SKU kept back at a location: they are
// reserved for no order. What is reserved already stays reserved.
//
// Errors: invalid; not_found.
func (p *Process) SetSafetyStock(ctx context.Context, by Command, sku, location string, quantity int64) (Result[inventory.Level], error) {
	d := inventory.EventData{Location: location, Quantity: quantity}
	return once(ctx, p, by, string(inventory.EventSafety), [2]any{sku, d}, []db.Lock{inventory.Lock(sku)}, func(tx *db.Tx) (inventory.Level, error) {
		s, err := inventory.Get(tx, sku)
		if err == nil {
			err = by.atSKU(s)
		}
		if err != nil {
			return inventory.Level{}, err
		}
		l, changed, err := inventory.SetSafety(tx, sku, location, quantity)
		if err != nil || !changed {
			return l, err
		}
		_, err = p.appendStock(tx, by, inventory.EventSafety, sku, d)
		return l, err
	})
}

// appendStock counts and writes an event of an SKU, does what the table says
// follows, and returns the SKU's version.
//
// Errors: not_found.
func (p *Process) appendStock(tx *db.Tx, by Command, t event.Type, sku string, d inventory.EventData) (int64, error) {
	version, err := inventory.NextVersion(tx, sku)
	if err != nil {
		return 0, err
	}
	c, err := p.begin(tx, StockOwner(sku), by.By)
	if err != nil {
		return 0, err
	}
	if err := c.append(event.Event{Subject: sku, Version: version, Entity: sku, Type: t, Actor: by.By, At: tx.Now(), Data: event.Data(d)}); err != nil {
		return 0, err
	}
	if err := c.follow(); err != nil {
		return 0, err
	}
	return version, c.finish(nil)
}

func (p *Process) moveStock(ctx context.Context, by Command, t event.Type, sku string, d inventory.EventData,
	move stockMove,
) (Result[inventory.SKU], error) {
	return once(ctx, p, by, string(t), [2]any{sku, d}, []db.Lock{inventory.Lock(sku)}, func(tx *db.Tx) (inventory.SKU, error) {
		return p.move(tx, by, t, sku, d, move)
	})
}

// move moves stock of an SKU that is no order's, with the event of it.
//
// Errors: not_found; those of the move.
func (p *Process) move(tx *db.Tx, by Command, t event.Type, sku string, d inventory.EventData, move stockMove) (inventory.SKU, error) {
	s, err := inventory.Get(tx, sku)
	if err == nil {
		err = by.atSKU(s)
	}
	if err != nil {
		return s, err
	}
	cause := inventory.Cause{Key: strconv.FormatInt(s.Version+1, 10), By: by.By, At: tx.Now(), Reason: d.Reason, IDs: p.ids}
	moved, err := move(tx, cause, sku, d.Location, d.Quantity)
	if err != nil || moved == 0 {
		return s, err
	}
	d.Quantity = moved
	s.Version, err = p.appendStock(tx, by, t, sku, d)
	return s, err
}

// stockMove is one of inventory's moves: it returns by how much it changed the stock.
type stockMove func(tx *db.Tx, c inventory.Cause, sku, location string, quantity int64) (int64, error)
