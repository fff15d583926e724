package cli_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep"
	"doorstep/cli"
	"doorstep/clock"
	"doorstep/internal/db/dbtest"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"
)

var update = flag.Bool("update", false, "write the golden files anew")

// opening is when every test shop opens: a Monday morning.
var opening = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// engines runs the test on each engine. Under the race detector, whose runs are
// short, the one in this process is enough: what the command line itself does
// is the same on both.
func engines(t *testing.T, test func(t *testing.T, engine string)) {
	t.Helper()
	if testing.Short() {
		t.Run(dbtest.SQLite, func(t *testing.T) { test(t, dbtest.SQLite) })
		return
	}
	dbtest.Engines(t, test)
}

// shop is a shop on virtual time that is used by the command line alone. Its
// goods and its people are made up.
type shop struct {
	t       testing.TB
	db      string
	clock   *clock.Virtual
	env     map[string]string
	outside string
	served  bool // what is typed is carried out by a server
}

func newShop(t testing.TB, engine string) *shop {
	return &shop{t: t, db: dbtest.URL(t, engine), clock: clock.NewVirtual(opening), outside: t.TempDir()}
}

// answer is what a command said.
type answer struct {
	code           int
	stdout, stderr string
}

func (s *shop) run(stdin string, args ...string) answer {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	p := cli.Program{Stdin: strings.NewReader(stdin), Stdout: &stdout, Stderr: &stderr,
		Env:       func(name string) (string, bool) { v, ok := s.env[name]; return v, ok },
		Configure: s.configure}
	at := []string{"--db", s.db}
	if s.served && !slices.Contains(local, args[0]) {
		server, end := s.serve()
		defer end()
		at = []string{"--server", server, "--key-file", "testdata/no.key"}
	}
	code := p.Run(s.t.Context(), append(at, args...))
	return answer{code, stdout.String(), stderr.String()}
}

func (s *shop) configure(c *doorstep.Config) {
	c.Virtual, c.Seed, c.Outside, c.SecretsKey = s.clock, 1, s.outside, secretsKey
}

// secretsKey is made up.
const secretsKey = "bWFkZSB1cCBmb3IgdGVzdHMsIDMyIGJ5dGVzIGxvbmc="

// must runs a command that has to succeed and returns what it said.
func (s *shop) must(stdin string, args ...string) string {
	s.t.Helper()
	a := s.run(stdin, args...)
	if a.code != 0 {
		s.t.Fatalf("doorstep %s: exit code %d\n%s%s", strings.Join(args, " "), a.code, a.stdout, a.stderr)
	}
	return a.stdout
}

// stock is what every test shop sells.
const stock = `sku,name,currency,price,weight_grams,location,on_hand
CUP,Blue cup,GBP,4.50,300,main,100
POT,"Tea pot, with a lid and a name that tables cut",GBP,19.99,1200,main,5
LAMP,Lampe à huile,EUR,89.00,3000,main,1
VOUCHER,Voucher,GBP,10.00,0,,
`

// person are the flags of a quick order that say who it is for.
var person = []string{"--name", "Made Up", "--mail", "made.up@example.com", "--address", "1 Sample Street",
	"--city", "Sampleton", "--postal-code", "SA1 1AA", "--country", "GB"}

func place(args ...string) []string {
	return append(append([]string{"order", "place"}, args...), person...)
}

// transcript runs commands one after the other and writes down what they said.
type transcript struct {
	*shop
	text bytes.Buffer
	ids  map[string]string // the last identifier that was said, by prefix
	all  map[string]string // how each identifier is written down
}

func newTranscript(t testing.TB, engine string) *transcript {
	return &transcript{shop: newShop(t, engine), ids: map[string]string{}, all: map[string]string{}}
}

var (
	anID = regexp.MustCompile(`\b(ord|pay|shp|ret|tkt|rfd|att|mov|usr|ans)_[0-9a-z]{26}\b`)
	link = regexp.MustCompile(`\bdsl_[A-Z2-7]{26}\b`)
	page = regexp.MustCompile(`\b([0-9]+)-[a-z2-7]{26}\b`)
	aRef = regexp.MustCompile(`^\{(ord|pay|shp|ret|tkt|rfd|ans)\}$`)
)

// say runs a command. An argument such as {tkt} stands for the last identifier
// of the kind that was said.
func (tr *transcript) say(stdin string, args ...string) {
	tr.t.Helper()
	for i, a := range args {
		if m := aRef.FindStringSubmatch(a); m != nil {
			args[i] = tr.ids[m[1]]
		}
	}
	a := tr.run(stdin, args...)
	for _, m := range anID.FindAllStringSubmatch(a.stdout, -1) {
		tr.ids[m[1]] = m[0]
	}
	fmt.Fprintf(&tr.text, "$ doorstep %s\n%s", quoted(args), a.stdout)
	if a.stderr != "" {
		fmt.Fprintf(&tr.text, "(stderr)\n%s", a.stderr)
	}
	if a.code != 0 {
		fmt.Fprintf(&tr.text, "(exit code %d)\n", a.code)
	}
	tr.text.WriteString("\n")
}

// said is all that was said, with identifiers of the same width that say only
// which one it is: what they are made of is none of the command line's concern.
func (tr *transcript) said() string {
	return anID.ReplaceAllStringFunc(page.ReplaceAllString(link.ReplaceAllString(tr.text.String(), "dsl_…"), "$1-…"), func(id string) string {
		if tr.all[id] == "" {
			tr.all[id] = fmt.Sprintf("%s_%026d", id[:3], len(tr.all)+1)
		}
		return tr.all[id]
	})
}

func quoted(args []string) string {
	out := make([]string, len(args))
	for i, a := range args {
		if out[i] = a; strings.ContainsAny(a, " \n") || a == "" {
			out[i] = fmt.Sprintf("%q", a)
		}
	}
	return strings.Join(out, " ")
}

// golden compares what was said with the file of the name.
func golden(t testing.TB, name, got string, write bool) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if write {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not what is said (-want +got, -update accepts it):\n%s", file, diff)
	}
}

