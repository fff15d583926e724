package cli

import (
	"strings"

	"doorstep"
	"doorstep/access"
	"doorstep/console"
	"doorstep/process"
)

type userVerbs struct {
	Add     userAdd     `cmd:"" help:"Let someone use the console: a link by which they choose a password."`
	List    userList    `cmd:"" help:"List the people who may use it, the newest first."`
	Link    userLink    `cmd:"" help:"Make a link by which someone chooses another password."`
	Role    userRole    `cmd:"" help:"Say what someone may do."`
	SignOut userSignOut `cmd:"" help:"End all sessions of someone."`
	Disable userDisable `cmd:"" help:"Keep someone out, at once."`
	Enable  userEnable  `cmd:"" help:"Let someone in again who was disabled."`
}

// theUser names a user.
type theUser struct {
	User string `arg:"" help:"The user: their mail address or id."`
}

// linking is the flag of verbs that make a link.
type linking struct {
	Console string `help:"Where the console is, for the link." default:"http://127.0.0.1:8420" placeholder:"URL"`
}

// invited is who was given a link.
type invited struct {
	process.Invitation
	URL string `json:"url,omitempty"` // the link, "" in an answer that is given again
}

// invited shows who was given a link, and the link.
func (s *session) invited(at linking, made process.Result[process.Invitation], err error) error {
	if err != nil {
		return err
	}
	v := invited{Invitation: made.Value}
	if v.Link != "" {
		v.URL = strings.TrimSuffix(at.Console, "/") + console.LinkPath(v.Link)
	}
	return s.out.show(v, func() {
		s.out.printf("%s (%s) is %s.\n", printable(v.Name), printable(v.Mail), v.ID)
		if v.URL == "" {
			s.out.printf("The link was in the first answer alone: user link makes another one.\n")
			return
		}
		s.out.printf("Until %s, they choose a password at\n%s\n", moment(v.Expires), v.URL)
	})
}

// userAdd makes a user.
type userAdd struct {
	Mail string      `arg:"" help:"The mail address by which they sign in."`
	Name string      `help:"Who they are." required:"" placeholder:"NAME"`
	Role access.Role `help:"What they may do: ${enum}." enum:"admin, operator, agent, viewer" required:"" placeholder:"ROLE"`
	linking
	keyed
}

// Help is the detail of the verb's help.
func (userAdd) Help() string {
	return `A viewer looks at everything; an agent answers customers and changes their orders; an operator runs the shop, its stock and its refunds as well; an admin does everything. The link can be used once, and is kept nowhere: give it to them alone.

Examples:

    doorstep user add made.up@example.com --name "Made Up" --role agent
    doorstep user add made.up@example.com --name "Made Up" --role admin \
        --console https://shop.example`
}

// Run makes the user.
func (v *userAdd) Run(s *session) error {
	return s.writing(func(shop *doorstep.Shop) error {
		made, err := shop.Process.AddUser(s.ctx, v.command(s), access.UserRequest{Mail: v.Mail, Name: v.Name, Role: v.Role})
		return s.invited(v.linking, made, err)
	})
}

// userLink makes a link for a user.
type userLink struct {
	theUser
	linking
	keyed
}

// Help is the detail of the verb's help.
func (userLink) Help() string {
	return `For whoever has forgotten theirs, or has let the first link expire. The one before leads nowhere then. The sessions that they have end when they have chosen another password.

Examples:

    doorstep user link made.up@example.com`
}

// Run makes the link.
func (v *userLink) Run(s *session) error {
	return s.writing(func(shop *doorstep.Shop) error {
		made, err := shop.Process.LinkUser(s.ctx, v.command(s), v.User)
		return s.invited(v.linking, made, err)
	})
}

// userList lists the users.
type userList struct {
	Limit  int    `help:"How many at most." default:"50" placeholder:"N"`
	Before string `help:"Only those before this one: the next page." placeholder:"ID"`
}

