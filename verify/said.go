package verify

import (
	"encoding/json"
	"slices"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
	"doorstep/support"
)

// whole says whether the order's history has as many events as its row counts:
// one that is not whole is named for that, and proves nothing else.
func (d *dossier) whole() bool { return int64(len(d.events)) == d.order.Version }

// checkGateway holds the order's payment against what the event of its placing
// says of it.
func (d *dossier) checkGateway() {
	placed, ok := pick(d.events, func(e event.Event) bool { return e.Type == order.EventProcessed })
	if !ok || !d.whole() {
		return
	}
	var said struct{ Payment, Gateway string }
	if json.Unmarshal(placed.Data, &said) != nil {
		d.find(PaymentGateway, d.order.ID, "what event %d says of its payment can not be read", placed.Version)
		return
	}
	if p, ok := d.payment(said.Payment); !ok || p.Gateway != said.Gateway {
		d.find(PaymentGateway, d.order.ID, "it was placed with the payment %s at %q, stored is one at %q", said.Payment, said.Gateway, p.Gateway)
	}
}

// endings says how an attempt may stand of which an event of the type tells. An
// event that is not named tells of none, or nothing of its end.
var endings = map[event.Type][]attempt.Status{
	payment.EventUnknown:         {attempt.Unknown, attempt.Succeeded, attempt.Declined, attempt.Expired},
	payment.EventDeclined:        {attempt.Declined},
	payment.EventExpired:         {attempt.Expired},
	payment.EventAuthorised:      {attempt.Succeeded},
	payment.EventSucceeded:       {attempt.Succeeded},
	payment.EventFailed:          {attempt.Declined},
	payment.EventCaptureFailed:   {attempt.Declined},
	payment.EventRenewed:         {attempt.Succeeded},
	payment.EventRenewalDeclined: {attempt.Declined},
	payment.EventCanceled:        {attempt.Succeeded, attempt.Expired, attempt.Withdrawn},

	payment.EventRefundUnknown:   {attempt.Unknown, attempt.Succeeded, attempt.Declined, attempt.Expired},
	payment.EventRefundDeclined:  {attempt.Declined},
	payment.EventRefundSucceeded: {attempt.Succeeded},

	shipping.EventLabelUnknown: {attempt.Unknown, attempt.Succeeded, attempt.Declined, attempt.Expired},
	shipping.EventLabelRefused: {attempt.Declined},
	shipping.EventLabelBought:  {attempt.Succeeded},
	shipping.EventFailed:       {attempt.Declined},
	shipping.EventVoidRefused:  {attempt.Declined},
	shipping.EventVoided:       {attempt.Succeeded, attempt.Expired, attempt.Withdrawn},
}

// tried is an attempt by what it is about and its number.
type tried struct {
	about string // a payment or a shipment
	n     int64
}

// checkAttemptEvents looks for every attempt that an event tells of. That they
// are numbered without a gap does not show when the last one is lost.
func (d *dossier) checkAttemptEvents() {
	if !d.whole() {
		return
	}
	all := d.tried()
	for _, e := range d.events {
		var said struct {
			Attempt int64  `json:"attempt"`
			Next    string `json:"next"` // when another one follows
		}
		ends, ok := endings[e.Type]
		if !ok || json.Unmarshal(e.Data, &said) != nil || said.Attempt == 0 {
			continue
		}
		about := d.askedFor(e.Entity)
		a, ok := all[tried{about, said.Attempt}]
		switch {
		case !ok:
			d.find(AttemptStatus, about, "version %d, %s, tells of attempt %d, and there is none", e.Version, e.Type, said.Attempt)
		case !slices.Contains(ends, a.Status):
			d.find(AttemptStatus, about, "version %d, %s, tells of attempt %d, and it is %s", e.Version, e.Type, said.Attempt, a.Status)
		}
		if _, ok := all[tried{about, said.Attempt + 1}]; !ok && said.Next != "" {
			d.find(AttemptStatus, about, "version %d, %s, says that another attempt follows number %d, and there is none", e.Version, e.Type, said.Attempt)
		}
	}
}

