package cli

import (
	"net/url"
	"strings"

	"doorstep"
	"doorstep/cli/relay"
)

// exit is the exit code of a command that a server has carried out, which has shown what
// there was to show.
type exit int

func (e exit) Error() string { return "the command has ended" }

// carryOut has a command carried out: by the server that holds the shop, if one does, or
// here.
func (s *session) carryOut(c *typed) error {
	here := c.here()
	switch {
	case here != "" && s.program.on != nil, here == onDatabase && s.flags.Server != "":
		return invalid("%s works where the database is: no server does it", c.parsed.Selected().FullPath())
	case here != "" || s.program.on != nil:
		return c.parsed.Run(s)
	}
	server, err := s.server()
	if err != nil {
		return err
	}
	if server == nil {
		return c.parsed.Run(s)
	}
	code, err := server.Send(s.ctx, relay.Command{Args: c.args, Env: c.environment(s.program), Columns: s.out.width, Colour: s.out.colour},
		s.readAll, s.program.Stdout, s.program.Stderr)
	switch {
	case err != nil && s.ctx.Err() != nil && c.endless():
		return nil
	case err != nil:
		return err
	}
	return exit(code)
}

// endless says whether the command goes on until it is told to stop.
func (c *typed) endless() bool {
	v, is := c.parsed.Selected().Target.Addr().Interface().(*eventsVerb)
	return is && v.Follow
}

// onDatabase is the tag of verbs that work on the database itself.
const onDatabase = "database"

// here is the tag of the verb, "" for one that a server can carry out.
func (c *typed) here() string {
	for _, at := range c.parsed.Path {
		if at.Command != nil && at.Command.Tag.Has("here") {
			return at.Command.Tag.Get("here")
		}
	}
	return ""
}

// environment is what stands for flags of the command.
func (c *typed) environment(p Program) map[string]string {
	env := map[string]string{}
	for _, flag := range c.parsed.Flags() {
		if value, set := p.Env(variable(flag.Name)); set {
			env[variable(flag.Name)] = value
		}
	}
	return env
}

// server is who does what is typed: the one that was named, or the one that has the
// database open on this machine; nil when there is none.
//
// Errors: invalid; not_found; unavailable.
func (s *session) server() (*relay.Server, error) {
	if s.flags.Server == "" {
		if doorstep.OnServer(s.flags.DB) {
			return nil, nil
		}
		return relay.Beside(s.ctx, socketOf(s.flags.DB)), nil
	}
	at, err := url.Parse(s.flags.Server)
	switch {
	case err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https":
		return nil, invalid("--server takes an address such as https://shop.example")
	case at.Scheme == "http" && !loopback(at.Hostname()):
		return nil, invalid("--server: the key would be sent to %s for all to read: use https", at.Host)
	}
	key, err := s.apiKey()
	if err != nil {
		return nil, err
	}
	return relay.At(s.flags.Server, key), nil
}

// apiKey is the key that opens the server.
//
// Errors: invalid when there is none; not_found; unavailable.
func (s *session) apiKey() (string, error) {
	if s.flags.APIKey != "" {
		key, err := s.readAll(s.flags.APIKey)
		return strings.TrimSpace(string(key)), err
	}
	key := s.program.variable("DOORSTEP_API_KEY")
	if key == "" {
		return "", invalid("--server takes a key: name its file by --key-file, or set DOORSTEP_API_KEY")
	}
	return strings.TrimSpace(key), nil
}

// socketOf is where who holds a database listens for commands of this machine.
func socketOf(database string) string { return realName(database) + ".sock" }
