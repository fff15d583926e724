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
	args := []string{importSample, "--format", "online-retail", "--db", filepath.Join(dir, "shop.db"), "--set-aside", aside}
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
