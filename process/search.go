package process

import (
	"context"
	"maps"
	"slices"
	"strings"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/shipping"
	"doorstep/support"
)

// Search returns up to limit orders that a text names, the newest first: see order.Search,
// and those of which a parcel has the tracking number.
func (p *Process) Search(ctx context.Context, text string, limit int) ([]order.Order, error) {
	if text = searchable(text); text == "" {
		return nil, nil
	}
	return db.View(ctx, p.db, func(r db.Reader) ([]order.Order, error) {
		found, err := order.Search(r, text, limit)
		if err != nil {
			return nil, err
		}
		parcels, err := shipping.ByTracking(r, text)
		if err != nil {
			return nil, err
		}
		ids := make([]string, len(parcels))
		for i, s := range parcels {
			ids[i] = s.Order
		}
		of, err := order.ByID(r, ids)
		return order.Newest(slices.AppendSeq(found, maps.Values(of)), limit), err
	})
}

// OrdersOfSKU returns up to limit orders that have a line of the SKU, before the one with
// the id ("" for all), the newest first.
func (p *Process) OrdersOfSKU(ctx context.Context, sku, before string, limit int) ([]order.Order, error) {
	return db.View(ctx, p.db, func(r db.Reader) ([]order.Order, error) { return order.OfSKU(r, sku, before, limit) })
}

// Found is what a text names.
type Found struct {
	Orders    []order.Order
	Customers []string // that the orders are of, where it is they who are named
	Tickets   []support.Ticket
	SKUs      []inventory.SKU // also those whose code begins so
}

// Find returns what a text names, up to limit of each: orders as Search does, a ticket by
// its identifier, SKUs by their codes.
func (p *Process) Find(ctx context.Context, text string, limit int) (f Found, err error) {
	if text = searchable(text); text == "" {
		return f, nil
	}
	if f.Orders, err = p.Search(ctx, text, limit); err != nil {
		return f, err
	}
	for _, o := range f.Orders {
		if named := o.Customer == text || strings.Contains(text, "@"); named && o.Customer != "" && !slices.Contains(f.Customers, o.Customer) {
			f.Customers = append(f.Customers, o.Customer)
		}
	}
	return db.View(ctx, p.db, func(r db.Reader) (Found, error) {
		found := f
		t, err := support.Get(r, text)
		switch {
		case err == nil:
			found.Tickets = []support.Ticket{t}
		case !fault.Is(err, fault.NotFound):
			return found, err
		}
		found.SKUs, err = inventory.Find(r, text, "", limit)
		if upper := strings.ToUpper(text); err == nil && len(found.SKUs) == 0 && upper != text {
			found.SKUs, err = inventory.Find(r, upper, "", limit)
		}
		return found, err
	})
}

// searchable is a text as a database can be asked for it.
func searchable(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(strings.TrimSpace(text), "\x00", ""), "")
}

// Names returns the names of those of the actors who are users.
func (p *Process) Names(ctx context.Context, actors []access.Actor) (map[access.Actor]string, error) {
	var ids []string
	for _, a := range actors {
		if id, is := strings.CutPrefix(string(a), "user:"); is && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	names := map[access.Actor]string{}
	if len(ids) == 0 {
		return names, nil
	}
	users, err := db.View(ctx, p.db, func(r db.Reader) ([]access.User, error) { return access.UsersByID(r, ids) })
	for _, u := range users {
		names[u.Actor()] = u.Name
	}
	return names, err
}
