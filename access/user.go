package access

import (
	"net/mail"
	"strings"
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
)

// User is a person of the shop, without their password.
type User struct {
	ID         string    `json:"id"`
	Mail       string    `json:"mail,omitempty"` // by which they sign in; "" for a first administrator who has not said it yet
	Name       string    `json:"name,omitempty"`
	Role       Role      `json:"role"`
	Invited    bool      `json:"invited,omitempty"` // they have not chosen a password yet
	CreatedBy  Actor     `json:"created_by"`
	CreatedAt  time.Time `json:"created_at"`
	DisabledBy Actor     `json:"disabled_by,omitempty"`
	DisabledAt time.Time `json:"disabled_at,omitzero"` // zero: they are not

	Password  Hash  `json:"-"`
	Passwords int64 `json:"-"` // how often what ends sessions has happened
}

// UserRequest is a user as someone asks for them.
type UserRequest struct {
	Mail string `json:"mail"`
	Name string `json:"name"`
	Role Role   `json:"role"`
}

// The bounds of what a user is called, in bytes: RFC 5321, 4.5.3.1, for a mail address.
const (
	maxMail     = 254
	maxUserName = 80
)

// Make makes a user of the request, by someone at a time. They are yet to choose a
// password.
//
// Errors: invalid.
func (q UserRequest) Make(id string, by Actor, at time.Time) (User, error) {
	u := User{ID: id, Role: q.Role, Invited: true, CreatedBy: by, CreatedAt: at}
	var c fault.Check
	c.If(!q.Role.Valid(), "role", "unknown", "one of %v", Roles)
	u.Called(&c, q.Mail, q.Name)
	return u, c.Err("the user")
}

// Called sets by which mail address a user signs in, and their name.
func (u *User) Called(c *fault.Check, address, name string) {
	u.Mail, u.Name = MailOf(address), strings.TrimSpace(name)
	c.Required("name", u.Name, maxUserName, "who they are")
	c.Required("mail", u.Mail, maxMail, "a mail address")
	read, err := mail.ParseAddress(u.Mail)
	c.If(u.Mail != "" && (err != nil || read.Address != u.Mail), "mail", "malformed", "a mail address such as name@shop.example")
}

// MailOf is a mail address as it is kept and looked for: in small letters.
func MailOf(typed string) string { return strings.ToLower(strings.TrimSpace(typed)) }

// Actor is who acts when the user is signed in.
func (u User) Actor() Actor { return Actor("user:" + u.ID) }

// Permit is what the user may do.
func (u User) Permit() Permit {
	if !u.DisabledAt.IsZero() {
		return Limit()
	}
	return u.Role.Permit()
}

// InsertUser writes a new user.
func InsertUser(tx *db.Tx, u User) {
	tx.Write(`INSERT INTO users (id, mail, name, role, password, passwords, created_by, created_at, disabled_by, disabled_at)
		VALUES ($1, $2, $3, $4, '', 0, $5, $6, '', 0)`,
		u.ID, u.Mail, u.Name, string(u.Role), string(u.CreatedBy), db.Micros(u.CreatedAt))
}

// SaveUser writes what moves of a user.
func SaveUser(tx *db.Tx, u User) {
	tx.Write(`UPDATE users SET mail = $1, name = $2, role = $3, password = $4, passwords = $5, disabled_by = $6, disabled_at = $7 WHERE id = $8`,
		u.Mail, u.Name, string(u.Role), string(u.Password), u.Passwords, string(u.DisabledBy), db.Micros(u.DisabledAt), u.ID)
}

const selectUsers = `SELECT id, mail, name, role, password, passwords, created_by, created_at, disabled_by, disabled_at FROM users`

func scanUser(row db.Row) (User, error) {
	var u User
	var created, disabled int64
	err := row.Scan(&u.ID, &u.Mail, &u.Name, (*string)(&u.Role), (*string)(&u.Password), &u.Passwords,
		(*string)(&u.CreatedBy), &created, (*string)(&u.DisabledBy), &disabled)
	u.CreatedAt, u.DisabledAt, u.Invited = db.Time(created), db.Time(disabled), u.Password == ""
	return u, err
}

// FindUser returns a user by their identifier or mail address. Errors: not_found.
func FindUser(r db.Reader, what string) (User, error) {
	u, found, err := db.One(r, scanUser, selectUsers+` WHERE id = $1`, what)
	if err == nil && !found {
		u, found, err = UserByMail(r, what)
	}
	if err == nil && !found {
		err = fault.New(fault.NotFound, "there is no user %.80q", what)
	}
	return u, err
}

// UserByMail returns who signs in by a mail address, if there is someone.
func UserByMail(r db.Reader, typed string) (User, bool, error) {
	return db.One(r, scanUser, selectUsers+` WHERE mail = $1 AND mail <> ''`, MailOf(typed))
}

// Users returns up to limit users made before the one with the id ("" for all), the
// newest first.
func Users(r db.Reader, before string, limit int) ([]User, error) {
	if before == "" {
		return db.All(r, scanUser, selectUsers+` ORDER BY id DESC LIMIT $1`, limit)
	}
	return db.All(r, scanUser, selectUsers+` WHERE id < $1 ORDER BY id DESC LIMIT $2`, before, limit)
}

// UsersByID returns those of the users that there are.
func UsersByID(r db.Reader, ids []string) ([]User, error) {
	return db.All(r, scanUser, selectUsers+` WHERE id IN `+r.ListParam("$1"), db.List(ids))
}

// Administrators returns those who are not disabled, the oldest first.
func Administrators(r db.Reader) ([]User, error) {
	return db.All(r, scanUser, selectUsers+` WHERE role = $1 AND disabled_at = 0 ORDER BY id`, string(RoleAdmin))
}

// UsersLock is what every change of users holds: there are few of them, and there is
// always to be an administrator among them.
func UsersLock() db.Lock { return db.Lock{Rank: 15, Key: "users"} }
