package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"doorstep/cli"
	"doorstep/fault"
	"doorstep/internal/db/dbtest"
)

// anOrder is an order as JSON whose lines and further fields are given.
func anOrder(lines string, more ...string) string {
	return fmt.Sprintf(`{"currency":"GBP","lines":[%s],"ship_to":{"name":"Made Up","line1":"1 Sample Street","city":"Sampleton","country":"GB"}%s}`,
		lines, strings.Join(append([]string{""}, more...), ","))
}

func manyLines(n int) string {
	return strings.TrimSuffix(strings.Repeat(`{"sku":"CUP","quantity":1},`, n), ",")
}

type badInput struct {
	stdin string
	args  []string
	exit  int
	code  fault.Code
	path  string // of the first field, "" for none
}

func badOrder(order, path string) badInput {
	return badInput{order, []string{"order", "place", "-"}, 2, fault.Invalid, path}
}

func badStock(line, path string) badInput {
	return badInput{stock + line, []string{"stock", "import", "-"}, 2, fault.Invalid, path}
}

func bad(exit int, code fault.Code, path string, args ...string) badInput {
	return badInput{"", args, exit, code, path}
}

// badInputs are tried on a shop that has stock and an order, 1001, that waits
// to be paid elsewhere.
var badInputs = map[string]badInput{
	"an unknown SKU":                  badOrder(anOrder(`{"sku":"NONE","quantity":1}`), "lines[0].sku"),
	"an unknown SKU typed":            bad(2, fault.Invalid, "lines[0].sku", place("--sku", "NONE")...),
	"a second SKU unknown":            bad(2, fault.Invalid, "lines[1].sku", place("--sku", "CUP", "--sku", "NONE")...),
	"no quantity":                     badOrder(anOrder(`{"sku":"CUP"}`), "lines[0].quantity"),
	"a quantity of zero":              badOrder(anOrder(`{"sku":"CUP","quantity":1},{"sku":"CUP","quantity":0}`), "lines[1].quantity"),
	"a quantity of zero typed":        bad(2, fault.Invalid, "lines[0].quantity", place("--sku", "CUP=0")...),
	"a negative quantity":             badOrder(anOrder(`{"sku":"CUP","quantity":-1}`), "lines[0].quantity"),
	"a negative quantity typed":       bad(2, fault.Invalid, "lines[0].quantity", place("--sku", "CUP=-1")...),
	"a quantity over the limit":       badOrder(anOrder(`{"sku":"CUP","quantity":1000001}`), "lines[0].quantity"),
	"a quantity that overflows":       badOrder(anOrder(`{"sku":"CUP","quantity":9223372036854775808}`), "lines[0].quantity"),
	"a quantity that overflows typed": bad(2, fault.Invalid, "--sku", place("--sku", "CUP=9223372036854775808")...),
	"half a cup":                      badOrder(anOrder(`{"sku":"CUP","quantity":0.5}`), "lines[0].quantity"),
	"half a cup typed":                bad(2, fault.Invalid, "--sku", place("--sku", "CUP=0.5")...),
	"a quantity of nothing":           bad(2, fault.Invalid, "--sku", place("--sku", "=2")...),
	"a sum that overflows":            badOrder(anOrder(`{"sku":"CUP","quantity":3,"unit_price":9000000000000000000}`), "lines[0]"),
	"sums that overflow together":     badOrder(anOrder(`{"sku":"CUP","quantity":1,"unit_price":9000000000000000000},{"sku":"CUP","quantity":1,"unit_price":9000000000000000000}`), "lines[1]"),
	"a negative price":                badOrder(anOrder(`{"sku":"CUP","quantity":1,"unit_price":-1}`), "lines[0].unit_price"),
	"a total that is not the sum":     badOrder(anOrder(`{"sku":"CUP","quantity":1}`, `"total":449`), "total"),
	"a discount beyond the goods":     badOrder(anOrder(`{"sku":"CUP","quantity":1}`, `"discount":451`), "discount"),
	"mixed currencies":                badOrder(anOrder(`{"sku":"CUP","quantity":1},{"sku":"LAMP","quantity":1}`), "lines[1].unit_price"),
	"mixed currencies typed":          bad(2, fault.Invalid, "lines[1].unit_price", place("--sku", "CUP", "--sku", "LAMP")...),
	"no currency there is":            bad(2, fault.Invalid, "currency", place("--sku", "CUP", "--currency", "XXX", "--shipping", "1")...),
	"a negative price of shipping":    bad(2, fault.Invalid, "shipping.price", place("--sku", "CUP", "--shipping", "-1")...),
	"a fraction of a penny":           bad(2, fault.Invalid, "--shipping", place("--sku", "CUP", "--shipping", "-.005")...),
	"no country there is":             badOrder(strings.Replace(anOrder(`{"sku":"CUP","quantity":1}`), `"GB"`, `"QQ"`, 1), "ship_to.country"),
	"no address":                      badOrder(`{"currency":"GBP","lines":[{"sku":"CUP","quantity":1}]}`, "ship_to.name"),
	"no address typed":                bad(2, fault.Invalid, "ship_to.name", "order", "place", "--sku", "CUP"),
	"a source with a slash":           badOrder(anOrder(`{"sku":"CUP","quantity":1}`, `"reference":{"source":"web/eu","number":"1"}`), "reference.source"),
	"no city":                         badOrder(strings.Replace(anOrder(`{"sku":"CUP","quantity":1}`), "Sampleton", "", 1), "ship_to.city"),
	"text that is no UTF-8":           badOrder(anOrder("{\"sku\":\"CUP\",\"name\":\"\xc3\",\"quantity\":1}"), "lines[0].name"),
	"a name typed that is no UTF-8":   bad(2, fault.Invalid, "argument 8", "order", "place", "--sku", "CUP", "--name", "\xc3", "--address", "x", "--city", "x", "--country", "GB"),
	"2,001 lines":                     badOrder(anOrder(manyLines(2001)), "lines"),
	"no lines":                        badOrder(anOrder(""), "lines"),
	"a number of a card":              badOrder(anOrder(`{"sku":"CUP","quantity":1}`, `"payment":{"method":"4242 4242 4242 4242"}`), "payment.method"),
	"an unknown gateway":              bad(2, fault.Invalid, "payment.gateway", place("--sku", "CUP", "--gateway", "pigeon")...),
	"an unknown field":                badOrder(anOrder(`{"sku":"CUP","quantity":1,"colour":"blue"}`), "lines[0].colour"),
	"JSON that breaks off":            badOrder(anOrder("")[:40], ""),
	"nothing at all":                  badOrder("", ""),
	"a file that is not there":        bad(3, fault.NotFound, "", "order", "place", "nowhere.json"),
	"a file and flags":                bad(2, fault.Invalid, "", place("order.json", "--sku", "CUP")...),
	"neither a file nor flags":        bad(2, fault.Invalid, "", "order", "place"),

	"CSV that is broken":           badStock("CUP,\"x,GBP\n", "line 6, column 12"),
	"CSV with too few cells":       badStock("CUP,x\n", "line 6, column 1"),
	"CSV with no price":            badStock("NEW,x,GBP,free,1,main,1\n", "line 6, price"),
	"CSV that contradicts":         badStock("CUP,Red cup,GBP,4.50,300,north,1\n", "line 6, sku"),
	"CSV that is no UTF-8":         badStock("NEW,\xff,GBP,1,1,main,1\n", "line 6"),
	"CSV below what is reserved":   {strings.Replace(stock, "main,100", "main,0", 1), []string{"stock", "import", "-"}, 2, fault.Invalid, "line 2, on_hand"},
	"a location in no country":     {strings.Replace(stock, "main,100", "north,100", 1), []string{"stock", "import", "-", "--country", "Nowhere"}, 2, fault.Invalid, "--country"},
	"a location in no known one":   {strings.Replace(stock, "main,100", "north,100", 1), []string{"stock", "import", "-", "--country", "QQ"}, 2, fault.Invalid, "--country"},
	"a location in small letters":  {strings.Replace(stock, "main,100", "north,100", 1), []string{"stock", "import", "-", "--country", "gb"}, 2, fault.Invalid, "--country"},
	"nothing received":             bad(2, fault.Invalid, "", "stock", "receive", "CUP", "0"),
	"less than nothing received":   bad(2, fault.Invalid, "", "stock", "receive", "CUP", "-5"),
	"far too much received":        bad(2, fault.Invalid, "", "stock", "receive", "CUP", "9223372036854775807"),
	"more received than fits":      bad(2, fault.Invalid, "", "stock", "receive", "CUP", "9223372036854775808"),
	"received somewhere else":      bad(3, fault.NotFound, "", "stock", "receive", "CUP", "1", "--location", "moon"),
	"received of something else":   bad(3, fault.NotFound, "", "stock", "receive", "NONE", "1"),
	"adjusted below the reserved":  bad(4, fault.Conflict, "", "stock", "adjust", "CUP", "-99", "--reason", "x"),
	"adjusted by nothing":          bad(2, fault.Invalid, "", "stock", "adjust", "CUP", "0", "--reason", "x"),
	"adjusted for no reason":       bad(2, fault.Invalid, "", "stock", "adjust", "CUP", "1"),
	"adjusted for an empty reason": bad(2, fault.Invalid, "reason", "stock", "adjust", "CUP", "1", "--reason", ""),
	"set for an empty reason":      bad(2, fault.Invalid, "reason", "stock", "set", "CUP", "100", "--reason", " "),
	"less than nothing kept back":  bad(2, fault.Invalid, "", "stock", "safety", "CUP", "-1"),
	"kept back somewhere else":     bad(3, fault.NotFound, "", "stock", "safety", "CUP", "1", "--location", "moon"),
	"kept back of something else":  bad(3, fault.NotFound, "", "stock", "safety", "NONE", "1"),
	"counted less than nothing":    bad(2, fault.Invalid, "counts[0].quantity", "stock", "count", "CUP=-1"),
	"counted of something else":    bad(2, fault.Invalid, "counts[1].sku", "stock", "count", "CUP=90", "NONE=1"),
	"counted somewhere else":       bad(2, fault.Invalid, "counts[0].location", "stock", "count", "CUP=90", "--location", "moon"),
	"counted for no reason":        bad(2, fault.Invalid, "reason", "stock", "count", "CUP=100", "--reason", " "),
	"set to less than nothing":     bad(2, fault.Invalid, "", "stock", "set", "CUP", "-1", "--reason", "x"),
	"a payment of another amount":  bad(2, fault.Invalid, "amount", "payment", "record", "1001", "--amount", "9.01", "--reference", "x"),
	"a payment in half pennies":    bad(2, fault.Invalid, "--amount", "payment", "record", "1001", "--amount", "9.005", "--reference", "x"),
	"a payment for no order":       bad(3, fault.NotFound, "", "payment", "record", "9", "--reference", "x"),
	"a parcel that is not there":   bad(4, fault.Conflict, "", "shipment", "handover", "1001"),
	"an empty note":                bad(2, fault.Invalid, "text", "order", "note", "1001", ""),
	"a cancellation of no order":   bad(3, fault.NotFound, "", "order", "cancel", "web/9"),
	"a ticket about no order":      bad(3, fault.NotFound, "", "ticket", "open", "--order", "9", "--message", "x"),
	"a ticket that says nothing":   bad(2, fault.Invalid, "body", "ticket", "open", "--message", ""),
	"a ticket that is no UTF-8":    bad(2, fault.Invalid, "argument 6", "ticket", "open", "--message", "\xff"),
	"a ticket that is far too long": bad(2, fault.Invalid, "body", "ticket", "open", "--message",
		strings.Repeat("x", 10_001)),
	"a reply to no ticket":          bad(3, fault.NotFound, "", "ticket", "reply", "tkt_x", "x"),
	"a setting that is not there":   bad(2, fault.Invalid, "colour", "policy", "set", "colour=blue"),
	"a setting that can not be":     bad(2, fault.Invalid, "capture", "policy", "set", "capture=never"),
	"a setting that is no duration": bad(2, fault.Invalid, "silence", "policy", "set", "silence=long"),
	"a preview of what can not be":  bad(2, fault.Invalid, "capture", "policy", "set", "capture=never", "--preview"),
	"a setting shown that is none":  bad(2, fault.Invalid, "ask.colour", "policy", "get", "ask.colour"),
	"a list that is no duration":    bad(2, fault.Invalid, "payment_retries[0]", "policy", "set", "ask.tries=9", "payment_retries=5x"),
	"a file with no duration in it": {`{"ask": {"tries": 9, "first": "1x"}}`, []string{"policy", "set", "-"}, 2, fault.Invalid, "ask.first"},
	"a key that is too long":        bad(2, fault.Invalid, "key", "order", "note", "1001", "x", "--key", strings.Repeat("k", 201)),
	"a verb that is not there":      bad(2, fault.Invalid, "", "order", "eat"),
	"a flag that is not there":      bad(2, fault.Invalid, "", "order", "list", "--colour"),
	"a status that is not there":    bad(2, fault.Invalid, "", "order", "list", "--status", "lost"),
	"a negative limit":              bad(2, fault.Invalid, "", "order", "list", "--limit", "-1"),
	"a negative flag":               bad(2, fault.Invalid, "", "order", "list", "-1"),
	"a NUL":                         bad(2, fault.Invalid, "argument 6", "order", "note", "1001", "\x00-5"),
	"a limit of nothing":            bad(2, fault.Invalid, "", "order", "list", "--limit", "0"),
	"a served shop on virtual time": bad(2, fault.Invalid, "", "serve"),
	"an API that others can reach":  bad(2, fault.Invalid, "", "serve", "--listen", "0.0.0.0:0"),
	"an API on no address":          bad(2, fault.Invalid, "", "serve", "--listen", "8420"),
	"half a certificate":            bad(2, fault.Invalid, "", "serve", "--listen", "127.0.0.1:0", "--tls-cert", "made-up.pem"),
}