// tooWide names each line of an answer that does not fit 80 columns.
func tooWide(text string) []string { return tooWideFor(80, text) }

func tooWideFor(width int, text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if runewidth.StringWidth(line) > width && !strings.HasPrefix(line, "$ ") {
			lines = append(lines, line)
		}
	}
	return lines
}

// scenarios are what is said to people, verb by verb, on a shop with stock.
var scenarios = map[string]func(tr *transcript){
	"orders.txt": func(tr *transcript) {
		tr.say("", "order", "list")
		tr.say("", place("--sku", "CUP=2", "--sku", "POT", "--shipping", "3.95", "--customer", "c7")...)
		tr.say("", place("--sku", "CUP=101", "--sku", "POT=6")...)
		tr.say(webOrder, "order", "place", "-", "--key", "k1")
		tr.say(webOrder, "order", "place", "-", "--key", "k1")
		tr.say("", "order", "note", "1001", "The customer asks for a gift box.")
		tr.say("", "order", "link", "1001")
		tr.say("", "order", "link", "9999")
		tr.say("", "order", "cancel", "web/A-17", "--reason", "ordered twice")
		tr.say("", "order", "list")
		tr.say("", "order", "list", "--limit", "1")
		tr.say("", "order", "list", "--status", "failed")
		tr.clock.MoveTo(opening.Add(36 * time.Hour))
		tr.say("", "order", "note", "1001", "Let a day and a half pass.")
		tr.say("", place("--sku", "VOUCHER")...)
		tr.say("", place("--sku", "CUP")...)
		tr.say("", "order", "show", "1001")
		tr.say("", "order", "show", "web/A-17")
		tr.say("", "order", "show", "1002")
		tr.say("", "order", "list", "--customer", "c7")
		tr.say("", "events", "--order", "1001")
		tr.say("", "order", "retry", "1001")
		tr.say("", place("--sku", "CUP", "--customer", "c8", "--gateway", "manual")...)
		tr.say("", "order", "note", "1007", "Made Up has called.")
		tr.say("", "forget", "c8")
		tr.say("", "order", "cancel", "1007")
		tr.say("", "forget", "c8", "--preview")
		tr.say("", "forget", "c8")
		tr.say("", "forget", "c8")
		tr.say("", "order", "show", "1007")
		tr.say("", "verify")
	},
	"users.txt": func(tr *transcript) {
		tr.say("", "user", "list")
		tr.say("", "user", "add", "Made.Up@example.com", "--name", "Made Up", "--role", "agent", "--key", "k1")
		tr.say("", "user", "add", "Made.Up@example.com", "--name", "Made Up", "--role", "agent", "--key", "k1")
		tr.say("", "user", "add", "made.up@example.com", "--name", "Else", "--role", "viewer")
		tr.say("", "user", "add", "made up", "--name", " ", "--role", "admin")
		tr.say("", "user", "link", "made.up@example.com", "--console", "https://shop.example/")
		tr.say("", "user", "role", "made.up@example.com", "operator")
		tr.say("", "user", "sign-out", "made.up@example.com")
		tr.say("", "user", "disable", "made.up@example.com")
		tr.say("", "user", "link", "made.up@example.com")
		tr.say("", "user", "list")
		tr.say("", "user", "enable", "made.up@example.com")
		tr.say("", "user", "enable", "else@example.com")
		tr.say("", "user", "list", "--json")
	},
	"today.txt": func(tr *transcript) {
		tr.say("", "today")
		tr.say("", "stock", "soon")
		tr.say("", place("--sku", "CUP=60", "--sku", "POT")...)
		tr.say("", place("--sku", "POT=6")...)
		tr.clock.MoveTo(opening.Add(90 * time.Minute))
		for range 3 {
			tr.say("", place("--sku", "CUP=2")...)
		}
		tr.say("", "ticket", "open", "--order", "1001", "--hold", "--message", "Is it the blue one?")
		tr.allEvents() // PostgreSQL's feed has all that has happened when no other transaction runs
		tr.say("", "today", "--minutes", "120")
		tr.say("", "stock", "soon", "--within", "1")
		tr.say("", "today", "--minutes", "0")
		tr.say("", "stock", "soon", "--days", "100")
		tr.must("", "today", "--recount")
		tr.say("", "verify")
	},
	"manual.txt": func(tr *transcript) {
		tr.say("", "policy", "get")
		tr.say("", "policy", "set", "carrier=manual", "gateway=manual", "payment_retries=", "ask.tries=9", "silence=48h")
		tr.say("", "policy", "set", "carrier=pigeon")
		tr.say("", "policy", "set", "nonsense=1", "ask.tries=many", "silence")
		tr.say("", "policy", "get", "ask", "silence")
		tr.say("", "policy", "get", "ask.", "nonsense", "silence")
		tr.say("", "policy", "get", "ask", "--json")
		tr.say("", "policy", "set", "ask.tries=8", "label_retries=10m", "--preview")
		tr.say(`{"silence": "48h"}`, "policy", "set", "-", "--preview")
		tr.say("", "policy", "set", "capture=never", "--preview")
		tr.say(`{"ask": {"tries": 7, "most": "1m"}, "silence": "48h"}`, "policy", "set", "-")
		tr.say("", "policy", "set", "silence=48h")
		tr.say("", "policy", "set", "payment_retries=5x", "silence=48h", "track_every=often")
		tr.say("", "policy", "history")
		tr.say("", place("--sku", "CUP=2", "--sku", "POT")...)
		tr.say("", "shipment", "list")
		tr.say("", "payment", "record", "1001", "--reference", "statement 7", "--amount", "12.00")
		tr.say("", "payment", "record", "1001", "--reference", "statement 7", "--amount", "28.991")
		tr.say("", "payment", "record", "1001", "--reference", "statement 7", "--preview")
		tr.say("", "payment", "record", "1001", "--reference", "statement 7")
		tr.say("", "payment", "record", "1001", "--reference", "statement 7")
		tr.say("", "shipment", "list")
		tr.say("", "shipment", "handover", "1001")
		tr.say("", "shipment", "handover", "1001", "--tracking", "RR123456785GB")
		tr.say("", "shipment", "list")
		tr.say("", "shipment", "delivered", "RR123456785GB")
		tr.say("", "shipment", "delivered", "nothing")
		tr.say("", place("--sku", "CUP")...)
		tr.say("", "payment", "record", "1002", "--reference", "statement 8")
		tr.say("", "order", "cancel", "1002")
		tr.say("", "order", "show", "1002")
		tr.say("", "payment", "refunded", "1002", "--reference", "statement 9", "--preview")
		tr.say("", "payment", "refunded", "1002", "--reference", "statement 9")
		tr.say("", "payment", "refunded", "1001", "--reference", "statement 9")
		tr.say("", "verify")
	},
	"held.txt": func(tr *transcript) {
		tr.say("sku,name,currency,price,weight_grams,location,on_hand\nLAMP,Lampe à huile,EUR,89.00,3000,annex,1\n", "stock", "import", "-")
		tr.say("", "policy", "set", "handover=by_person", "--preview")
		tr.say("", "policy", "set", "handover=by_person")
		tr.say("", place("--sku", "LAMP=2")...)
		tr.say("", "order", "hold", "1001", "--reason", "No word")
		tr.say("", "order", "hold", "1001", "--reason", "fraud_suspected", "--text", "The names differ.")
		tr.say("", "order", "hold", "1001", "--reason", "fraud_suspected")
		tr.say("", place("--sku", "CUP")...)
		tr.say("", "order", "list")
		tr.say("", "order", "list", "--held")
		tr.say("", "shipment", "list")
		tr.say("", "order", "show", "1001")
		tr.say("", "shipment", "handover", "{shp}")
		tr.say("", "order", "release", "1001")
		tr.say("", "order", "release", "1001")
		tr.say("", "order", "list", "--held")
		tr.say("", "shipment", "handover", "1001")
		tr.say("", "shipment", "handover", "{shp}")
		tr.say("", "order", "show", "1001")
		tr.say("", "verify")
	},
	"astray.txt": func(tr *transcript) {
		tr.say("", "policy", "set", "carrier=manual")
		tr.say("", place("--sku", "CUP=2", "--sku", "POT")...)
		tr.say("", "order", "reship", "1001")
		tr.say("", "shipment", "handover", "1001", "--tracking", "RR123456785GB")
		tr.say("", "shipment", "found", "1001")
		tr.say("", "shipment", "lost", "1001", "--preview")
		tr.say("", "shipment", "lost", "1001", "--version", "3")
		tr.say("", "shipment", "lost", "1001")
		tr.say("", "shipment", "found", "1001", "--preview")
		tr.say("", "shipment", "found", "1001")
		tr.say("", "shipment", "refused", "RR123456785GB")
		tr.say("", "shipment", "return", "1001", "--unfit", "CUP=3", "--preview")
		tr.say("", "shipment", "return", "1001", "--unfit", "CUP=1", "--preview")
		tr.say("", "shipment", "return", "1001", "--unfit", "CUP=1")
		tr.say("", "shipment", "return", "1001", "--write-off")
		tr.say("", "order", "show", "1001")
		tr.say("", "order", "reship", "1001", "--preview")
		tr.say("", "order", "reship", "1001", "nothing")
		tr.say("", "order", "reship", "1001", "--key", "again")
		tr.say("", "order", "reship", "1001", "--key", "again")
		tr.say("", "order", "reship", "1001", "--reason", "The customer wants the money.")
		tr.say("", "order", "reship", "1001", "--withdraw", "--preview")
		tr.say("", "order", "reship", "1001", "--withdraw", "--version", "3")
		tr.say("", "order", "reship", "1001", "--withdraw", "--reason", "The customer wants the money.", "--key", "not")
		tr.say("", "order", "reship", "1001", "--withdraw", "--key", "not", "--reason", "The customer wants the money.")
		tr.say("", "order", "reship", "1001", "--withdraw")
		tr.say("", "order", "reship", "1001", "--withdraw", "--key", "other")
		tr.say("", "order", "reship", "1001")
		tr.say("", "policy", "set", "carrier=simulated", "handover=by_person")
		tr.say("", "order", "edit", "1001", "--method", "express")
		tr.say("", "order", "reship", "1001", "--withdraw", "--preview")
		tr.say("", "order", "reship", "1001", "--withdraw", "RR123456785GB")
		tr.say("", "policy", "set", "carrier=manual")
		tr.say("", "order", "reship", "1001")
		tr.say("", "shipment", "list")
		tr.say("", "shipment", "damaged", "RR123456785GB")
		tr.say("", "ticket", "list")
		tr.say("", "verify")
	},
	"attention.txt": func(tr *transcript) {
		tr.say("", "attention", "list")
		tr.say("", "policy", "set", "capture=on_handover", "label_retries=1h", "ask.tries=2", "hold_rules=amount_over:GBP:2000,countries_differ")
		tr.say("", place("--sku", "CUP", "--sku", "POT")...)
		tr.say("", append(place("--sku", "CUP"), "--postal-code", "TROUBLE-ONCE")...)
		tr.clock.MoveTo(opening.Add(36 * time.Hour))
		tr.outside = tr.t.TempDir() // the gateway has lost its books
		tr.say("", "order", "cancel", "1002")
		tr.say("", place("--sku", "CUP", "--gateway", "manual")...)
		tr.clock.MoveTo(opening.Add(9 * 24 * time.Hour))
		tr.say("", "order", "note", "1003", "Let what is due be done.")
		tr.say("", place("--sku", "CUP")...)
		tr.say("", "attention", "list")
		tr.say("", "attention", "list", "--limit", "1")
		tr.say("", "attention", "list", "--cause", "held", "--json")
		tr.say("", "attention", "skip", "1001", "--preview")
		tr.say("", "attention", "compensate", "1002/void_payment")
		tr.say("", "attention", "retry", "1003/await_payment")
		tr.say("", "attention", "retry", "1001", "1002", "1004", "--preview")
		tr.say("", "attention", "compensate", "1003", "1001", "--preview")
		tr.say("", "attention", "compensate", "1003")
		tr.say("", "attention", "retry", "1001", "1002")
		tr.say("", "attention", "retry", "tkt_gone")
		tr.say("", "attention", "list", "--limit", "0")
		tr.say("", "verify")
	},
	"demanded.txt": func(tr *transcript) {
		tr.say("", "policy", "set", "capture=on_handover", "handover=by_person", "label_retries=1h")
		tr.say("", append(place("--sku", "CUP"), "--postal-code", "TROUBLE-ONCE")...)
		tr.say("", "payment", "capture", "1001", "--preview")
		tr.say("", "payment", "capture", "1001", "--version", "1")
		tr.say("", "payment", "capture", "1001", "--key", "k1")
		tr.say("", "payment", "capture", "1001", "--key", "k1")
		tr.say("", "payment", "capture", "1001")
		tr.say("", "payment", "void", "1001")
		tr.say("", "shipment", "rate", "1001")
		tr.say("", "shipment", "label", "1001")
		tr.say("", "shipment", "label", "1001")
		tr.say("", "shipment", "scan", "1001", "in_transit")
		tr.say("", "shipment", "handover", "1001")
		tr.say("", "shipment", "scan", "1001", "gone")
		tr.say("", "shipment", "scan", "1001", "in_transit", "--at", "2030-01-01T00:00:00Z", "--detail", "lost")
		tr.say("", "shipment", "scan", "1001", "in_transit", "--at", "2026-03-02T09:00:00Z", "--place", "Sampleton")
		tr.say("", "shipment", "scan", "1001", "delivered")
		tr.say("", append(place("--sku", "CUP"), "--postal-code", "TROUBLE-ONCE")...)
		tr.say("", "payment", "void", "1002", "--preview")
		tr.say("", "payment", "void", "1002", "--reason", "The customer pays otherwise.")
		tr.say("", "payment", "void", "1002")
		tr.say("", "order", "show", "1002")
		tr.say("", "verify")
	},
	"voided.txt": func(tr *transcript) {
		tr.say("", "policy", "set", "capture=on_handover", "label_retries=1h", "ask.tries=2")
		tr.say("", append(place("--sku", "CUP"), "--postal-code", "TROUBLE-ONCE")...)
		tr.say("", "payment", "voided", "1001", "--reference", "made up")
		tr.outside = tr.t.TempDir() // the gateway has lost its books
		tr.say("", "order", "cancel", "1001")
		tr.say("", "payment", "voided", "1001", "--reference", "")
		tr.say("", "payment", "voided", "1001", "--reference", "made up", "--preview")
		tr.say("", "payment", "voided", "1001", "--reference", "made up")
		tr.say("", "order", "show", "1001")
		tr.say("", "verify")
	},
	"refunds.txt": func(tr *transcript) {
		tr.say("", append(place("--sku", "CUP=2"), "--sku", "POT")...)
		tr.say("", "order", "refund", "1001", "--line", "1=1", "--reason", "made up", "--preview")
		tr.say("", "order", "refund", "1001", "--line", "1=1", "--reason", "made up", "--version", "1")
		tr.say("", "order", "refund", "1001", "--line", "1=1", "--reason", "made up")
		tr.say("", "order", "refund", "1001", "--amount", "1.00", "--reason", "made up", "--preview", "--json")
		tr.say("", "order", "refund", "1001", "--line", "1=2", "--line", "9", "--reason", "made up", "--preview")
		tr.say("", "order", "refund", "1001", "--line", "one", "--reason", "made up")
		tr.say("", "order", "refund", "1001", "--amount", "1,00", "--reason", "made up")
		tr.say("", "order", "refund", "1001", "--all", "--amount", "1.00", "--reason", "made up")
		tr.say("", "payment", "returned", "1001", "--preview")
		tr.say("", "payment", "returned", "1001")
		tr.say("", "order", "show", "1001")
		tr.say("", "verify")
	},
	"changes.txt": func(tr *transcript) {
		tr.say("", "policy", "set", "handover=by_person")
		tr.say("", append(place("--sku", "CUP=3"), "--sku", "POT", "--gateway", "manual")...)
		tr.say("", "order", "edit", "1001", "--line", "1=1", "--add", "POT=1", "--preview")
		tr.say("", "order", "edit", "1001", "--line", "1=1", "--add", "POT=1", "--version", "1")
		tr.say("", "order", "edit", "1001", "--line", "1=5", "--add", "CUP=2000", "--preview")
		tr.say("", "order", "edit", "1001", "--add", "CUP=2000", "--preview")
		tr.say("", "order", "edit", "1001", "--line", "one")
		tr.say("", "order", "edit", "1001")
		tr.say("", "payment", "record", "1001", "--reference", "made up")
		tr.say("", "order", "address", "1001", "--address", "2 Sample Street", "--preview")
		tr.say("", "order", "address", "1001", "--address", "2 Sample Street", "--reason", "Moved.")
		tr.say("", "order", "cancel", "1001", "--line", "2=1", "--preview", "--json")
		tr.say("", "order", "cancel", "1001", "--line", "2=2")
		tr.say("", "order", "cancel", "1001", "--line", "2=1", "--version", "3")
		tr.say("", "order", "cancel", "1001", "--line", "2=1")
		tr.say("", "order", "cancel", "1001", "--preview")
		tr.say("", "order", "cancel", "1001", "--version", "3")
		tr.say("", "order", "show", "1001")
		tr.say("", "shipment", "handover", "1001")
		tr.say("", "order", "address", "1001", "--address", "3 Sample Street")
		tr.say("", "verify")
	},
	"complaints.txt": func(tr *transcript) {
		tr.say("", "policy", "set", "carrier=manual", "ticket_limits.decision=GBP:500", "ticket_limits.customer=2000", "--preview")
		tr.say("", "policy", "set", "carrier=manual", "ticket_limits.decision=GBP:500", "ticket_limits.customer=GBP:2000")
		tr.say("", place("--sku", "CUP=3")...)
		tr.say("", "ticket", "open", "--order", "1001", "--hold", "--message", "Is it the blue one?")
		tr.say("", "order", "release", "1001")
		tr.say("", "attention", "list")
		tr.say("", "ticket", "resolve", "{tkt}", "It is.")
		tr.say("", "shipment", "handover", "1001", "--tracking", "MADE-UP-1")
		tr.say("", "shipment", "delivered", "1001")
		tr.say("", "ticket", "open", "--order", "1001", "--category", "damaged", "--line", "1=0", "--message", "Broken.")
		tr.say("", "ticket", "open", "--order", "1001", "--category", "damaged", "--line", "1=1", "--message", "One is broken.")
		tr.say("", "ticket", "approve", "{tkt}")
		tr.say("", "ticket", "approve", "{tkt}", "--as", "agent:8", "--preview")
		tr.say("", "ticket", "approve", "{tkt}", "--as", "agent:8", "--json")
		tr.say("", "ticket", "approve", "{tkt}", "--as", "agent:9")
		tr.say("", "ticket", "show", "{tkt}")
		tr.say("", "ticket", "open", "--order", "1001", "--category", "wrong_item", "--line", "1", "--message", "They are red.")
		tr.say("", "ticket", "approve", "{tkt}", "--as", "agent:8", "--reject")
		tr.say("", "verify")
	},
	"wishes.txt": func(tr *transcript) {
		tr.say("", "policy", "set", "carrier=manual", "on_complaint=return")
		tr.say("", append(place("--sku", "CUP"), "--gateway", "manual")...)
		tr.say("", "payment", "record", "1001", "--reference", "line 7")
		tr.say("", "ticket", "open", "--order", "1001", "--category", "address_change", "--city", "Elsewhere", "--message", "I have moved.")
		tr.say("", "ticket", "open", "--category", "address_change", "--address", "2 Sample Street", "--message", "I have moved.")
		tr.say("", "order", "address", "1001", "--city", "Elsewhere")
		tr.say("", "ticket", "open", "--order", "1001", "--category", "address_change", "--address", "2 Sample Street", "--country", "FR", "--message", "I have moved.")
		tr.say("", "ticket", "resolve", "{tkt}", "It stays in the country.")
		tr.say("", "ticket", "open", "--order", "1001", "--category", "address_change", "--address", "2 Sample Street", "--message", "I have moved.")
		tr.say("", "order", "address", "1001", "--address", "2 Sample Street")
		tr.say("", "shipment", "handover", "1001", "--tracking", "MADE-UP-1")
		tr.say("", "shipment", "delivered", "1001")
		tr.say("", "order", "refund", "1001", "--amount", "1.00", "--reason", "late")
		tr.say("", "payment", "withdraw", "1001", "--preview", "--json")
		tr.say("", "payment", "withdraw", "1001")
		tr.say("", "payment", "withdraw", "1001")
		tr.say("", "ticket", "open", "--order", "1001", "--category", "damaged", "--line", "1", "--message", "It is broken.")
		tr.say("", "return", "receive", "1001")
		tr.say("", "ticket", "show", "{tkt}")
		tr.say("", "verify")
	},
	"returns.txt": func(tr *transcript) {
		tr.say("", "policy", "set", "carrier=manual")
		tr.say("", append(place("--sku", "CUP=3"), "--sku", "POT")...)
		tr.say("", "order", "return", "1001", "--reason", "unwanted")
		tr.say("", "shipment", "handover", "1001", "--tracking", "MADE-UP-1")
		tr.say("", "shipment", "delivered", "1001")
		tr.say("", "order", "return", "1001", "--line", "1=2", "--reason", "unwanted", "--preview")
		tr.say("", "order", "return", "1001", "--line", "1=4", "--line", "9", "--reason", "Not a word", "--preview")
		tr.say("", "order", "return", "1001", "--line", "one", "--reason", "unwanted")
		tr.say("", "order", "return", "1001", "--line", "1=2", "--reason", "unwanted")
		tr.say("", "return", "list", "--status", "authorised")
		tr.say("", "return", "receive", "1001", "--unfit", "CUP=1", "--withhold", "--preview", "--json")
		tr.say("", "return", "receive", "1001", "--unfit", "CUP=1", "--preview")
		tr.say("", "return", "receive", "1001", "--unfit", "CUP=1", "--key", "k1")
		tr.say("", "return", "receive", "1001", "--unfit", "CUP=1", "--key", "k1")
		tr.say("", "return", "receive", "1001", "--unfit", "CUP=1", "--key", "k2")
		tr.say("", "order", "return", "1001", "--reason", "unwanted")
		tr.say("", "return", "cancel", "1001", "--preview")
		tr.say("", "return", "cancel", "1001")
		tr.say("", "policy", "set", "on_return=ask")
		tr.say("", "order", "return", "1001", "--reason", "unwanted", "--late")
		tr.say("", "return", "show", "1001")
		tr.say("", "return", "receive", "1001", "--location", "nowhere")
		tr.say("", "return", "receive", "1001", "--version", "1")
		tr.say("", "return", "receive", "1001")
		tr.say("", "return", "list")
		tr.say("", "order", "show", "1001")
		tr.say("", "order", "list", "--status", "returned", "--json")
		tr.say("", "stock", "list")
		tr.say("", "verify")
	},
	"exchange.txt": func(tr *transcript) {
		tr.say("", "policy", "set", "carrier=manual")
		tr.say("", append(place("--sku", "CUP=3"), "--sku", "POT")...)
		tr.say("", "shipment", "handover", "1001", "--tracking", "MADE-UP-1")
		tr.say("", "shipment", "delivered", "1001")
		tr.say("", "order", "exchange", "1001", "--line", "1=1", "--for", "POT", "--reason", "unwanted")
		tr.say("", "order", "exchange", "1001", "--line", "2", "--for", "CUP=2", "--reason", "unwanted", "--preview")
		tr.say("", "order", "exchange", "1001", "--line", "2", "--for", "CUP=2", "--reason", "unwanted", "--preview", "--json")
		tr.say("", "order", "exchange", "1001", "--line", "2", "--for", "CUP=2", "--reason", "unwanted", "--version", "1")
		tr.say("", "order", "exchange", "1001", "--line", "2", "--for", "CUP=2", "--reason", "unwanted", "--key", "k")
		tr.say("", "order", "exchange", "1001", "--line", "2", "--for", "CUP=2", "--reason", "unwanted", "--key", "k", "--json")
		tr.say("", "return", "show", "1001")
		tr.say("", "return", "receive", "1001", "--preview")
		tr.say("", "return", "receive", "1001")
		tr.say("", "order", "show", "1004")
		tr.say("", "order", "show", "1001")
		tr.say("", "order", "exchange", "1001", "--line", "1=1", "--for", "CUP=1", "--reason", "unwanted")
		tr.say("", "return", "cancel", "1001")
		tr.say("", "order", "list")
		tr.say("", "verify")
	},
	"stock.txt": func(tr *transcript) {
		tr.say("", "stock", "list")
		tr.say("", "stock", "list", "LAMP")
		tr.say("", "stock", "list", "NONE")
		tr.say("", "stock", "receive", "CUP", "20", "--preview")
		tr.say("", "stock", "receive", "CUP", "20")
		tr.say("", "stock", "adjust", "CUP", "-3", "--reason", "broken in the store")
		tr.say("", "stock", "adjust", "CUP", "+2", "--reason", "found behind the shelf")
		tr.say("", "stock", "return", "CUP", "1", "--reason", "order 1001, unopened")
		tr.say("", "stock", "set", "POT", "4", "--reason", "yearly count", "--preview")
		tr.say("", "stock", "set", "POT", "4", "--reason", "yearly count")
		tr.say("", place("--sku", "CUP=7")...)
		tr.say("", "stock", "movements", "CUP")
		tr.say("", "shipment", "rate", "1001")
		tr.say("", "shipment", "rate", "1099")
		tr.say("", "stock", "safety", "POT", "3")
		tr.say("", place("--sku", "POT=2")...)
		tr.say("", "stock", "safety", "POT", "1", "--preview")
		tr.say("", "stock", "adjust", "POT", "-9", "--reason", "made up", "--preview")
		tr.say("", "stock", "safety", "POT", "-1")
		tr.say("", "stock", "safety", "POT", "1", "--location", "moon")
		tr.say("", "stock", "export")
		tr.say(strings.Replace(stock, "main,100", "north,8", 1), "stock", "import", "-", "--country", "DE")
		tr.say("sku,name,currency,price,weight_grams,location,on_hand,safety\nCUP,Blue cup,GBP,4.50,300,north,8,6\n", "stock", "import", "-")
		tr.say("", "stock", "list")
	},
	"backorders.txt": func(tr *transcript) {
		tr.say("", "policy", "set", "carrier=manual", "gateway=manual", "pay_backorders=when_shippable")
		tr.say("", "stock", "waiting")
		tr.say("", "stock", "backorder", "LAMP", "maybe")
		tr.say("", "stock", "backorder", "NONE", "yes")
		tr.say("", "stock", "backorder", "LAMP", "yes")
		tr.say("", place("--sku", "LAMP=3")...)
		tr.say("", place("--sku", "LAMP=2")...)
		tr.say("", "order", "show", "1001")
		tr.say("", "stock", "waiting")
		tr.say("", "ticket", "open", "--order", "1001", "--category", "where_is_my_order", "--message", "When does it come?")
		tr.say("", "stock", "receive", "LAMP", "10", "--preview")
		tr.say("", "stock", "receive", "LAMP", "10")
		tr.say("", "order", "list")
		tr.say("", "stock", "waiting", "LAMP", "--json")
		tr.say("", "stock", "backorder", "LAMP", "no")
		tr.say("", "stock", "export")
		tr.say("sku,name,currency,price,weight_grams,location,on_hand,backorder\nCUP,Blue cup,GBP,4.50,300,main,100,maybe\n", "stock", "import", "-")
		tr.say("", "verify")
	},
	"counts.txt": func(tr *transcript) {
		tr.say("", "policy", "set", "carrier=manual")
		tr.say("", "stock", "count", "CUP=97", "POT=5", "--preview")
		tr.say("", "stock", "count", "CUP=97", "POT=5")
		tr.say("", place("--sku", "CUP=40")...)
		tr.say("", place("--sku", "CUP=30", "--sku", "POT=2")...)
		tr.say("", place("--sku", "CUP=20", "--sku", "POT=3")...)
		tr.say("sku,counted\nCUP,69\nPOT,4\nLAMP,2\n", "stock", "count", "-", "--preview")
		tr.say("", "stock", "count", "CUP=69", "--preview", "--json")
		tr.say("", "stock", "count", "CUP=69", "LAMP=2")
		tr.say("", "order", "list", "--held")
		tr.say("", "order", "release", "1002")
		tr.say("", "stock", "receive", "CUP", "20")
		tr.say("", "order", "release", "1002")
		tr.say("", "order", "show", "1002")
		tr.say("", "verify")
		tr.say("", "stock", "count", "CUP=90", "LAMP=2", "--reason", "yearly count", "--key", "k1")
		tr.say("", "stock", "count", "CUP=90", "LAMP=2", "--reason", "yearly count", "--key", "k1")
		tr.say("", "stock", "count", "CUP=90", "NONE=2", "CUP=1")
		tr.say("", "stock", "count", "CUP=many", "POT")
		tr.say("sku,location,counted\nCUP,main,-1\nPOT,,x\nPOT,main,1\n,main,1\n", "stock", "count", "-")
		tr.say("", "stock", "movements", "LAMP")
	},
	"answers.txt": func(tr *transcript) {
		tr.say("", "answer", "list")
		tr.say("", place("--sku", "CUP=2")...)
		tr.say("", "ticket", "open", "--order", "1001", "--message", "Where is it?")
		tr.say("", "answer", "add", "Where it is", "Dear {nobody}")
		tr.say("", "answer", "add", "Where it is", "Dear {first_name},\nyour order {reference} is on its way as {tracking_number}.\n{writer}", "--key", "k1")
		tr.say("", "answer", "add", "Where it is", "Dear {first_name},\nyour order {reference} is on its way as {tracking_number}.\n{writer}", "--key", "k1")
		tr.say("", "answer", "list")
		tr.say("", "answer", "fill", "{tkt}", "{ans}")
		tr.say("", "ticket", "reply", "{tkt}", "Dear {first_name}, we are looking for it.")
		tr.say("", "answer", "change", "{ans}", "We look", "Dear {name}, we are looking for order {order_number}.")
		tr.say("", "answer", "fill", "{tkt}", "{ans}")
		tr.say("", "answer", "remove", "{ans}")
		tr.say("", "answer", "fill", "{tkt}", "{ans}")
	},
	"tickets.txt": func(tr *transcript) {
		tr.say("", "ticket", "list")
		tr.say("", place("--sku", "CUP=2")...)
		tr.say("", "ticket", "open", "--order", "1001", "--category", "where_is_my_order", "--message", "It has not arrived.")
		tr.say("", "ticket", "open", "--order", "1001", "--category", "damaged", "--message", "A line.\nAnother one, which is quite a lot longer than eighty columns and therefore has to be broken somewhere.\x1b[31m")
		tr.say("", "ticket", "reply", "{tkt}", "We are sorry. Which cup?")
		tr.say("", "ticket", "reply", "{tkt}", "The blue one.", "--as-customer")
		tr.say("", "ticket", "assign", "{tkt}", "made.up@example.com")
		tr.say("", "ticket", "assign", "{tkt}", "agent:7")
		tr.say("", "ticket", "list", "--assignee", "agent:7")
		tr.say("", "ticket", "note", "{tkt}", "They have asked by telephone, too.")
		tr.say("", "ticket", "views")
		tr.say("", "ticket", "list", "--view", "overdue")
		tr.say("", "ticket", "resolve", "{tkt}", "A new one is on its way.")
		tr.say("", "ticket", "assign", "{tkt}", "none")
		tr.say("", "ticket", "reopen", "{tkt}", "It has come back: we look again.", "--key", "k1")
		tr.say("", "ticket", "reopen", "{tkt}", "It has come back: we look again.", "--key", "k1")
		tr.say("", "ticket", "reopen", "{tkt}")
		tr.say("", "ticket", "show", "{tkt}")
		tr.say("", "ticket", "open", "--message", "Do you sell plates?")
		tr.say("", "ticket", "list")
		tr.say("", "ticket", "list", "--status", "open")
		tr.say("", "ticket", "show", "tkt_none")
		tr.say("", "order", "show", "1001")
	},
}

