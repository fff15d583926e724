// Package webhook tells others of events, at addresses of theirs: each event of the feed
// is sent to every endpoint that wants it, signed by the Standard Webhooks specification
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md),
// at least once, and in the order of its subject.
package webhook

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/vault"
)

// Prefix is that of endpoints' identifiers.
const Prefix = "whk"

// State is whether an endpoint is sent events.
type State string

// The states. What happens while an endpoint is disabled is sent when it is enabled
// again.
const (
	Enabled  State = "enabled"
	Disabled State = "disabled"
)

// Why says why an endpoint is disabled.
type Why string

// The reasons.
const (
	ByPerson Why = "person"  // a person has disabled it
	Failing  Why = "failing" // it has taken nothing for as long as a delivery is tried
	Gone     Why = "gone"    // it has answered 410: it wants nothing more
)

// The events of an endpoint, whose subject it is.
const (
	EventAdded    event.Type = "webhook.added"
	EventChanged  event.Type = "webhook.changed"
	EventEnabled  event.Type = "webhook.enabled"
	EventDisabled event.Type = "webhook.disabled"
	EventRotated  event.Type = "webhook.rotated"
	EventReplayed event.Type = "webhook.replayed"
)

// Endpoint is an address that is sent events, without its secret.
type Endpoint struct {
	ID            string       `json:"id"`
	Version       int64        `json:"version"` // counts its events
	Name          string       `json:"name"`
	URL           string       `json:"url"`
	Types         []event.Type `json:"types"` // of the events that it is sent, such as order.placed or payment.*; all when there is none
	State         State        `json:"state"`
	Why           Why          `json:"why,omitempty"`             // why it is disabled
	PreviousUntil time.Time    `json:"previous_until,omitzero"`   // until when its previous secret signs as well
	AnsweredAt    time.Time    `json:"last_accepted_at,omitzero"` // when it has last taken an event; zero when it never has
	CreatedBy     access.Actor `json:"created_by"`
	CreatedAt     time.Time    `json:"created_at"`

	cursor           event.Cursor // of the feed: what is before it was sent, or is held
	secret, previous vault.Sealed
	sent             int64 // deliveries that were tried so far
}

// Request is an endpoint as it is asked for.
type Request struct {
	Name  string       `json:"name"`
	URL   string       `json:"url"`             // https, of a host that is reached over the Internet, unless the operator has allowed it by name
	Types []event.Type `json:"types,omitempty"` // of the events that it is sent, such as order.placed or payment.*; all when there is none
}

// The bounds of what is asked for; lengths are in bytes.
const (
	maxName  = 80
	maxURL   = 2000
	maxTypes = 50
	// MaxEndpoints is how many a shop has at most.
	MaxEndpoints = 50
)

// kind is what a wanted type looks like: a type, or all of a room's.
var kind = regexp.MustCompile(`^[a-z_]{1,40}\.([a-z_]{1,40}|\*)$`)

// Check says whether the request can be.
//
// Errors: invalid.
func (q Request) Check(allowed Hosts) error {
	var c fault.Check
	c.Required("name", q.Name, maxName, "what or whom the endpoint is for")
	c.If(len(q.Types) > maxTypes, "types", "too_many", "at most %d", maxTypes)
	for i, t := range q.Types {
		c.If(!kind.MatchString(string(t)), fmt.Sprintf("types[%d]", i), "malformed", "a type of event such as order.placed, or payment.* for all of its kind")
	}
	u, err := url.Parse(q.URL)
	switch {
	case err != nil || len(q.URL) > maxURL || u.Host == "" || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
		c.Add("url", "malformed", "an address such as https://shop.example/events, without a user and a fragment")
	case allowed.Has(u.Hostname()):
	case u.Scheme != "https":
		c.Add("url", "insecure", "an address with https")
	case literal(u.Hostname()) && !publicHost(u.Hostname()):
		c.Add("url", "private", "an address that is reached over the Internet: --webhook-allow names others")
	}
	return c.Err("the webhook")
}

// wants says whether the endpoint is sent events of the type.
func (e Endpoint) wants(t event.Type) bool {
	room, _, _ := strings.Cut(string(t), ".")
	return len(e.Types) == 0 || slices.Contains(e.Types, t) || slices.Contains(e.Types, event.Type(room+".*"))
}

// schedule is how long is waited before each try that follows the first: the example of
// the specification, a little more than three days.
var schedule = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// Delivery is one try to deliver an event.
type Delivery struct {
	N        int64      `json:"n"`                  // counts the tries of the endpoint
	Event    string     `json:"event"`              // subject.version
	Message  string     `json:"message"`            // the webhook-id that it is sent under, each time the same
	Type     event.Type `json:"type"`               // what has happened
	Try      int64      `json:"try"`                // counts from 1 the tries of this event in a row
	At       time.Time  `json:"at"`                 // when it was sent
	Took     int64      `json:"took_ms"`            // how long the answer took, in milliseconds
	Accepted bool       `json:"accepted"`           // whether it was taken
	Status   int        `json:"status,omitempty"`   // of the answer; missing where there was none
	Why      string     `json:"why,omitempty"`      // why it was not taken
	GivenUp  bool       `json:"given_up,omitempty"` // it is not tried again
}
