package process

import (
	"context"
	"strconv"
	"strings"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/order"
	"doorstep/shipping"
	"doorstep/support"
)

// AddCanned keeps an answer that the shop gives again and again.
//
// Errors: invalid; conflict when there are as many as there can be; forbidden.
func (p *Process) AddCanned(ctx context.Context, by Command, q support.CannedRequest) (Result[support.Canned], error) {
	return once(ctx, p, by, "add_canned", q, []db.Lock{support.CannedLock()}, func(tx *db.Tx) (support.Canned, error) {
		if err := q.Validate(); err != nil {
			return support.Canned{}, err
		}
		all, err := support.AllCanned(tx)
		if err != nil {
			return support.Canned{}, err
		}
		if len(all) >= support.MaxCanned {
			return support.Canned{}, fault.New(fault.Conflict, "there are %d canned answers already, and no more can be", len(all))
		}
		a := support.Canned{ID: p.ids.New(support.CannedPrefix, tx.Now(), q.Name+"\x00"+q.Body), Version: 1, Name: q.Name, Body: q.Body, UpdatedAt: tx.Now()}
		support.InsertCanned(tx, a)
		a.Say(tx, support.EventCannedAdded, by.By)
		return a, nil
	})
}

// ChangeCanned makes a canned answer another one.
//
// Errors: invalid; not_found; stale when the command has a version and the answer is at
// another; forbidden.
func (p *Process) ChangeCanned(ctx context.Context, by Command, id string, q support.CannedRequest) (Result[support.Canned], error) {
	return p.changeCanned(ctx, by, "change_canned", id, q, support.EventCannedChanged, func(tx *db.Tx, a *support.Canned) error {
		if err := q.Validate(); err != nil {
			return err
		}
		a.Name, a.Body, a.UpdatedAt = q.Name, q.Body, tx.Now()
		support.SaveCanned(tx, *a)
		return nil
	})
}

// RemoveCanned removes a canned answer. What it was stays in its events.
//
// Errors: not_found; stale when the command has a version and the answer is at another;
// forbidden.
func (p *Process) RemoveCanned(ctx context.Context, by Command, id string) (Result[support.Canned], error) {
	return p.changeCanned(ctx, by, "remove_canned", id, nil, support.EventCannedRemoved, func(tx *db.Tx, _ *support.Canned) error {
		support.DropCanned(tx, id)
		return nil
	})
}

// changeCanned carries out a use case on a canned answer as it was seen.
func (p *Process) changeCanned(ctx context.Context, by Command, useCase, id string, request any, says event.Type, do func(*db.Tx, *support.Canned) error) (Result[support.Canned], error) {
	return once(ctx, p, by, useCase, []any{id, by.Version, request}, []db.Lock{support.CannedLock()}, func(tx *db.Tx) (support.Canned, error) {
		a, err := support.GetCanned(tx, id)
		if err != nil {
			return a, err
		}
		if by.Version != 0 && by.Version != a.Version {
			return a, fault.New(fault.Stale, "the canned answer has changed since version %d: it is at %d", by.Version, a.Version)
		}
		a.Version++
		if err := do(tx, &a); err != nil {
			return a, err
		}
		a.Say(tx, says, by.By)
		return a, nil
	})
}

// CannedAnswers returns all canned answers, by name: there are never more than
// support.MaxCanned.
func (p *Process) CannedAnswers(ctx context.Context) ([]support.Canned, error) {
	return db.View(ctx, p.db, support.AllCanned)
}

// CannedAnswer returns a canned answer. Errors: not_found.
func (p *Process) CannedAnswer(ctx context.Context, id string) (support.Canned, error) {
	return db.View(ctx, p.db, func(r db.Reader) (support.Canned, error) { return support.GetCanned(r, id) })
}

// Filled is a canned answer as it is written in a ticket.
type Filled struct {
	Text    string          `json:"text"`
	Missing []support.Blank `json:"missing"` // what is not known of the ticket: these stand in the text, in braces
}

// FillCanned fills the blanks of a canned answer from a ticket and its order, for who
// writes. Nothing is sent.
//
// Errors: not_found.
func (p *Process) FillCanned(ctx context.Context, by access.Actor, ticket, id string) (Filled, error) {
	names, err := p.Names(ctx, []access.Actor{by})
	if err != nil {
		return Filled{}, err
	}
	return db.View(ctx, p.db, func(r db.Reader) (f Filled, err error) {
		t, err := support.Get(r, ticket)
		if err != nil {
			return f, err
		}
		a, err := support.GetCanned(r, id)
		if err != nil {
			return f, err
		}
		known := map[support.Blank]string{support.Writer: names[by]}
		if t.Order != "" {
			if err := knownOf(r, t.Order, known); err != nil {
				return f, err
			}
		}
		f.Text, f.Missing = support.Fill(a.Body, known)
		return f, nil
	})
}

// knownOf adds what is known of an order to what blanks are filled with.
func knownOf(r db.Reader, orderID string, known map[support.Blank]string) error {
	o, err := order.Get(r, orderID)
	if err != nil {
		return err
	}
	contact, err := order.KnownContact(r, orderID)
	if err != nil {
		return err
	}
	known[support.OrderNumber], known[support.Reference] = strconv.FormatInt(o.Number, 10), o.Reference.Number
	known[support.FullName] = contact.Name
	if words := strings.Fields(contact.Name); len(words) > 0 {
		known[support.FirstName] = words[0]
	}
	parcels, err := shipping.Of(r, orderID)
	for _, s := range parcels {
		if s.TrackingNumber != "" {
			known[support.TrackingNumber], known[support.Carrier] = s.TrackingNumber, s.Carrier
		}
	}
	return err
}
