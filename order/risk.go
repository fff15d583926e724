package order

import "doorstep/money"

// AtRisk returns how much of the customer's money the shop has, or may take,
// for which it has neither delivered nor given back: minor units. Arrived is
// what the goods are worth that are at the door.
func (o Order) AtRisk(arrived int64) int64 {
	s := o.Sums
	switch {
	case o.Payment == PaymentAuthorised:
		return o.Total
	case s.Captured == 0:
		return 0
	case s.Arrived == s.Units && s.Units > 0:
		return s.Refunding
	default:
		return max(s.Captured-s.Refunded-arrived, s.Refunding)
	}
}

// Worth returns what the customer pays for so many units of the line, with its
// part of the discount and of the shipping: minor units.
func (l Line) Worth(units int64, taxIncluded bool) int64 {
	whole := l.Total - l.Discount + l.Shipping
	if !taxIncluded {
		whole += l.Tax
	}
	return money.Allot(whole, []int64{units, l.Quantity - units})[0]
}
