package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"doorstep/fault"
	"doorstep/money"
)

// TicketLimits bound what a ticket's decision may cost: a refund, or goods sent
// anew, by what the customer has paid for them. What is beyond one of them is
// proposed, and a second person approves it. Without an amount in a currency,
// nothing in it is within the limits.
type TicketLimits struct {
	Decision []Amount `json:"decision"` // the most for one decision
	Customer []Amount `json:"customer"` // the most for one customer in the period
	Count    int      `json:"count"`    // how many decisions at most for one customer in the period
	Period   Duration `json:"period"`
	OrderAge Duration `json:"order_age"` // how old the order may be
}

// Amount is some money, written as GBP:2500 (minor units).
type Amount struct {
	Currency money.Currency
	Minor    int64
}

// MarshalText writes the amount as UnmarshalText reads it.
func (a Amount) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%s:%d", a.Currency, a.Minor), nil
}

// UnmarshalText reads an amount.
//
// Errors: invalid when it is none.
func (a *Amount) UnmarshalText(b []byte) error {
	currency, minor, _ := strings.Cut(string(b), ":")
	n, err := strconv.ParseInt(minor, 10, 64)
	read := Amount{money.Currency(currency), n}
	// What it is written as again must be what was read: nothing is left over.
	if text, _ := read.MarshalText(); err != nil || string(text) != string(b) {
		return fault.New(fault.Invalid, "%.60q is no amount such as GBP:2500 (minor units)", string(b))
	}
	*a = read
	return nil
}

// In returns the amount in a currency, 0 where there is none.
func In(amounts []Amount, c money.Currency) int64 {
	for _, a := range amounts {
		if a.Currency == c {
			return a.Minor
		}
	}
	return 0
}

// check checks the limits.
func (l TicketLimits) check(c *fault.Check) {
	checkAmounts(c, "ticket_limits.decision", l.Decision)
	checkAmounts(c, "ticket_limits.customer", l.Customer)
	c.If(l.Count < 0, "ticket_limits.count", "out_of_range", "not negative")
	c.If(l.Period < shortest, "ticket_limits.period", "out_of_range", "at least %s", time.Duration(shortest))
	c.If(l.OrderAge < shortest, "ticket_limits.order_age", "out_of_range", "at least %s", time.Duration(shortest))
}

func checkAmounts(c *fault.Check, path string, amounts []Amount) {
	said := map[money.Currency]bool{}
	for i, a := range amounts {
		at := fmt.Sprintf("%s[%d]", path, i)
		c.If(!a.Currency.Valid(), at, "currency", "a currency of ISO 4217 such as GBP")
		c.If(a.Minor < 0, at, "out_of_range", "an amount that is not negative")
		c.If(said[a.Currency], at, "duplicate", "one amount in each currency")
		said[a.Currency] = true
	}
}