const webOrder = `{
  "reference": {"source": "web", "number": "A-17"}, "currency": "GBP", "prices_include_tax": true,
  "customer": {"id": "c9", "name": "Made Up", "mail": "made.up@example.com", "phone": "+44 1632 960000"},
  "lines": [{"sku": "CUP", "quantity": 2, "unit_price": 450, "tax": 150}, {"sku": "POT", "name": "Pot", "quantity": 1, "tax": 333}],
  "discount": 299, "shipping": {"price": 395, "tax": 66}, "total": 2995,
  "ship_to": {"name": "Made Up", "line1": "1 Sample Street", "city": "Sampleton", "postal_code": "SA1 1AA", "country": "GB"},
  "bill_to": {"name": "Made Up Ltd", "line1": "2 Sample Street", "city": "Sampleton", "country": "GB"}
}`

func TestWhatPeopleSee(t *testing.T) {
	t.Parallel()
	for name, play := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engines(t, func(t *testing.T, engine string) {
				tr := newTranscript(t, engine)
				tr.say(stock, "stock", "import", "-")
				play(tr)
				text := tr.said()
				golden(t, name, text, *update && engine == dbtest.SQLite)
				for _, line := range tooWide(text) {
					t.Errorf("wider than 80 columns: %s", line)
				}
			})
		})
	}
}

