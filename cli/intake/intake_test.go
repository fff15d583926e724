package intake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"doorstep"
	"doorstep/access"
	"doorstep/cli/intake"
	"doorstep/fault"
	"doorstep/internal/db/dbtest"
	"doorstep/inventory"
	"doorstep/policy"
	"doorstep/process"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, key, path, code string }{
		"no JSON":               {`place`, "", "", ""},
		"a list":                {`[]`, "", "", ""},
		"half of it":            {`{"key":"k","do":"cancel"`, "", "", ""},
		"no verb":               {`{"key":"k"}`, "k", "do", "unknown"},
		"an unknown verb":       {`{"key":"k","do":"explode"}`, "k", "do", "unknown"},
		"a verb that is a list": {`{"key":"k","do":[]}`, "k", "do", "wrong_type"},
		"an unknown field":      {`{"key":"k","do":"cancel","colour":1}`, "k", "colour", "unknown"},
		"a place without order": {`{"key":"k","do":"place"}`, "k", "", ""},
		"an order's field":      {`{"key":"k","do":"place","order":{"lines":[{"quantity":"2"}]}}`, "k", "lines[0].quantity", "wrong_type"},
		"an order for a number": {`{"key":"k","do":"cancel","order":7}`, "k", "order", "wrong_type"},
		"bytes not in UTF-8":    {"{\"key\":\"k\",\"do\":\"ticket\",\"body\":\"\xff\"}", "", "body", "not_utf8"},
		"too large a quantity":  {`{"key":"k","do":"receive","quantity":9223372036854775808}`, "k", "quantity", "out_of_range"},
		"two commands":          {`{"key":"k","do":"cancel"} {}`, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := intake.Parse([]byte(c.in))
			e := fault.As(err)
			if e == nil || e.Code != fault.Invalid || got.Key != c.key {
				t.Fatalf("got %+v, %v; want invalid input under the key %q", got, err, c.key)
			}
			var path, code string
			if len(e.Fields) > 0 {
				path, code = e.Fields[0].Path, e.Fields[0].Code
			}
			if path != c.path || code != c.code {
				t.Errorf("got the field %q %q, want %q %q", path, code, c.path, c.code)
			}
		})
	}
}

