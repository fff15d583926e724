package access

import (
	"fmt"
	"slices"
	"strings"

	"doorstep/fault"
)

// Scope is a part of what can be done, as it is given to an API key.
type Scope string

// The scopes.
const (
	Read    Scope = "read"    // look at everything
	Orders  Scope = "orders"  // place, change, hold, cancel, ship, take back, record payments
	Refunds Scope = "refunds" // give money back
	Stock   Scope = "stock"   // the catalogue, locations, receive, count, adjust
	Tickets Scope = "tickets" // open, answer, assign, solve
	Answers Scope = "answers" // keep the canned answers
	Admin   Scope = "admin"   // everything, and API keys, webhooks and the policy
)

// AllScopes are all scopes, in the order of the documentation.
var AllScopes = []Scope{Read, Orders, Refunds, Stock, Tickets, Answers, Admin}

// Permit says what someone may do. The zero value is a permit for everything, of
// who has the database itself: limited ones are made by Limit.
type Permit struct {
	limited bool
	scopes  []Scope
}

// Limit returns a permit for the scopes alone.
func Limit(scopes ...Scope) Permit { return Permit{limited: true, scopes: slices.Clone(scopes)} }

// Allows says whether the permit covers a scope. One for Admin covers all.
func (p Permit) Allows(s Scope) bool {
	return !p.limited || slices.Contains(p.scopes, Admin) || slices.Contains(p.scopes, s)
}

// Check refuses what the permit does not cover.
//
// Errors: forbidden.
func (p Permit) Check(s Scope) error {
	if p.Allows(s) {
		return nil
	}
	return fault.New(fault.Forbidden, "this takes the scope %s", s)
}

// ordered returns scopes once each, in the order of the documentation.
//
// Errors: invalid when there is none, or one that is unknown.
func ordered(c *fault.Check, path string, scopes []Scope) (in []Scope) {
	c.If(len(scopes) == 0, path, "required", "at least one of %v", AllScopes)
	for i, s := range scopes {
		c.If(!slices.Contains(AllScopes, s), fmt.Sprintf("%s[%d]", path, i), "unknown", "one of %v", AllScopes)
	}
	for _, s := range AllScopes {
		if slices.Contains(scopes, s) {
			in = append(in, s)
		}
	}
	return in
}

func joined(scopes []Scope) string {
	texts := make([]string, len(scopes))
	for i, s := range scopes {
		texts[i] = string(s)
	}
	return strings.Join(texts, ",")
}

func split(text string) (scopes []Scope) {
	for s := range strings.SplitSeq(text, ",") {
		scopes = append(scopes, Scope(s))
	}
	return scopes
}
