// Package access says who acts.
package access

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

// Provider returns the actor for a gateway or a carrier whose answer made the change.
func Provider(name string) Actor { return Actor("provider:" + name) }