// verbs are all that can be typed, as the help lists them.
func verbs(t testing.TB) [][]string {
	t.Helper()
	help := newShop(t, dbtest.SQLite).must("", "--help")
	_, list, _ := strings.Cut(help, "\nCommands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	var all [][]string
	for line := range strings.Lines(list) {
		if strings.HasPrefix(line, "   ") {
			continue // the help of the line before goes on
		}
		name, _, _ := strings.Cut(strings.TrimSpace(line), "  ")
		var words []string
		for _, w := range strings.Fields(name) {
			if w != strings.ToLower(w) || strings.HasPrefix(w, "<") || strings.HasPrefix(w, "[") {
				break
			}
			words = append(words, w)
		}
		all = append(all, words)
	}
	return all
}

func TestHelp(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite)
	var text strings.Builder
	text.WriteString(s.must("", "--help"))
	for _, verb := range verbs(t) {
		help := s.must("", append(verb, "--help")...)
		if name := strings.Join(verb, " "); !strings.Contains(help, "    doorstep "+name) {
			t.Errorf("doorstep %s --help shows no examples", name)
		}
		fmt.Fprintf(&text, "\n$ doorstep %s --help\n%s", strings.Join(verb, " "), help)
	}
	golden(t, "help.txt", text.String(), *update)
	for _, line := range tooWide(text.String()) {
		t.Errorf("wider than 80 columns: %s", line)
	}
	var alone bytes.Buffer
	if code := (cli.Program{Stdout: &alone, Stderr: &alone}).Run(t.Context(), nil); code != 0 || alone.String() != s.must("", "--help") {
		t.Errorf("without arguments it says (%d) %s", code, alone.String())
	}
}

