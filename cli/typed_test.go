package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"doorstep"
	"doorstep/cli"
	"doorstep/fault"
	"doorstep/internal/db/dbtest"
)

// TestWhatBeginsAsANumber: a text that begins as a number below zero does is
// kept as it was typed, wherever it stands.
func TestWhatBeginsAsANumber(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite)
	s.must(stock+"-5,Made up,GBP,1.00,10,main,9\n", "stock", "import", "-")
	for _, c := range []struct {
		says string
		args []string
	}{
		{"Made up", []string{"stock", "list", "-5"}},
		{"is shipped", place("--sku", "-5=2", "--sku", "-5", "--customer", "-5.5", "--key", "-1")},
		{"-5 ", []string{"order", "show", "1001"}},
		{"doorstep/1001", []string{"order", "list", "--customer", "-5.5"}},
		{"is shipped", []string{"order", "note", "1001", "-5"}},
		{": -5\n", []string{"order", "show", "1001"}},
		{"is shipped", []string{"order", "note", "1001", "-5 of them"}},
		{": -5 of them\n", []string{"order", "show", "1001"}},
		{"Made up", []string{"stock", "adjust", "-5", "-2", "--reason", "-7"}},
		{"  -7\n", []string{"stock", "movements", "-5"}},
		{"  -.5 ", []string{"ticket", "open", "--message", "-.5 is too little"}},
	} {
		if got := s.must("", c.args...); !strings.Contains(got, c.says) {
			t.Errorf("doorstep %s: %q is not in\n%s", strings.Join(c.args, " "), c.says, got)
		}
	}
	s.env = map[string]string{"DOORSTEP_REASON": "-9"}
	s.must("", "stock", "adjust", "-5", "-1")
	if got := s.must("", "stock", "movements", "-5"); !strings.Contains(got, "  -9\n") {
		t.Errorf("from the environment:\n%s", got)
	}
}

func TestWhatIsWrongIsQuotedAsTyped(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite)
	for says, args := range map[string][]string{
		`"-1"`:                   {"demo", "--seed", "-1"},
		`"-1x"`:                  {"order", "list", "--limit", "-1x"},
		`unexpected argument -5`: {"order", "list", "-5"},
		`--status must be one of "processed","paid","shipped","delivered","returned","failed","cancelled" but got "lost"`: {"order", "list", "--status", "lost"},
		`--status must be one of "new","open","pending","on_hold","solved","closed" but got ""`:                           {"ticket", "list", "--status", ""},
	} {
		refused(t, s.run("", args...), 2, says)
	}
}

// TestALongMessage is broken at spaces so that it fits, and says all of it.
func TestALongMessage(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite)
	s.must(stock, "stock", "import", "-")
	long := strings.Repeat("a  rather long name ", 9) + "\x1b[31m"
	a := s.run("", "order", "show", long)
	whole := strings.ReplaceAll(strings.TrimPrefix(a.stderr, "doorstep: "), "\n  ", " ")
	if a.code != 3 || !strings.Contains(whole, fmt.Sprintf("%q", long)) || len(tooWide(a.stderr)) > 0 {
		t.Errorf("exit code %d:\n%s", a.code, a.stderr)
	}
	path := filepath.Join(t.TempDir(), strings.Repeat("long", 30), "no such file")
	if a := s.run("", "order", "place", path); !strings.Contains(a.stderr, filepath.Dir(path)) {
		t.Errorf("the path is broken:\n%s", a.stderr)
	}
}

// TestAMessageOnAWideTerminal is as wide as that is.
func TestAMessageOnAWideTerminal(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite)
	if got := s.seen(200, nil, "order", "list", "--status", "lost"); strings.Count(got, "\n") != 1 {
		t.Errorf("on 200 columns:\n%s", got)
	}
}

// TestWhyAFileCanNotBeUsed is said, and not logged too.
func TestWhyAFileCanNotBeUsed(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite)
	file := filepath.Join(t.TempDir(), "loop")
	if err := os.Symlink("loop", file); err != nil {
		t.Fatal(err)
	}
	a := s.run("", "order", "place", file)
	refused(t, a, 5, "can not be read: too many levels of symbolic links")
	if strings.Contains(a.stderr, "level=") {
		t.Errorf("it is logged too:\n%s", a.stderr)
	}
	if a := s.run("", "order", "place", file, "--log-level", "debug"); !strings.Contains(a.stderr, "level=DEBUG") {
		t.Errorf("it is not logged for those who look closer:\n%s", a.stderr)
	}
	var said struct{ Error struct{ Message string } }
	a = s.run("", "order", "place", file, "--json")
	if err := json.Unmarshal([]byte(a.stderr), &said); err != nil || !strings.HasSuffix(said.Error.Message, "symbolic links") {
		t.Errorf("%s: %v", a.stderr, err)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite)
	s.must(stock, "stock", "import", "-")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"stock", "list"}, {"verify"}, place("--sku", "CUP")} {
		var out, errs bytes.Buffer
		p := cli.Program{Stdout: &out, Stderr: &errs, Configure: func(c *doorstep.Config) { c.Virtual = s.clock }}
		code := p.Run(ctx, append([]string{"--db", s.db}, args...))
		if code != 5 || errs.String() != "doorstep: interrupted\n" || out.String() != "" {
			t.Errorf("doorstep %s: exit code %d\n%s%s", strings.Join(args, " "), code, out.String(), errs.String())
		}
	}
	for want, err := range map[int]error{
		5: fmt.Errorf("wrapped: %w", context.Canceled),
		1: errors.Join(fault.New(fault.Internal, "a defect"), context.Canceled),
		3: errors.Join(fault.New(fault.NotFound, "no such thing"), context.Canceled),
	} {
		if got := cli.ExitCode(err); got != want {
			t.Errorf("%v ends with %d, want %d", err, got, want)
		}
	}
}

// TestAHugeTotal leaves the other columns what they need, where it can.
func TestAHugeTotal(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite)
	huge := fmt.Sprint(int64(math.MaxInt64))
	s.must("sku,name,currency,price,weight_grams,location,on_hand\nGEM,Made up,GBP,"+huge[:17]+"."+huge[17:]+",1,main,9\n", "stock", "import", "-")
	s.must(strings.Replace(anOrder(`{"sku":"GEM","quantity":1}`), "{", `{"reference":{"source":"web","number":"A-170000001"},`, 1), "order", "place", "-", "--wait", "0")
	list := s.must("", "order", "list")
	if !strings.Contains(list, "web/A-170000001  processed") || !strings.Contains(list, huge[17:]) || len(tooWide(list)) > 0 {
		t.Errorf("the list is\n%s", list)
	}
	if strings.Contains(list, "ATTENTION") {
		t.Errorf("a column that says nothing takes the place:\n%s", list)
	}
}
