package verify

import (
	"maps"
	"slices"

	"doorstep/internal/db"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
)

// partner is what is stored of the other order of an exchange.
type partner struct {
	order    order.Order // its ID is "" when there is no such order
	payments []payment.Payment
	refunds  []payment.Refund
	returns  []shipping.Return
}

// readPartners reads the other orders of the exchanges of those that were read.
func (s *section) readPartners(r db.Reader) error {
	for _, id := range slices.Sorted(maps.Keys(s.dossiers)) {
		d := s.dossiers[id]
		others := []string{d.order.ExchangeOf}
		for _, v := range d.returns {
			others = append(others, v.Exchange)
		}
		for _, other := range others {
			if other == "" {
				continue
			}
			p, err := readPartner(r, other)
			if err != nil {
				return err
			}
			if d.partners == nil {
				d.partners = map[string]partner{}
			}
			d.partners[other] = p
		}
	}
	return nil
}

func readPartner(r db.Reader, id string) (p partner, err error) {
	found, err := order.ByID(r, []string{id})
	if err != nil {
		return p, err
	}
	p.order = found[id]
	if p.payments, err = payment.Of(r, id); err != nil {
		return p, err
	}
	if p.refunds, err = payment.Refunds(r, id); err != nil {
		return p, err
	}
	p.returns, err = shipping.Returns(r, id)
	return p, err
}

// checkExchanged holds the order's returns, and what they paid with its money,
// against the orders that were placed in their place.
func (d *dossier) checkExchanged() {
	paid := map[string]bool{} // the refunds that paid one of them
	for _, v := range d.returns {
		if v.Exchange == "" {
			continue
		}
		in := d.partners[v.Exchange]
		if in.order.ExchangeOf != d.order.ID {
			d.find(Exchanges, v.ID, "the order %q in its place is in exchange for %q", v.Exchange, in.order.ExchangeOf)
		}
		for _, p := range in.payments {
			if !v.Open() && p.Status == payment.StatusRequiresPaymentMethod && in.order.End == order.EndNone {
				d.find(Exchanges, v.ID, "it is %s, and the order %s in its place still waits for its money", v.Status, v.Exchange)
			}
			f, ok := d.refund(p.PaidBy)
			if p.PaidBy != "" && (!ok || !agree(f, p)) {
				d.find(Exchanges, v.ID, "the payment %s of %d was paid by the refund %q, which is %s, of %d, and pays %q", p.ID, p.Captured, p.PaidBy, f.Status, f.Amount, f.Pays)
			}
			paid[p.PaidBy] = true
		}
	}
	for _, f := range d.refunds {
		if f.Pays != "" && !paid[f.ID] {
			d.find(Exchanges, f.ID, "it pays %q, and no order in exchange was paid by it", f.Pays)
		}
	}
}

// agree says whether a refund and a payment name each other, and are of the same
// amount.
func agree(f payment.Refund, p payment.Payment) bool {
	return f.Pays == p.ID && p.PaidBy == f.ID && f.Amount == p.Captured && f.Status == payment.RefundSucceeded
}

// checkExchange holds an order that was placed in exchange against the order that
// it is in exchange for.
func (d *dossier) checkExchange() {
	of := d.partners[d.order.ExchangeOf]
	if _, ok := pick(of.returns, func(v shipping.Return) bool { return v.Exchange == d.order.ID }); !ok && d.order.ExchangeOf != "" {
		d.find(Exchanges, d.order.ID, "it is in exchange for %s, which has no return that names it", d.order.ExchangeOf)
	}
	for _, p := range d.payments {
		if p.PaidBy == "" {
			continue
		}
		if f, ok := pick(of.refunds, func(f payment.Refund) bool { return f.ID == p.PaidBy }); !ok || !agree(f, p) {
			d.find(Exchanges, p.ID, "%d were paid by the refund %q, which is %s, of %d, and pays %q", p.Captured, p.PaidBy, f.Status, f.Amount, f.Pays)
		}
	}
}