// TestJSON: what is shown is one JSON value too, with times in RFC 3339 and
// amounts in minor units.
func TestJSON(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		tr := newTranscript(t, engine)
		tr.env = map[string]string{"DOORSTEP_JSON": "true"}
		tr.say(stock, "stock", "import", "-")
		tr.say("", place("--sku", "CUP=2")...)
		tr.say("", place("--sku", "POT=6")...)
		tr.say("", "order", "list", "--limit", "1")
		tr.say("", "order", "show", "1001")
		tr.say("", "order", "show", "9")
		tr.say("", "order", "place", "--sku", "NONE")
		tr.say("", "order", "plaice")
		tr.say("", "ticket", "open", "--order", "1001", "--category", "order_issue", "--message", "It is late.")
		tr.say("", "ticket", "list")
		tr.say("", "stock", "list", "CUP")
		tr.say("", "stock", "movements", "CUP")
		tr.say("", "shipment", "list")
		tr.say("", "policy", "get")
		tr.say("", "policy", "set", "handover=by_person")
		tr.say("", "policy", "history")
		tr.say("", "events", "--order", "1001")
		tr.say("", "verify")
		golden(t, "json.txt", tr.said(), *update && engine == dbtest.SQLite)
	})
}

// allEvents reads the feed until all that has happened is there. On PostgreSQL
// it may take a while: the feed shows only what is older than every running
// transaction, those of other tests' databases included.
func (s *shop) allEvents(args ...string) string {
	s.t.Helper()
	var report struct{ Events int }
	if err := json.Unmarshal([]byte(s.must("", "verify", "--json")), &report); err != nil {
		s.t.Fatal(err)
	}
	var all, after string
	for range 1000 {
		a := s.run("", append([]string{"events", "--json", "--after", after}, args...)...)
		if next, cut := strings.CutPrefix(strings.TrimSpace(a.stderr), "There may be more: --after "); cut {
			all, after = all+a.stdout, next
		} else if after == "" {
			all = a.stdout // there is no cursor to go on from: from the beginning again
		} else {
			all, after = all+a.stdout, "" // the last page
		}
		if strings.Count(all, "\n") >= report.Events {
			return all
		}
	}
	s.t.Fatalf("the feed has %d events, not %d", strings.Count(all, "\n"), report.Events)
	return ""
}