// FuzzParse: whatever comes in is a command with a verb that is known, or
// invalid.
func FuzzParse(f *testing.F) {
	for _, s := range []string{place("k", 1, "CUP"), `{"do":"cancel","order":"web/1"}`, `{"do":"receive","sku":"CUP","quantity":1}`,
		`{"do":"ticket","category":"other","body":"x"}`, `{"key":1}`, `[[`, `{"do":"record_payment","amount":null}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		c, err := intake.Parse(line)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", line, err)
			}
			return
		}
		if c.Do == "" || (c.Do == intake.Place) != (c.Request != nil) {
			t.Errorf("%q became %+v", line, c)
		}
	})
}

// place is a command that places an order of one of the SKU. Its people are
// made up.
func place(key string, n int, sku string) string {
	return fmt.Sprintf(`{"key":%q,"do":"place","order":{"reference":{"source":"web","number":"%d"},"currency":"GBP","lines":[{"sku":%q,"quantity":1}],`+
		`"ship_to":{"name":"Made Up","line1":"1 Sample Street","city":"Sampleton","country":"GB"}}}`, key, n, sku)
}

// open opens a shop in which one cup is left, and what is paid is paid elsewhere.
func open(t testing.TB, engine string) *intake.Intake {
	t.Helper()
	s, err := doorstep.Open(t.Context(), doorstep.Config{DB: dbtest.URL(t, engine), Outside: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	by := process.Command{By: access.Operator}
	manual := policy.Default()
	manual.Gateway = "manual"
	_, err1 := s.Process.SetLocation(t.Context(), by, inventory.Location{ID: "main", Name: "Main", Country: "GB"})
	_, err2 := s.Process.DefineSKU(t.Context(), by, inventory.SKU{Code: "CUP", Name: "Cup", Currency: "GBP", Price: 450})
	_, err3 := s.Process.ReceiveStock(t.Context(), by, "CUP", "main", 1)
	_, err4 := s.Process.SetPolicy(t.Context(), by, 0, manual)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	return &intake.Intake{Process: s.Process, By: access.Operator}
}

// feed runs lines and returns the results by line.
func feed(t testing.TB, n *intake.Intake, lines ...string) map[int64]intake.Result {
	t.Helper()
	var out bytes.Buffer
	if err := n.Run(t.Context(), strings.NewReader(strings.Join(lines, "\n")), &out); err != nil {
		t.Fatal(err)
	}
	return results(t, &out)
}

func results(t testing.TB, out io.Reader) map[int64]intake.Result {
	t.Helper()
	by := map[int64]intake.Result{}
	for d := json.NewDecoder(out); ; {
		var r intake.Result
		err := d.Decode(&r)
		if errors.Is(err, io.EOF) {
			return by
		}
		if _, twice := by[r.Line]; err != nil || twice {
			t.Fatalf("line %d: %v, answered twice: %v", r.Line, err, twice)
		}
		by[r.Line] = r
	}
}

// TestRun carries out every kind of command, one after the other.
func TestRun(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		n := open(t, engine)
		n.Concurrency = 1
		got := feed(t, n,
			place("a", 1, "CUP"),
			place("b", 2, "CUP"), // there is none left
			place("a", 1, "CUP"),
			place("a", 3, "CUP"),
			"",
			`{"key":"c","do":"receive","sku":"CUP","quantity":5}`,
			`{"key":"d","do":"record_payment","order":"web/1","reference":"statement 1"}`,
			`{"key":"e","do":"record_payment","order":"web/1","amount":1,"reference":"statement 1"}`,
			`{"key":"f","do":"ticket","order":"web/1","category":"damaged","body":"It is broken."}`,
			`{"key":"g","do":"ticket","category":"other","body":"Hello"}`,
			place("h", 4, "CUP"),
			`{"key":"i","do":"cancel","order":"web/4"}`,
			`{"key":"j","do":"cancel","order":"web/5"}`,
			place("k", 6, "NONE"),
			"nonsense",
			"\t"+place("l", 7, "CUP")+"\r",
			`{"key":"m","do":"hold","order":"web/7","reason":"made_up","text":"Made up."}`,
			`{"key":"n","do":"hold","order":"web/7","reason":"made_up"}`,
			`{"key":"o","do":"release","order":"web/7"}`,
			`{"key":"p","do":"record_void","order":"web/7","reference":"made up"}`,
			`{"key":"q","do":"count","sku":"CUP","quantity":2,"reason":"made up"}`,
			`{"key":"q","do":"count","sku":"CUP","quantity":2,"reason":"made up"}`,
			`{"key":"r","do":"count","sku":"CUP","quantity":2}`,
		)
		type short struct {
			Key    string
			OK     bool
			Status string
			Code   fault.Code
			Again  bool
		}
		brief := map[int64]short{}
		for line, r := range got {
			brief[line] = short{r.Key, r.OK, r.Status, r.Code, r.Replayed}
			if hasOrder := strings.HasPrefix(r.Order, "ord_"); hasOrder != (r.OK && line != 6 && line != 10 && line < 21) {
				t.Errorf("line %d: the order is %q", line, r.Order)
			}
			if hasTicket := strings.HasPrefix(r.Ticket, "tkt_"); hasTicket != (line == 9 || line == 10) {
				t.Errorf("line %d: the ticket is %q", line, r.Ticket)
			}
		}
		want := map[int64]short{
			1:  {"a", true, "processed", "", false},
			2:  {"b", true, "failed", "", false},
			3:  {"a", true, "processed", "", true},
			4:  {"a", false, "", fault.Conflict, false},
			6:  {"c", true, "received", "", false},
			7:  {"d", true, "paid", "", false},
			8:  {"e", false, "", fault.Conflict, false},
			9:  {"f", true, "open", "", false},
			10: {"g", true, "open", "", false},
			11: {"h", true, "processed", "", false},
			12: {"i", true, "cancelled", "", false},
			13: {"j", false, "", fault.NotFound, false},
			14: {"k", false, "", fault.Invalid, false},
			15: {"", false, "", fault.Invalid, false},
			16: {"l", true, "processed", "", false},
			17: {"m", true, "processed", "", false},
			18: {"n", false, "", fault.Conflict, false},
			19: {"o", true, "processed", "", false},
			20: {"p", false, "", fault.Conflict, false},
			21: {"q", true, "counted", "", false},
			22: {"q", true, "counted", "", true},
			23: {"r", false, "", fault.Invalid, false},
		}
		if diff := cmp.Diff(want, brief); diff != "" {
			t.Error(diff)
		}
		if f := got[14].Fields; len(f) != 1 || f[0].Path != "lines[0].sku" {
			t.Errorf("the unknown SKU: %+v", f)
		}
	})
}

// TestRunManyAtOnce: each line is answered once, whatever else is under way.
func TestRunManyAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		const lines = 120
		var all []string
		for i := range lines {
			all = append(all, place(fmt.Sprint("k", i), i, "CUP"))
		}
		processed := 0
		got := feed(t, open(t, engine), all...)
		for line, r := range got {
			if !r.OK || r.Key != fmt.Sprint("k", line-1) {
				t.Errorf("line %d: %+v", line, r)
			}
			if r.Status == "processed" {
				processed++
			}
		}
		if len(got) != lines || processed != 1 {
			t.Errorf("%d answers, %d orders of the one cup", len(got), processed)
		}
	})
}

func TestALineThatIsTooLong(t *testing.T) {
	t.Parallel()
	n := open(t, dbtest.SQLite)
	fits := `{"do":"ticket","category":"other","body":"` + strings.Repeat("x", 10_000) + `"}`
	fits += strings.Repeat(" ", intake.MaxLine-len(fits))
	got := feed(t, n, fits, fits+" ", strings.Repeat("x", 3*intake.MaxLine), `{"do":"ticket","category":"other","body":"y"}`)
	oks := []bool{got[1].OK, got[2].OK, got[3].OK, got[4].OK}
	if len(got) != 4 || !slices.Equal(oks, []bool{true, false, false, true}) || !strings.Contains(got[2].Message, "longer than") {
		t.Errorf("got %v: %+v", oks, got[2])
	}
}

// TestStop: when the context ends, what was begun is answered, and no further
// line is begun.
func TestStop(t *testing.T) {
	t.Parallel()
	n := open(t, dbtest.SQLite)
	ctx, stop := context.WithCancel(t.Context())
	in, feeder := io.Pipe()
	out, results := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx, in, results) }()

	if _, err := io.WriteString(feeder, place("a", 1, "CUP")+"\n"); err != nil {
		t.Fatal(err)
	}
	var r intake.Result
	if err := json.NewDecoder(out).Decode(&r); err != nil || !r.OK {
		t.Fatalf("got %+v, %v", r, err)
	}
	stop() // the feeder sends nothing more and does not close
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestInputAndOutputThatFail(t *testing.T) {
	t.Parallel()
	n := open(t, dbtest.SQLite)
	err := n.Run(t.Context(), iotest.ErrReader(errors.New("torn")), io.Discard)
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("input that fails: %v", err)
	}
	_, torn := io.Pipe()
	_ = torn.CloseWithError(io.ErrClosedPipe)
	err = n.Run(t.Context(), strings.NewReader("x\ny\n"), torn)
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("output that fails: %v", err)
	}
}