// TestBadInput: whatever is wrong is refused by code and path, and changes
// nothing.
func TestBadInput(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		s := newShop(t, engine)
		s.must(stock, "stock", "import", "-")
		s.must("", place("--sku", "CUP=2", "--gateway", "manual", "--wait", "0")...)
		before := s.state()
		for name, c := range badInputs {
			a := s.run(c.stdin, append(c.args, "--json")...)
			var said struct {
				Error struct {
					Code    fault.Code
					Message string
					Fields  []fault.Field
				}
			}
			if err := json.Unmarshal([]byte(a.stderr), &said); err != nil {
				t.Errorf("%s: %q is no JSON: %v", name, a.stderr, err)
			}
			path := ""
			if len(said.Error.Fields) > 0 {
				path = said.Error.Fields[0].Path
			}
			if a.code != c.exit || said.Error.Code != c.code || path != c.path || said.Error.Message == "" || a.stdout != "" {
				t.Errorf("%s: exit code %d, %s at %q; want %d, %s at %q\n%s%s", name, a.code, said.Error.Code, path, c.exit, c.code, c.path, a.stdout, a.stderr)
			}
		}
		if after := s.state(); after != before {
			t.Errorf("something has changed:\n%s%s", before, after)
		}
	})
}

// state is all that bad input could have changed.
func (s *shop) state() string {
	s.t.Helper()
	return s.must("", "verify") + s.must("", "order", "show", "1001") + s.must("", "stock", "list") + s.must("", "ticket", "list") + s.must("", "policy", "history")
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for want, codes := range map[int][]fault.Code{
		1: {fault.Internal},
		2: {fault.Invalid},
		3: {fault.NotFound},
		4: {fault.Conflict, fault.TooLate, fault.Forbidden},
		5: {fault.Locked, fault.Unavailable},
	} {
		for _, code := range codes {
			if got := cli.ExitCode(fmt.Errorf("wrapped: %w", fault.New(code, "x"))); got != want {
				t.Errorf("%s ends with %d, want %d", code, got, want)
			}
		}
	}
	if got := cli.ExitCode(nil); got != 0 {
		t.Errorf("no error ends with %d", got)
	}
	if got := cli.ExitCode(errors.New("a defect")); got != 1 {
		t.Errorf("a defect ends with %d", got)
	}
}

// TestADefectIsShownOpaque: what was not classified is in the log, not in the
// sentence.
func TestADefectIsShownOpaque(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite)
	s.must(stock, "stock", "import", "-")
	var errs bytes.Buffer
	code := (cli.Program{Stdout: failing{}, Stderr: &errs}).Run(t.Context(), []string{"version"})
	said, logged, _ := strings.Cut(errs.String(), "doorstep: ")
	if said, logged = logged, said; code != 1 || strings.Contains(said, "closed pipe") || !strings.Contains(logged, "closed pipe") {
		t.Errorf("exit code %d: said %q, logged %q", code, said, logged)
	}
}

func FuzzItem(f *testing.F) {
	for _, s := range []string{"CUP=2", "CUP", "=1", "A=B=3", "X=-1", "X=9999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var i cli.Item
		err := i.UnmarshalText([]byte(text))
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if written := fmt.Sprintf("%s=%d", i.SKU, i.Quantity); i.SKU == "" || written != text && i.SKU != text && !strings.HasPrefix(text, i.SKU+"=") {
			t.Errorf("%q became %+v", text, i)
		}
	})
}