// TestEventsAreAFeed: pages put together are the whole, line by line.
func TestEventsAreAFeed(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		s := newShop(t, engine)
		s.must(stock, "stock", "import", "-")
		s.must("", place("--sku", "CUP=2")...)
		whole := s.allEvents("--limit", "0")
		if pages := s.allEvents("--limit", "2"); pages != whole {
			t.Errorf("pages of two:\n%swhole:\n%s", pages, whole)
		}
		for line := range strings.Lines(whole) {
			var e map[string]any
			if err := json.Unmarshal([]byte(line), &e); err != nil || e["type"] == "" {
				t.Errorf("%s: %v", line, err)
			}
		}
		if a := s.run("", "events", "--after", "nonsense"); a.code != 2 {
			t.Errorf("a wrong cursor: %+v", a)
		}
	})
}

func TestFlagsFromTheEnvironment(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite)
	s.must(stock, "stock", "import", "-")
	s.must("", place("--sku", "CUP")...)
	s.must("", place("--sku", "CUP")...)
	s.env = map[string]string{"DOORSTEP_LIMIT": "1"}
	if got := s.must("", "order", "list"); !regexp.MustCompile(`--before 1[0-9]{3}\n`).MatchString(got) {
		t.Errorf("DOORSTEP_LIMIT=1 lists:\n%s", got)
	}
	if got := s.must("", "order", "list", "--limit", "2"); strings.Count(got, "doorstep/") != 2 {
		t.Errorf("what is typed does not come first:\n%s", got)
	}
	s.env = map[string]string{"DOORSTEP_LIMIT": "few"}
	if a := s.run("", "order", "list"); a.code != 2 {
		t.Errorf("DOORSTEP_LIMIT=few: %+v", a)
	}
	var out, errs bytes.Buffer
	db := filepath.Join(t.TempDir(), "elsewhere.db")
	p := cli.Program{Stdin: strings.NewReader(stock), Stdout: &out, Stderr: &errs,
		Env: func(name string) (string, bool) { return db, name == "DOORSTEP_DB" }}
	if code := p.Run(t.Context(), []string{"stock", "import", "-"}); code != 0 {
		t.Fatal(errs.String())
	}
	if _, err := os.Stat(db); err != nil {
		t.Error(err)
	}
}

