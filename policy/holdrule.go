package policy

import (
	"fmt"
	"strconv"
	"strings"

	"doorstep/fault"
	"doorstep/money"
)

// HoldRule stops an order for a person, who releases or cancels it. It is
// written as a text: amount_over:GBP:50000, countries_differ or
// declines_from:3.
type HoldRule struct {
	Kind     HoldKind
	Currency money.Currency // of AmountOver: orders in another currency are let pass
	Amount   int64          // of AmountOver: minor units
	Declines int            // of DeclinesFrom
}

// HoldKind says what of an order a rule looks at.
type HoldKind string

// The kinds of hold rules.
const (
	AmountOver      HoldKind = "amount_over"      // its total is more than the amount
	CountriesDiffer HoldKind = "countries_differ" // it is billed to another country than it goes to
	DeclinesFrom    HoldKind = "declines_from"    // so many attempts to take its money were declined, and another is to follow
)

// MarshalText writes the rule as UnmarshalText reads it.
func (r HoldRule) MarshalText() ([]byte, error) {
	switch r.Kind {
	case AmountOver:
		return fmt.Appendf(nil, "%s:%s:%d", r.Kind, r.Currency, r.Amount), nil
	case DeclinesFrom:
		return fmt.Appendf(nil, "%s:%d", r.Kind, r.Declines), nil
	default:
		return []byte(r.Kind), nil
	}
}

// UnmarshalText reads a rule.
//
// Errors: invalid when it is none.
func (r *HoldRule) UnmarshalText(b []byte) error {
	kind, rest, _ := strings.Cut(string(b), ":")
	read := HoldRule{Kind: HoldKind(kind)}
	var err error
	switch read.Kind {
	case AmountOver:
		currency, amount, _ := strings.Cut(rest, ":")
		read.Currency = money.Currency(currency)
		read.Amount, err = strconv.ParseInt(amount, 10, 64)
	case DeclinesFrom:
		read.Declines, err = strconv.Atoi(rest)
	}
	// What it is written as again must be what was read: nothing is left over.
	if text, _ := read.MarshalText(); err != nil || string(text) != string(b) || !read.known() {
		return fault.New(fault.Invalid, "%.60q is no rule such as amount_over:GBP:50000 (minor units), countries_differ or declines_from:3", string(b))
	}
	*r = read
	return nil
}

func (r HoldRule) known() bool {
	return r.Kind == AmountOver || r.Kind == CountriesDiffer || r.Kind == DeclinesFrom
}

// checkHoldRules checks each rule, and that no two say the same of the same.
func checkHoldRules(c *fault.Check, rules []HoldRule) {
	type what struct {
		kind     HoldKind
		currency money.Currency
	}
	said := map[what]bool{}
	for i, r := range rules {
		path := fmt.Sprintf("hold_rules[%d]", i)
		is := what{r.Kind, r.Currency}
		c.If(!r.known(), path, "unknown", "amount_over, countries_differ or declines_from")
		c.If(r.Kind == AmountOver && !r.Currency.Valid(), path, "currency", "a currency of ISO 4217 such as GBP")
		c.If(r.Amount < 0, path, "out_of_range", "an amount that is not negative")
		c.If(r.Kind == DeclinesFrom && r.Declines < 1, path, "out_of_range", "from 1 decline on")
		c.If(said[is], path, "duplicate", "one rule of each kind, and of each currency")
		said[is] = true
	}
}
