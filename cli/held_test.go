package cli_test

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"doorstep"
	"doorstep/access"
	"doorstep/cli"
	"doorstep/internal/db/dbtest"
)

// local are the verbs that no server carries out.
var local = []string{"demo", "simulate", "serve", "import", "bench", "backup", "version"}

// serve has the shop held by a server that carries out what is typed.
func (s *shop) serve() (url string, end func()) {
	s.t.Helper()
	cfg := doorstep.Config{DB: s.db}
	s.configure(&cfg)
	held, err := doorstep.Open(s.t.Context(), cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	operator := func(*http.Request) (access.Actor, access.Permit) { return access.Operator, access.Permit{} }
	server := httptest.NewServer(cli.Commands(held, slog.New(slog.DiscardHandler), nil, operator))
	return server.URL, func() {
		server.Close()
		if err := held.Close(); err != nil {
			s.t.Error(err)
		}
	}
}

// TestAServerSaysTheSame: every verb, through a server, says what it says without one.
func TestAServerSaysTheSame(t *testing.T) {
	t.Parallel()
	said := make(chan string, len(scenarios))
	t.Run("scenarios", func(t *testing.T) {
		for name, play := range scenarios {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				tr := newTranscript(t, dbtest.SQLite)
				tr.served = true
				tr.say(stock, "stock", "import", "-")
				play(tr)
				text := tr.said()
				golden(t, name, text, false)
				said <- text
			})
		}
	})
	close(said)
	var all strings.Builder
	for text := range said {
		all.WriteString(text)
	}
	for _, verb := range verbs(t) {
		if !slices.Contains(local, verb[0]) && !strings.Contains(all.String(), "$ doorstep "+strings.Join(verb, " ")) {
			t.Errorf("doorstep %s is in no scenario", strings.Join(verb, " "))
		}
	}
}

// TestWhatIsTypedIsCarriedOutByWhoServes: on the socket as the operator, and on the API as
// the key that is shown, which may do what its scopes say.
func TestWhatIsTypedIsCarriedOutByWhoServes(t *testing.T) {
	t.Parallel()
	db := realShop(t, dbtest.SQLite)
	stale(t, db+".sock")
	s := serve(t, db, "--listen", "127.0.0.1:0", "--json")
	if info, err := os.Stat(db + ".sock"); err != nil || info.Mode().Perm() != 0o600 || info.Mode().Type() != os.ModeSocket {
		t.Errorf("the socket is %v (%v)", info, err)
	}
	api, file := s.serves(t)
	admin, err := os.ReadFile(filepath.Join(s.cmd.Dir, filepath.Base(file)))
	if errors.Is(err, os.ErrNotExist) {
		admin, err = os.ReadFile(file)
	}
	if err != nil {
		t.Fatal(err)
	}
	made := call(t, http.MethodPost, api+"/v1/keys", strings.TrimSpace(string(admin)), `{"name":"made up","scopes":["read","tickets"]}`)
	secret, _ := made["secret"].(string)
	asKey := func(args ...string) answer {
		cmd := program(t, "elsewhere.db", append([]string{"--server", api}, args...)...)
		cmd.Env = append(cmd.Env, "DOORSTEP_API_KEY="+secret)
		return run(t, cmd)
	}
	if a := asKey("order", "show", "1001", "--json"); a.code != 0 || !strings.Contains(a.stdout, `"number": 1001`) {
		t.Errorf("shown through the API: %+v", a)
	}
	refused(t, asKey(place("--sku", "CUP")...), 4, "orders")
	refused(t, asKey("import", importSample), 2, "where the database is")
	refused(t, asKey("stock", "import", "missing.csv"), 3, "missing.csv")
	if a := asKey("ticket", "open", "--order", "1001", "--message", "Made up.", "--json"); a.code != 0 {
		t.Errorf("a ticket through the API: %+v", a)
	}
	if a := run(t, program(t, db, "events", "--order", "1001", "--json")); !strings.Contains(a.stdout, `"actor":"key:key_`) || !strings.Contains(a.stdout, `"actor":"operator"`) {
		t.Errorf("who has acted: %s", a.stdout)
	}
	refused(t, asKey("ticket", "approve", "tkt_none", "--as", "agent:8"), 4, "the key that acts")
	secret = "dsk_none"
	refused(t, asKey("order", "list"), 4, "no such key")
	refused(t, run(t, program(t, db, "--server", api, "order", "list")), 2, "DOORSTEP_API_KEY")
	refused(t, run(t, program(t, db, "--server", "http://shop.example", "order", "list")), 2, "https")
	follow := program(t, db, "events", "--follow")
	out, err := follow.StdoutPipe()
	if err = errors.Join(err, follow.Start()); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.end(t)
	if err := follow.Wait(); err != nil {
		t.Errorf("who follows ends with %v when the server ends", err)
	}
	if _, err := os.Stat(db + ".sock"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
}

// stale leaves a socket that no one listens on, as a process that was killed does.
func stale(t *testing.T, name string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
