// Package mail sends what the shop writes to its customers by mail: through a server, or
// to a file until one is configured.
package mail

import (
	"context"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"

	"doorstep/fault"
)

// Message is one mail, in plain text.
type Message struct{ To, Subject, Text string }

// Sender sends mails. It is for many callers at once.
type Sender interface {
	// Send returns when the mail was taken.
	//
	// Errors: unavailable when it was not.
	Send(ctx context.Context, m Message) error
}

// File is where mails are written that no server sends. Only its owner can read it.
type File struct {
	name string
	mu   sync.Mutex
}

// NewFile returns the file of a name, which is made with its first mail.
func NewFile(name string) *File { return &File{name: name} }

// Send adds the mail to the end of the file, as it would be sent.
func (f *File) Send(_ context.Context, m Message) error {
	made, err := compose("", m)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	to, err := os.OpenFile(f.name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return unsent(err)
	}
	_, err = made.WriteTo(to)
	if err == nil {
		_, err = to.WriteString("\r\n\r\n")
	}
	if closed := to.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return unsent(err)
	}
	return nil
}

// Server is what sends mails by SMTP (RFC 5321).
type Server struct {
	client *gomail.Client
	from   string
}

// sendWithin is how long a server may take.
const sendWithin = 10 * time.Second

// NewServer returns the server at an address, smtp://user@host:587 or smtps://user@host:465,
// which sends what comes from a mail address. TLS is demanded of smtp too (RFC 8314), but of
// this machine itself.
//
// Errors: invalid.
func NewServer(address, password, from string) (*Server, error) {
	at, err := parse(address)
	if err != nil {
		return nil, err
	}
	if a, err := mail.ParseAddress(from); err != nil || a.Address == "" {
		return nil, fault.New(fault.Invalid, "mails come from a mail address, such as shop@example.com")
	}
	options := []gomail.Option{gomail.WithTimeout(sendWithin)}
	switch local := net.ParseIP(at.Hostname()).IsLoopback() || at.Hostname() == "localhost"; {
	case at.Scheme == "smtps":
		options = append(options, gomail.WithSSLPort(false))
	case local:
		options = append(options, gomail.WithTLSPortPolicy(gomail.TLSOpportunistic))
	default:
		options = append(options, gomail.WithTLSPortPolicy(gomail.TLSMandatory))
	}
	if port, err := strconv.Atoi(at.Port()); err == nil {
		options = append(options, gomail.WithPort(port))
	}
	if user := at.User.Username(); user != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(user), gomail.WithPassword(password))
	}
	client, err := gomail.NewClient(at.Hostname(), options...)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the mail server can not be used: %w", err)
	}
	return &Server{client, from}, nil
}

// parse reads the address of a server.
//
// Errors: invalid.
func parse(address string) (*url.URL, error) {
	at, err := url.Parse(address)
	if err != nil || at.Hostname() == "" || at.Scheme != "smtp" && at.Scheme != "smtps" || at.Path != "" || at.RawQuery != "" {
		return nil, fault.New(fault.Invalid, "a mail server is smtp://host:587 or smtps://host:465, with a user in front of the host where it asks for one")
	}
	if _, given := at.User.Password(); given {
		return nil, fault.New(fault.Invalid, "the password of a mail server is not part of its address, which others can see")
	}
	return at, nil
}

// Send has the server take the mail.
func (s *Server) Send(ctx context.Context, m Message) error {
	made, err := compose(s.from, m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	if err := s.client.DialAndSendWithContext(ctx, made); err != nil {
		return unsent(err)
	}
	return nil
}

// unsent is why a mail was not taken, without whom it was for: servers say that.
func unsent(why error) error {
	return fault.New(fault.Unavailable, "the mail could not be sent (%s)", strings.TrimPrefix(fmt.Sprintf("%T", why), "*"))
}

// compose makes the mail itself (RFC 5322).
//
// Errors: unavailable when no mail can be sent to the address.
func compose(from string, m Message) (*gomail.Msg, error) {
	made := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if from == "" {
		from = "shop@localhost"
	}
	err := made.From(from)
	if err == nil {
		err = made.To(m.To)
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "no mail can be sent to the address of the order")
	}
	made.Subject(m.Subject)
	made.SetDate()
	made.SetMessageID()
	made.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834
	made.SetBodyString(gomail.TypeTextPlain, m.Text)
	return made, nil
}
