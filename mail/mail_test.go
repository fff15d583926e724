package mail_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"doorstep/fault"
	"doorstep/mail"
)

// post is a mail server on a loopback address that takes what is not for `gone`.
type post struct {
	mu    sync.Mutex
	taken []string
}

func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) { return session{p}, nil }

type session struct{ *post }

func (session) Mail(string, *smtp.MailOptions) error { return nil }
func (session) Reset()                               {}
func (session) Logout() error                        { return nil }

func (session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "gone@") {
		return &smtp.SMTPError{Code: 550, Message: "no " + to + " here"}
	}
	return nil
}

func (s session) Data(r io.Reader) error {
	body, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken = append(s.taken, string(body))
	return err
}

func server(t *testing.T) (p *post, address string) {
	t.Helper()
	p = &post{}
	on, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(p)
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Serve(on) }) // it ends with Close
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		wg.Wait()
	})
	return p, "smtp://" + on.Addr().String()
}

// said is a made-up mail.
var said = mail.Message{To: "made.up@example.com", Subject: "Grüße", Text: "Your made-up code is 123456.\n"}

func TestAServerTakesMails(t *testing.T) {
	t.Parallel()
	p, address := server(t)
	s, err := mail.NewServer(address, "", "shop@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), said); err != nil {
		t.Fatal(err)
	}
	if len(p.taken) != 1 {
		t.Fatalf("%d mails were taken", len(p.taken))
	}
	for _, want := range []string{"From: <shop@example.com>", "To: <made.up@example.com>", "Subject: =?UTF-8?", "Your made-up code is 123456.", "Auto-Submitted: auto-generated", "Message-ID: <"} {
		if !strings.Contains(p.taken[0], want) {
			t.Errorf("it lacks %q:\n%s", want, p.taken[0])
		}
	}
	for _, to := range []string{"gone@example.com", "no address", "a@example.com\r\nBcc: b@example.com"} {
		err := s.Send(t.Context(), mail.Message{To: to, Subject: "x", Text: "x"})
		if !fault.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "example.com") {
			t.Errorf("to %q: %v", to, err)
		}
	}
	if err := s.Send(t.Context(), mail.Message{To: said.To, Subject: "x\r\nBcc: other@example.com", Text: "x"}); err == nil && strings.Contains(p.taken[1], "\nBcc:") {
		t.Errorf("a subject makes a header:\n%s", p.taken[1])
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "example.com", "http://example.com", "smtp://", "smtp://user:password@example.com", "smtp://example.com/path"} {
		if _, err := mail.NewServer(address, "", "shop@example.com"); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, from := range []string{"", "shop"} {
		if _, err := mail.NewServer("smtp://example.com:587", "", from); !fault.Is(err, fault.Invalid) {
			t.Errorf("from %q: %v", from, err)
		}
	}
	s, err := mail.NewServer("smtp://127.0.0.1:1", "", "shop@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), said); !fault.Is(err, fault.Unavailable) {
		t.Errorf("to nobody: %v", err)
	}
}

// TestAFileTakesMails that only its owner can read.
func TestAFileTakesMails(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "mail")
	f := mail.NewFile(name)
	for range 2 {
		if err := f.Send(t.Context(), said); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil || strings.Count(string(text), "Your made-up code is 123456.") != 2 {
		t.Errorf("%v: %s", err, text)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v: %v", info.Mode(), err)
	}
	if err := mail.NewFile(filepath.Join(t.TempDir(), "none", "mail")).Send(t.Context(), said); !fault.Is(err, fault.Unavailable) {
		t.Errorf("to no file: %v", err)
	}
}
