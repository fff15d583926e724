package access_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/access"
	"doorstep/fault"
)

func TestARoleCoversWhatItIsFor(t *testing.T) {
	t.Parallel()
	for role, want := range map[access.Role][]access.Scope{
		access.RoleAdmin:    access.AllScopes,
		access.RoleOperator: {access.Read, access.Orders, access.Refunds, access.Stock, access.Tickets, access.Answers},
		access.RoleAgent:    {access.Read, access.Orders, access.Tickets},
		access.RoleViewer:   {access.Read},
		"made_up":           nil,
	} {
		var got []access.Scope
		for _, scope := range access.AllScopes {
			if role.Permit().Allows(scope) {
				got = append(got, scope)
			}
		}
		if !slices.Equal(got, want) || role.Valid() != (want != nil) {
			t.Errorf("%s covers %v, not %v", role, got, want)
		}
	}
	disabled := access.User{Role: access.RoleAdmin, DisabledAt: time.Now()}
	if disabled.Permit().Allows(access.Read) {
		t.Error("who is disabled may still look at things")
	}
}

func TestAPasswordIsKnownByItsHash(t *testing.T) {
	t.Parallel()
	const password = access.Password("made up for the test")
	hash := password.Hash()
	if !strings.HasPrefix(string(hash), "$argon2id$v=19$m=65536,t=3,p=4$") || hash == password.Hash() {
		t.Errorf("the hash is %s", hash)
	}
	if !hash.Is(password) || hash.Is(password+"x") || hash.Is("") {
		t.Error("the hash is of another password")
	}
	for _, broken := range []access.Hash{"", "x", hash[:len(hash)-1], hash + "x", "$argon2id$v=19$m=x,t=3,p=4$AAAA$AAAA", "$argon2id$v=19$m=65536,t=3,p=4$*$AAAA"} {
		if broken.Is(password) || broken.Is("") {
			t.Errorf("%q is taken for a hash of the password", broken)
		}
	}
	if s := fmt.Sprintf("%v %s", password, password); strings.Contains(s, "made up") {
		t.Errorf("a password shows as %q", s)
	}
}

func TestWhatPasswordsCanBeChosen(t *testing.T) {
	t.Parallel()
	for password, want := range map[access.Password]string{
		"made up for the test": "", "ünïcödé made up": "", "short": "too_short", "": "too_short",
		"aaaaaaaaaaaaaaaaaaaa": "too_simple", access.Password(strings.Repeat("made up ", 40)): "too_long", "made up for the test\xff": "not_utf8",
	} {
		var c fault.Check
		password.Check(&c, "password")
		got := ""
		if e := fault.As(c.Err("it")); e != nil {
			got = e.Fields[0].Code
		}
		if got != want {
			t.Errorf("%q is %q, not %q", string(password), got, want)
		}
	}
}

func TestAUserIsAskedForWhole(t *testing.T) {
	t.Parallel()
	q := access.UserRequest{Mail: " Made.Up@Example.com ", Name: "Made Up", Role: access.RoleAgent}
	u, err := q.Make("usr_1", access.Operator, time.Now())
	if err != nil || u.Mail != "made.up@example.com" || !u.Invited || u.Actor() != "user:usr_1" || !u.Actor().IsPerson() {
		t.Errorf("the user is %+v: %v", u, err)
	}
	for _, wrong := range []access.UserRequest{
		{}, {Mail: "made.up@example.com", Name: "Made Up", Role: "king"}, {Mail: "made.up@example.com", Role: access.RoleAgent},
		{Mail: "made up", Name: "Made Up", Role: access.RoleAgent}, {Mail: "Made <made.up@example.com>", Name: "Made Up", Role: access.RoleAgent},
		{Mail: "made.up@example.com", Name: "Made\nUp", Role: access.RoleAgent},
	} {
		if _, err := wrong.Make("usr_1", access.Operator, time.Now()); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v was taken: %v", wrong, err)
		}
	}
}
