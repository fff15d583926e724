package access

import (
	"fmt"
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
)

// View is a list of orders as a person has narrowed it down and goes back to it.
type View struct {
	ID      string
	User    string
	Name    string
	Query   string // of its address
	SavedAt time.Time
}

// ViewRequest is a view as someone asks for it.
type ViewRequest struct {
	Name  string
	Query string // of its address: what it is narrowed down by
}

// The bounds of views: of what one is called and of its address, in bytes, and of how many
// a person has, so that all are in one row.
const (
	maxViewName  = 40
	maxViewQuery = 1000
	MaxViews     = 20
)

// Validate checks a view.
//
// Errors: invalid, with the path of every field that is wrong.
func (q ViewRequest) Validate() error {
	var c fault.Check
	c.Required("name", q.Name, maxViewName, "what it is called")
	c.Required("query", q.Query, maxViewQuery, "what the list is narrowed down by")
	return c.Err("the view")
}

// SaveView writes a view, in the place of the one that the user calls the same.
func SaveView(tx *db.Tx, v View) {
	tx.WriteAny(`DELETE FROM user_views WHERE user_id = $1 AND name = $2`, v.User, v.Name)
	tx.Write(`INSERT INTO user_views (id, user_id, name, query, saved_at) VALUES ($1, $2, $3, $4, $5)`, v.ID, v.User, v.Name, v.Query, db.Micros(v.SavedAt))
}

// DropView removes a view of a user, if they have it.
func DropView(tx *db.Tx, user, id string) {
	tx.WriteAny(`DELETE FROM user_views WHERE user_id = $1 AND id = $2`, user, id)
}

// ViewsOf returns the views of a user, by name.
func ViewsOf(r db.Reader, user string) ([]View, error) {
	return db.All(r, func(row db.Row) (View, error) {
		var v View
		var saved int64
		err := row.Scan(&v.ID, &v.User, &v.Name, &v.Query, &saved)
		v.SavedAt = db.Time(saved)
		return v, err
	}, `SELECT id, user_id, name, query, saved_at FROM user_views WHERE user_id = $1 ORDER BY name LIMIT `+fmt.Sprint(MaxViews), user)
}