// tried returns the order's attempts at gateways and carriers.
func (d *dossier) tried() map[tried]attempt.Attempt {
	all := map[tried]attempt.Attempt{}
	for _, a := range d.attempts {
		all[tried{a.Payment, a.N}] = a.Attempt
	}
	for _, a := range d.labels {
		all[tried{a.Shipment, a.N}] = a.Attempt
	}
	return all
}

// askedFor is what the attempts are about of which an event about the entity
// tells: those of a refund are its payment's.
func (d *dossier) askedFor(entity string) string {
	if f, ok := d.refund(entity); ok {
		return f.Payment
	}
	return entity
}

// checkAttemptStatus looks whether every attempt is in a status that there is,
// and has a time of its end when it has ended.
func (d *dossier) checkAttemptStatus() {
	for _, a := range d.attempts {
		d.checkStatus(a.Payment, a.Attempt)
	}
	for _, a := range d.labels {
		d.checkStatus(a.Shipment, a.Attempt)
	}
}

func (d *dossier) checkStatus(about string, a attempt.Attempt) {
	switch {
	case !slices.Contains(attempt.Transitions.States(), a.Status):
		d.find(AttemptStatus, about, "the attempt %s is %q, which is no status", a.Key, a.Status)
	case a.IsOpen() != a.ClosedAt.IsZero():
		d.find(AttemptStatus, about, "the attempt %s is %s, and its end is at %s", a.Key, a.Status, a.ClosedAt)
	}
}

// checkTicketSaid holds what a ticket is about, and why it stands as it does,
// against its events.
func (d *dossier) checkTicketSaid(t support.Ticket) {
	category, reason, assignee := t.Category, t.Reason, t.Assignee
	if d.order.ID == "" || d.whole() {
		category, reason, assignee = d.ticketSaid(t)
	}
	if t.Category != category {
		d.find(TicketCategory, t.ID, "the row says %q, its events %q", t.Category, category)
	}
	if t.Assignee != assignee {
		d.find(TicketReason, t.ID, "the row says that %q sees to it, its events %q", t.Assignee, assignee)
	}
	switch {
	case t.Reason != reason:
		d.find(TicketReason, t.ID, "the row says %q, its events %q", t.Reason, reason)
	case t.Status.Unsolved() && t.Reason == "":
		d.find(TicketReason, t.ID, "it is %s without a reason", t.Status)
	}
}

// ticketSaid returns what a ticket's events say of it: what it was opened about,
// unless one of them says another category, the last reason, and who sees to it.
func (d *dossier) ticketSaid(t support.Ticket) (category support.Category, reason support.Reason, assignee string) {
	for _, e := range d.events {
		if e.Entity != t.ID {
			continue
		}
		var said struct {
			Category support.Category
			Reason   support.Reason
			Assignee *string
		}
		_ = json.Unmarshal(e.Data, &said) // what can not be read says nothing
		if said.Assignee != nil {
			assignee = *said.Assignee
		}
		if said.Category != t.Category || category == "" {
			category = said.Category
		}
		if said.Reason != "" {
			reason = said.Reason
		}
	}
	return category, reason, assignee
}

// checkDefined holds what an SKU is against what was last said of it.
func (r *Report) checkDefined(skus []inventory.SKU, said []event.Event) {
	last := map[string]inventory.SKU{}
	for _, e := range said {
		var s inventory.SKU
		_ = json.Unmarshal(e.Data, &s) // what can not be read says nothing
		last[e.Subject] = s
	}
	for _, s := range skus {
		want := last[s.Code]
		want.Version = s.Version // each of its events counts it, not only those
		if s != want {
			r.find(Defined, s.Code, "the row says %+v, its events %+v", s, want)
		}
	}
}
