package importer

import "doorstep/order"

// What stands where the online-retail format says nothing but an address needs
// something.
const (
	unknown = "unknown" // street and city
	guest   = "Guest"   // who receives the order of an invoice without a customer
)

// requestOf returns the order that an invoice is placed as, without its lines and
// sums. Prices are as the file has them, with any tax in them; how much tax that
// is, it does not say.
func requestOf(d Document, country string) order.Request {
	return order.Request{
		Reference:        order.Reference{Source: d.Source, Number: d.Number},
		Customer:         order.CustomerRequest{ID: d.Customer},
		Currency:         d.Currency,
		PricesIncludeTax: true,
		ShipTo:           order.Address{Name: receiver(d.Customer), Line1: unknown, City: unknown, Country: countryCode(country)},
	}
}

func receiver(customer string) string {
	if customer == "" {
		return guest
	}
	return "Customer " + customer
}
