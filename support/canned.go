package support

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
)

// Canned is an answer that the shop gives again and again: lines of text with blanks, such
// as {first_name}, which are filled for a ticket.
type Canned struct {
	ID        string    `json:"id"`
	Version   int64     `json:"version"` // counts its changes
	Name      string    `json:"name"`
	Body      string    `json:"body"`
	UpdatedAt time.Time `json:"updated_at"`
}

// CannedRequest is a canned answer as someone asks for it.
type CannedRequest struct {
	Name string `json:"name"` // By which people choose it.
	Body string `json:"body"` // Lines of text with blanks in braces, such as {first_name}.
}

// Blank names what is filled into a canned answer.
type Blank string

// The blanks.
const (
	FirstName      Blank = "first_name"      // the customer's
	FullName       Blank = "name"            // the customer's
	OrderNumber    Blank = "order_number"    // as the shop's people say it
	Reference      Blank = "reference"       // of the order, as the customer knows it
	TrackingNumber Blank = "tracking_number" // of the parcel that left last
	Carrier        Blank = "carrier"         // of that parcel
	Writer         Blank = "writer"          // the person of the shop who answers
)

// Blanks are all blanks.
var Blanks = []Blank{FirstName, FullName, OrderNumber, Reference, TrackingNumber, Carrier, Writer}

// The bounds of canned answers: of what one is called, in bytes, and how many there are,
// so that all are on one page.
const (
	maxCannedName = 80
	MaxCanned     = 200
)

// The events of a canned answer. Each but the last says what it is from then on.
const (
	EventCannedAdded   event.Type = "canned_answer.added"
	EventCannedChanged event.Type = "canned_answer.changed"
	EventCannedRemoved event.Type = "canned_answer.removed"
)

// CannedPrefix begins the identifier of a canned answer.
const CannedPrefix = "ans"

// CannedLock is what a change of canned answers holds.
func CannedLock() db.Lock { return db.Lock{Rank: lockRank + 1, Key: "canned"} }

var blank = regexp.MustCompile(`\{[a-z_]+\}`)

// Validate checks a request. Every blank in it is one that can be filled.
//
// Errors: invalid, with the path of every field that is wrong.
func (q CannedRequest) Validate() error {
	var c fault.Check
	c.Required("name", q.Name, maxCannedName, "by what people choose it")
	ValidateBody(&c, q.Body)
	for _, b := range blank.FindAllString(q.Body, -1) {
		c.If(!slices.Contains(Blanks, named(b)), "body", "unknown", "%s is no blank: there are %v", b, Blanks)
	}
	return c.Err("the canned answer")
}

// named is the blank that stands in braces.
func named(braces string) Blank { return Blank(strings.Trim(braces, "{}")) }

// Fill fills the blanks of a text. One of which nothing is known stays, and is among those
// that are missing.
func Fill(body string, with map[Blank]string) (text string, missing []Blank) {
	text = blank.ReplaceAllStringFunc(body, func(b string) string {
		if known := with[named(b)]; known != "" {
			return known
		}
		if slices.Contains(Blanks, named(b)) && !slices.Contains(missing, named(b)) {
			missing = append(missing, named(b))
		}
		return b
	})
	return text, missing
}

// ValidateAnswer checks what the shop tells a customer: no blank of a canned answer is
// left in it.
func ValidateAnswer(c *fault.Check, body string) {
	ValidateBody(c, body)
	if _, left := Fill(body, nil); len(left) > 0 {
		c.Add("body", "unfilled", "{%s} is a blank that is not filled", left[0])
	}
}

// Say writes an event of the canned answer, at its version.
func (a Canned) Say(tx *db.Tx, t event.Type, by access.Actor) {
	var data any
	if t != EventCannedRemoved {
		data = CannedRequest{a.Name, a.Body}
	}
	event.Append(tx, event.Event{Subject: a.ID, Version: a.Version, Entity: a.ID, Type: t, Actor: by, At: tx.Now(), Data: event.Data(data)})
}

// InsertCanned writes a new canned answer.
func InsertCanned(tx *db.Tx, a Canned) {
	tx.Write(`INSERT INTO canned_answers (id, version, name, body, updated_at) VALUES ($1, $2, $3, $4, $5)`, a.ID, a.Version, a.Name, a.Body, db.Micros(a.UpdatedAt))
}

// SaveCanned writes what changes of a canned answer.
func SaveCanned(tx *db.Tx, a Canned) {
	tx.Write(`UPDATE canned_answers SET version = $1, name = $2, body = $3, updated_at = $4 WHERE id = $5`, a.Version, a.Name, a.Body, db.Micros(a.UpdatedAt), a.ID)
}

// DropCanned removes a canned answer. What it was stays in its events.
func DropCanned(tx *db.Tx, id string) { tx.Write(`DELETE FROM canned_answers WHERE id = $1`, id) }

const cannedColumns = `id, version, name, body, updated_at`

func scanCanned(row db.Row) (a Canned, err error) {
	var updated int64
	err = row.Scan(&a.ID, &a.Version, &a.Name, &a.Body, &updated)
	a.UpdatedAt = db.Time(updated)
	return a, err
}

// GetCanned returns a canned answer. Errors: not_found.
func GetCanned(r db.Reader, id string) (Canned, error) {
	a, found, err := db.One(r, scanCanned, `SELECT `+cannedColumns+` FROM canned_answers WHERE id = $1`, id)
	if err == nil && !found {
		err = fault.New(fault.NotFound, "there is no canned answer %.60q", id)
	}
	return a, err
}

// AllCanned returns all canned answers, by name.
func AllCanned(r db.Reader) ([]Canned, error) {
	return db.All(r, scanCanned, `SELECT `+cannedColumns+` FROM canned_answers ORDER BY name, id LIMIT `+fmt.Sprint(MaxCanned))
}
