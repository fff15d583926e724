package access

import "slices"

// Role is what a person is to the shop, and thereby what they may do.
type Role string

// The roles.
const (
	RoleAdmin    Role = "admin"    // everything, and users, API keys, webhooks and the policy
	RoleOperator Role = "operator" // runs the shop: orders, money, stock, tickets, canned answers
	RoleAgent    Role = "agent"    // answers customers: tickets and orders; gives money back by what tickets decide
	RoleViewer   Role = "viewer"   // looks at everything
)

// Roles are all roles, those that may do most first.
var Roles = []Role{RoleAdmin, RoleOperator, RoleAgent, RoleViewer}

// roleScopes are what each role covers.
var roleScopes = map[Role][]Scope{
	RoleAdmin:    {Admin},
	RoleOperator: {Read, Orders, Refunds, Stock, Tickets, Answers},
	RoleAgent:    {Read, Orders, Tickets},
	RoleViewer:   {Read},
}

// Valid says whether there is such a role.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// Permit is what someone in the role may do: nothing in one that there is not.
func (r Role) Permit() Permit { return Limit(roleScopes[r]...) }
