package process

import (
	"context"
	"maps"
	"slices"
	"strings"

	"doorstep/access"
	"doorstep/internal/db"
	"doorstep/order"
	"doorstep/shipping"
)

// Search returns up to limit orders that a text names, the newest first: see order.Search,
// and those of which a parcel has the tracking number.
func (p *Process) Search(ctx context.Context, text string, limit int) ([]order.Order, error) {
	if text = strings.ToValidUTF8(strings.ReplaceAll(strings.TrimSpace(text), "\x00", ""), ""); text == "" {
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
