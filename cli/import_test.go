package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"doorstep/cli"
	"doorstep/internal/db/dbtest"
)

// importOf runs `doorstep import` and returns the exit code and what it printed.
func importOf(ctx context.Context, t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Program{Stdout: &out, Stderr: &errs}.Run(ctx, append([]string{"import"}, args...))
	return code, out.String(), errs.String()
}

const importSample = "../importer/testdata/online-retail-sample.csv"

func TestImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	aside := filepath.Join(dir, "aside.csv")
	page := filepath.Join(dir, "report.html")
	args := []string{importSample, "--format", "online-retail", "--db", filepath.Join(dir, "shop.db"), "--set-aside", aside, "--report", page}
	code, text, errs := importOf(t.Context(), t, args...)
	for _, want := range []string{"placing: 100 %", "14 orders from", "delivered     14", "the file ", "Rows set aside: ", "All is well: 14 orders"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if code != 0 || errs != "" {
		t.Errorf("exit code %d: %s", code, errs)
	}
	for line := range strings.Lines(text) {
		if len(line) > 81 && !strings.Contains(line, dir) {
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
	if _, err := os.Stat(aside); err != nil {
		t.Error(err)
	}
	// The first order was placed on the first of March 2011, by the shop's own clock.
	if html, err := os.ReadFile(page); err != nil || !bytes.Contains(html, []byte("1 Mar 2011")) || !bytes.Contains(html, []byte("online-retail-sample.csv")) {
		t.Errorf("the report says nothing of the shop's times: %v", err)
	}
	checkImportedAgain(t, args)
}

func checkImportedAgain(t *testing.T, args []string) {
	t.Helper()
	code, text, errs := importOf(t.Context(), t, append(args, "--json")...)
	var got struct {
		Import struct {
			Orders, Replayed int
			Statuses         map[string]int
		}
		Verify struct{ Orders, Count int }
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v: %s", code, err, errs)
	}
	if got.Import.Orders != 14 || got.Import.Replayed != 14 || got.Import.Statuses["delivered"] != 14 || got.Verify.Orders != 14 || got.Verify.Count != 0 {
		t.Errorf("imported once more: %+v", got)
	}
}

// cancelling ends a context when something is written to it.
type cancelling struct{ cancel context.CancelFunc }

func (c cancelling) Write(b []byte) (int, error) {
	c.cancel()
	return len(b), nil
}

// TestImportThatIsInterrupted says how it goes on, and goes on.
func TestImportThatIsInterrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{importSample, "--db", filepath.Join(dir, "shop.db"), "--set-aside", filepath.Join(dir, "aside.csv")}
	ctx, cancel := context.WithCancel(t.Context())
	var errs bytes.Buffer
	code := cli.Program{Stdout: cancelling{cancel}, Stderr: &errs}.Run(ctx, append([]string{"import"}, args...))
	if code != 5 || errs.String() != "doorstep: the import was interrupted; run again with the same file, it goes on\n" {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
	if code, text, errs := importOf(t.Context(), t, args...); code != 0 || !strings.Contains(text, "All is well: 14 orders") {
		t.Errorf("exit code %d: %s%s", code, text, errs)
	}
}

func TestImportThatIsNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other := filepath.Join(dir, "other.csv")
	if err := os.WriteFile(other, []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		file string
		code int
		says string
	}{
		"another format": {t.Context(), other, 2, "not the header"},
		"no file":        {t.Context(), filepath.Join(dir, "none.csv"), 3, "there is no file"},
		"a folder":       {t.Context(), dir, 2, "more than once"},
		"interrupted":    {ended, importSample, 5, "interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, _, errs := importOf(c.ctx, t, c.file, "--db", filepath.Join(t.TempDir(), "shop.db"))
			if code != c.code || !strings.Contains(errs, c.says) {
				t.Errorf("exit code %d, want %d: %s", code, c.code, errs)
			}
		})
	}
}

// TestImportOfAPlainHistory brings orders and SKUs as any shop can write them.
func TestImportOfAPlainHistory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	orders, skus := filepath.Join(dir, "orders.ndjson"), filepath.Join(dir, "skus.csv")
	for file, text := range map[string]string{
		orders: `{"placed_at":"2026-01-05T10:00:00Z","reference":{"source":"web","number":"17"},"currency":"GBP","lines":[{"sku":"CUP","quantity":2}],` +
			`"ship_to":{"name":"Made Up","line1":"1 Sample Street","city":"Sampleton","country":"GB"}}` + "\n",
		skus: "sku,name,currency,price,weight_grams,location,on_hand,safety,backorder\nCUP,Made-up cup,GBP,4.50,300,main,5,1,no\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := func(more ...string) []string {
		return append([]string{orders, "--db", filepath.Join(dir, "shop.db"), "--set-aside", filepath.Join(dir, "aside.csv")}, more...)
	}
	for says, more := range map[string][]string{
		"needs --skus":       {"--format", "plain"},
		"is for --format":    {"--skus", skus},
		"--stock is a":       {"--stock", "much"},
		"--country":          {"--format", "plain", "--skus", skus, "--country", "Britain"},
		"there is no file":   {"--format", "plain", "--skus", filepath.Join(dir, "none.csv")},
		"the stock file is ": {"--format", "plain", "--skus", orders},
	} {
		if code, _, errs := importOf(t.Context(), t, args(more...)...); code == 0 || !strings.Contains(errs, says) {
			t.Errorf("%v: exit code %d, %q: %s", more, code, says, errs)
		}
	}
	code, text, errs := importOf(t.Context(), t, args("--format", "plain", "--skus", skus)...)
	if code != 0 || !strings.Contains(text, "All is well: 1 order, 1 SKU") || !strings.Contains(text, "9.00") {
		t.Errorf("exit code %d: %s%s", code, text, errs)
	}
}

// TestDigest: two imports have one digest, on whichever engine.
func TestDigest(t *testing.T) {
	t.Parallel()
	digests := map[string]bool{}
	for _, engine := range []string{dbtest.SQLite, dbtest.Postgres} {
		dir, url := t.TempDir(), dbtest.URL(t, engine)
		args := []string{"--db", url, "--outside", filepath.Join(dir, "outside")}
		if code, _, errs := importOf(t.Context(), t, append(args, importSample, "--set-aside", filepath.Join(dir, "aside.csv"))...); code != 0 {
			t.Fatalf("exit code %d: %s", code, errs)
		}
		var out, errs bytes.Buffer
		code := cli.Program{Stdout: &out, Stderr: &errs}.Run(t.Context(), append([]string{"verify", "--digest"}, args...))
		_, digest, found := strings.Cut(out.String(), "Digest of ")
		if code != 0 || !found || !strings.Contains(out.String(), "All is well") {
			t.Errorf("exit code %d: %s%s", code, out.String(), errs.String())
		}
		digests[digest] = true
	}
	if len(digests) != 1 {
		t.Errorf("%d digests: %v", len(digests), digests)
	}
}