// Help is the detail of the verb's help.
func (userList) Help() string {
	return `Examples:

    doorstep user list`
}

// Run lists them.
func (v *userList) Run(s *session) error {
	if v.Limit < 1 {
		return invalid("--limit is at least 1")
	}
	return s.reading(func(shop *doorstep.Shop) error {
		all, err := shop.Process.Users(s.ctx, v.Before, v.Limit)
		if err != nil {
			return err
		}
		p := pageOf(all)
		if len(all) == v.Limit {
			p.Before = all[len(all)-1].ID
		}
		return s.out.show(p, func() { s.out.users(p) })
	})
}

func (s *screen) users(p page[access.User]) {
	if len(p.Items) == 0 {
		s.printf("There are no users.\n")
		return
	}
	t := s.table("", column{title: "MAIL", shrink: true}, column{title: "NAME", shrink: true}, column{title: "ROLE"}, column{title: "STATE"}, column{title: "SINCE"})
	for _, u := range p.Items {
		t.add(u.Mail, u.Name, string(u.Role), stateOf(u), moment(u.CreatedAt))
	}
	t.print()
	if p.Before != "" {
		s.printf("There may be more: --before %s\n", p.Before)
	}
}

// stateOf says whether a user can sign in.
func stateOf(u access.User) string {
	switch {
	case !u.DisabledAt.IsZero():
		return "disabled"
	case u.Invited:
		return "invited"
	}
	return "active"
}

// changeUser carries out a use case on a user, and shows them.
func (s *session) changeUser(do func(*process.Process) (process.Result[access.User], error)) error {
	return s.writing(func(shop *doorstep.Shop) error {
		r, err := do(shop.Process)
		if err != nil {
			return err
		}
		return s.out.show(r.Value, func() { s.out.users(pageOf([]access.User{r.Value})) })
	})
}

// userRole says what a user may do.
type userRole struct {
	theUser
	Role access.Role `arg:"" help:"What they may do: ${enum}." enum:"admin, operator, agent, viewer"`
	keyed
}

// Help is the detail of the verb's help.
func (userRole) Help() string {
	return `It counts from the next thing that they do.

Examples:

    doorstep user role made.up@example.com operator`
}

// Run says it.
func (v *userRole) Run(s *session) error {
	return s.changeUser(func(p *process.Process) (process.Result[access.User], error) {
		return p.SetRole(s.ctx, v.command(s), v.User, v.Role)
	})
}

// userSignOut ends the sessions of a user.
type userSignOut struct {
	theUser
	keyed
}

// Help is the detail of the verb's help.
func (userSignOut) Help() string {
	return `They can sign in again with the password that they have.

Examples:

    doorstep user sign-out made.up@example.com`
}

// Run ends them.
func (v *userSignOut) Run(s *session) error {
	return s.changeUser(func(p *process.Process) (process.Result[access.User], error) {
		return p.SignOutUser(s.ctx, v.command(s), v.User)
	})
}

// userDisable keeps a user out.
type userDisable struct {
	theUser
	keyed
}

// Help is the detail of the verb's help.
func (userDisable) Help() string {
	return `What they have done keeps their name. The last administrator can not be disabled.

Examples:

    doorstep user disable made.up@example.com`
}

// Run keeps them out.
func (v *userDisable) Run(s *session) error {
	return s.changeUser(func(p *process.Process) (process.Result[access.User], error) {
		return p.DisableUser(s.ctx, v.command(s), v.User)
	})
}

// userEnable lets a user in again.
type userEnable struct {
	theUser
	keyed
}

// Help is the detail of the verb's help.
func (userEnable) Help() string {
	return `Examples:

    doorstep user enable made.up@example.com`
}

// Run lets them in.
func (v *userEnable) Run(s *session) error {
	return s.changeUser(func(p *process.Process) (process.Result[access.User], error) {
		return p.EnableUser(s.ctx, v.command(s), v.User)
	})
}
