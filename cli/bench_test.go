package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"doorstep/bench"
	"doorstep/cli"
	"doorstep/internal/db/dbtest"
)

// benchOf runs `doorstep bench` and returns the exit code and what it printed.
func benchOf(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Program{Stdout: &out, Stderr: &errs}.Run(t.Context(), append([]string{"bench"}, args...))
	return code, out.String(), errs.String()
}

// TestBench checks that a measurement comes to its end, with nothing oversold and
// all books in order; not how fast anything is.
func TestBench(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		dir := t.TempDir()
		args := []string{"--short", "--json", "--dir", dir}
		if engine == dbtest.Postgres {
			args = append(args, "--db", dbtest.EmptyURL(t, engine))
		}
		code, text, errs := benchOf(t, args...)
		if code != 0 {
			t.Fatalf("exit code %d: %s%s", code, text, errs)
		}
		var got bench.Result
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&got); err != nil {
			t.Fatal(err)
		}
		checkBench(t, engine, got)
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("it leaves %v, %v", left, err)
		}
	})
}

func checkBench(t *testing.T, engine string, got bench.Result) {
	t.Helper()
	if got.Durability.Engine != engine || got.Durability.Check() != nil || got.Violations != 0 {
		t.Errorf("it measured %+v", got)
	}
	if len(got.Process) != 2 || got.Process[1].Callers != bench.Usual || len(got.Raw) != 2 || got.Raw[0].Orders <= 0 || got.Raw[1].Group != 100 || got.Rows < 15 || got.Bytes <= 0 || got.Memory <= 0 {
		t.Errorf("it measured %+v", got)
	}
	for _, b := range append(got.Process, got.OneSKU) {
		if b.Rate <= 0 || b.Placed.P99 < b.Placed.P50 || b.Whole.P50 < b.Placed.P50 || b.Statements < 20 {
			t.Errorf("a run of %d callers is %+v", b.Callers, b)
		}
	}
	if c := got.OneSKU; c.Orders != 100 || c.OutOfStock != 20 {
		t.Errorf("of 80 for 100 orders, %d orders had none", c.OutOfStock)
	}
	if p := got.Stored; p == nil || p.Orders != 100 || p.Unfinished != 100 || p.Start <= 0 || p.Verified <= 0 || p.Growth <= 0 || p.RawGrowth <= 0 {
		t.Errorf("of a shop with orders stored it measured %+v", p)
	}
	if h := got.HTTP; h == nil || len(h.Process) != 2 || h.Process[1].Rate <= 0 || h.Process[1].Statements < 20 || h.OneSKU.OutOfStock != 20 || h.HalfRate == nil || got.Ratios.HTTPToProcess <= 0 {
		t.Errorf("through the API it measured %+v", h)
	}
	if got.HalfRate == nil || got.HalfRate.Orders == 0 || got.Ratios.ProcessToRaw <= 0 {
		t.Errorf("it measured %+v", got)
	}
	checkBenchMemory(t, got)
}

// checkBenchMemory: the peak is that of every run, whichever took the most.
func checkBenchMemory(t *testing.T, got bench.Result) {
	t.Helper()
	most := max(got.OneSKU.Memory, got.HalfRate.Memory, got.Stored.Run.Memory)
	for _, b := range got.Process {
		most = max(most, b.Memory)
	}
	if got.HalfRate.Memory <= 0 || got.Memory < most {
		t.Errorf("a run took %d bytes, of the %d at most", most, got.Memory)
	}
}

func TestBenchRefusesWhatItCanNotMeasure(t *testing.T) {
	t.Parallel()
	for says, args := range map[string][]string{
		"orders":    {"--orders", "0"},
		"callers":   {"--callers", "0"},
		"groups":    {"--groups", "1000000"},
		"--pgbench": {"--pgbench", "-1"},
		"no folder": {"--dir", "/nowhere/at/all", "--short"},
	} {
		if code, text, errs := benchOf(t, args...); code != 2 && code != 3 || text != "" || !strings.Contains(errs, says) {
			t.Errorf("%s: exit code %d: %s%s", says, code, text, errs)
		}
	}
}

func TestBenchAsText(t *testing.T) {
	t.Parallel()
	code, text, errs := benchOf(t, "--short", "--dir", t.TempDir())
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{"journal_mode=wal, synchronous=2", "A, the raw limit", "B 64", "C 64", "none was oversold", "half the top rate", "through the API", "B over HTTP/B ", "B/A ", "All books agree"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	for line := range strings.Lines(text) {
		if len([]rune(line)) > 81 {
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
}
