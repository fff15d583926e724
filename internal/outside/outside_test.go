package outside_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"doorstep/clock"
	"doorstep/fault"
	"doorstep/internal/outside"
)

// childFile names the file that this binary works on when a test runs it as a
// process of its own.
const childFile = "OUTSIDE_TEST_CHILD_FILE"

func TestMain(m *testing.M) {
	if path := os.Getenv(childFile); path != "" {
		child(path)
		return
	}
	os.Exit(m.Run())
}

// child asks once, says so, and waits to be killed.
func child(path string) {
	l, err := outside.Dial(path, provider(outside.Network{}), clock.NewVirtual(start))
	if err != nil {
		panic(err)
	}
	if _, err := outside.Ask(context.Background(), l, request("killed"), done("by the child")); err != nil {
		panic(err)
	}
	fmt.Println("done")
	select {}
}

func TestWhatWasDoneSurvivesTheDeathOfTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outside.db")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childFile+"="+path)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the child said nothing: %v", err)
	}
	must(t, cmd.Process.Kill())
	_ = cmd.Wait() // it was killed

	l := dial(t, path, outside.Network{}, clock.NewVirtual(start))
	got, err := outside.Lookup[string](t.Context(), l, "killed", "do", errMissing)
	if err != nil || got != "by the child" {
		t.Errorf("after the kill: %q, %v", got, err)
	}
}

func TestOpenSettings(t *testing.T) {
	t.Parallel()
	// A path with what means something in a URI.
	file, err := outside.Open(filepath.Join(t.TempDir(), "a b?c#d%41.db"))
	must(t, err)
	defer func() { must(t, file.Close()) }()
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "0", "busy_timeout": "10000"} {
		var got string
		must(t, file.View(func(tx *outside.Tx) error { return tx.QueryRow("PRAGMA " + pragma).Scan(&got) }))
		if got != want {
			t.Errorf("%s is %q, want %q", pragma, got, want)
		}
	}
}

func TestOpenWritesToThePathGiven(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b?c#d%41.db")
	dial(t, path, outside.Network{}, clock.NewVirtual(start))
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestOpenRefusesWhatIsNoDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	damaged := filepath.Join(dir, "damaged.db")
	must(t, os.WriteFile(damaged, []byte("this is no database, and long enough to be seen as none"), 0o600))
	for _, path := range []string{damaged, filepath.Join(dir, "missing", "x.db")} {
		if _, err := outside.Open(path); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v, want unavailable", path, err)
		}
	}
}

func TestManyHandlesShareOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outside.db")
	const handles, asks = 8, 20
	var all sync.WaitGroup
	for h := range handles {
		all.Go(func() {
			l, err := outside.Dial(path, provider(outside.Network{}), clock.NewVirtual(start))
			if err != nil {
				t.Errorf("handle %d: %v", h, err)
				return
			}
			defer func() { _ = l.Close() }()
			for a := range asks {
				if _, err := outside.Ask(context.Background(), l, request(fmt.Sprint("key", a)), countDone); err != nil {
					t.Errorf("handle %d: %v", h, err)
				}
			}
		})
	}
	all.Wait()
	l := dial(t, path, outside.Network{}, clock.NewVirtual(start))
	if got := doneCount(t, l); got != asks {
		t.Errorf("done %d times for %d keys", got, asks)
	}
}

// countDone counts how often a provider did what it was asked.
func countDone(tx *outside.Tx, _ outside.Attempt) (int, error) {
	_, err := tx.Exec(`INSERT INTO done DEFAULT VALUES`)
	return 0, err
}

func doneCount(t *testing.T, l *outside.Line) (n int) {
	t.Helper()
	must(t, l.View(func(tx *outside.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM done`).Scan(&n) }))
	return n
}

// start is a Monday.
var start = time.Date(2024, 1, 8, 9, 0, 0, 0, time.UTC)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
