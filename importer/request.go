package importer

import "doorstep/order"

// What stands where the online-retail format says nothing but an address needs
// something.
const (
	unknown = "unknown" // street and city
	guest   = "Guest"   // who receives the order of an invoice without a customer
)

// request returns the order that an invoice is placed as. Prices are as the
// file has them, with any tax in them; how much tax that is, it does not say.
func (inv Invoice) request() order.Request {
	q := order.Request{
		Reference:        order.Reference{Source: OnlineRetail, Number: inv.Number},
		Customer:         order.CustomerRequest{ID: inv.Customer},
		Currency:         inv.Currency,
		PricesIncludeTax: true,
		Lines:            make([]order.LineRequest, len(inv.Lines)),
		Discount:         inv.Discount,
		Shipping:         order.ShippingRequest{Price: inv.Shipping},
		ShipTo:           order.Address{Name: inv.receiver(), Line1: unknown, City: unknown, Country: inv.Country},
		Total:            &inv.Value,
	}
	for i, l := range inv.Lines {
		q.Lines[i] = order.LineRequest{SKU: l.SKU, Name: l.Name, Quantity: l.Quantity, UnitPrice: &l.UnitPrice}
	}
	return q
}

func (inv Invoice) receiver() string {
	if inv.Customer == "" {
		return guest
	}
	return "Customer " + inv.Customer
}
