// Package access says who acts.
package access

import (
	"regexp"
	"strings"
)

// Actor is who or what makes a change, as it stands in every event: the kind,
// and after a colon the identifier where there is one. It carries no names.
type Actor string

// The actors that need no identifier.
const (
	Process  Actor = "process"  // Doorstep itself, by a rule
	Operator Actor = "operator" // a person at the command line
	Customer Actor = "customer" // the customer, through the shop
	Importer Actor = "importer" // a history that is being brought in
)

// person is what the actor of a person looks like: no mail address, and no name
// with a space in it.
var person = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}(:[A-Za-z0-9][A-Za-z0-9_.-]{0,63})?$`)

// IsPerson says whether an actor can be a person of the shop, such as operator or
// agent:7.
func (a Actor) IsPerson() bool {
	kind, _, _ := strings.Cut(string(a), ":")
	switch Actor(kind) {
	case Process, Customer, Importer, providers:
		return false
	}
	return person.MatchString(string(a))
}

// providers is the kind of the actors that are gateways and carriers.
const providers Actor = "provider"

// Provider returns the actor for a gateway or a carrier whose answer made the change.
func Provider(name string) Actor { return providers + ":" + Actor(name) }

// OfProvider returns the name of the gateway or carrier that the actor is, if it is one.
func (a Actor) OfProvider() (name string, is bool) {
	return strings.CutPrefix(string(a), string(providers)+":")
}