// failing fails every write.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAnAnswerThatCanNotBeWritten(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite)
	s.must(stock, "stock", "import", "-")
	for _, args := range [][]string{{"stock", "list"}, {"stock", "list", "--json"}, {"stock", "export"}, {"events"}, {"version"}} {
		var errs bytes.Buffer
		p := cli.Program{Stdout: failing{}, Stderr: &errs, Configure: func(c *doorstep.Config) { c.Virtual = s.clock }}
		if code := p.Run(t.Context(), append([]string{"--db", s.db}, args...)); code != 1 {
			t.Errorf("doorstep %s: exit code %d, want 1", strings.Join(args, " "), code)
		}
	}
}

// TestHelpIsAWord as well as a flag.
func TestHelpIsAWord(t *testing.T) {
	t.Parallel()
	said := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := (cli.Program{Stdout: &out, Stderr: &errs}).Run(t.Context(), args); code != 0 || out.Len() == 0 {
			t.Errorf("%v: exit code %d, %s", args, code, &errs)
		}
		return out.String()
	}
	for _, verb := range [][]string{nil, {"order"}, {"order", "show"}} {
		word, flag := said(append([]string{"help"}, verb...)...), said(append(slices.Clone(verb), "--help")...)
		if word != flag {
			t.Errorf("help %v says\n%s\nand with the flag\n%s", verb, word, flag)
		}
	}
}
