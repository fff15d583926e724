package db_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
)

// childFile is set in the environment of this test binary when it runs as a
// child process: the database to work on.
const childFile = "DOORSTEP_TEST_CHILD_DB"

// child is this test binary as a process that runs the one test.
func child(test, file string, wrapper ...string) *exec.Cmd {
	args := append(wrapper, os.Args[0], "-test.run=^"+test+"$", "-test.v")
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), childFile+"="+file)
	return cmd
}

const (
	syncedUpdates = 20
	begins        = "update-begins"
	acknowledged  = "update-acknowledged"
)

// syncingChild runs Updates one after the other and marks each in the trace.
func syncingChild(t *testing.T, file string) {
	d := dbtest.Open(t, dbtest.SQLite, db.Config{URL: file})
	for i := range syncedUpdates {
		fmt.Fprintf(os.Stderr, "%s %d\n", begins, i)
		mustUpdate(t, d, func(tx *db.Tx) { put(tx, fmt.Sprint(i), "1") })
		fmt.Fprintf(os.Stderr, "%s %d\n", acknowledged, i)
	}
}

// TestAcknowledgedUpdateWasSynced looks over the shoulder of a process: between
// the beginning of an Update and its answer, the write-ahead log is synced.
func TestAcknowledgedUpdateWasSynced(t *testing.T) {
	t.Parallel()
	if file := os.Getenv(childFile); file != "" {
		syncingChild(t, file)
		return
	}
	file, trace := dbtest.URL(t, dbtest.SQLite), filepath.Join(t.TempDir(), "trace")
	cmd := child(t.Name(), file, "strace", "-f", "-y", "-e", "trace=fsync,fdatasync,write", "-o", trace)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("strace (Debian and Ubuntu: apt-get install strace): %v\n%s", err, out)
	}
	for i, syncs := range syncsPerUpdate(t, trace) {
		if syncs == 0 {
			t.Errorf("Update %d was acknowledged without a sync", i)
		}
	}
}

// walSync is a line of the trace such as
// 4711 fdatasync(7</tmp/shop.db-wal>) = 0, or its end when another thread's line
// came between.
var walSync = regexp.MustCompile(`f(data)?sync\(\d+<[^>]*-wal>`)

func syncsPerUpdate(t *testing.T, trace string) []int {
	t.Helper()
	file, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var syncs []int
	answered := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		switch {
		case strings.Contains(line, begins):
			syncs = append(syncs, 0)
		case strings.Contains(line, acknowledged):
			answered++
		case walSync.MatchString(line) && len(syncs) > answered:
			syncs[len(syncs)-1]++
		}
	}
	if len(syncs) != syncedUpdates || answered != syncedUpdates {
		t.Fatalf("the trace shows %d Updates and %d answers", len(syncs), answered)
	}
	return syncs
}

// killedChild acknowledges an Update and is killed.
func killedChild(t *testing.T, file string) {
	d := dbtest.Open(t, dbtest.SQLite, db.Config{URL: file})
	mustUpdate(t, d, func(tx *db.Tx) { put(tx, "a", "1") })
	_ = update(d, func(tx *db.Tx) error {
		put(tx, "b", "1")
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	})
	select {} // the signal is on its way
}

// TestKilledProcess reads and writes what a killed process has left.
func TestKilledProcess(t *testing.T) {
	t.Parallel()
	if file := os.Getenv(childFile); file != "" {
		killedChild(t, file)
		return
	}
	file := dbtest.URL(t, dbtest.SQLite)
	if err := child(t.Name(), file).Run(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the child ended with %v", err)
	}
	for _, readOnly := range []bool{true, false} {
		d := dbtest.Open(t, dbtest.SQLite, db.Config{URL: file, ReadOnly: readOnly})
		if stored(t, d, "a") != "1" || stored(t, d, "b") != "" {
			t.Errorf("a is %q, b is %q", stored(t, d, "a"), stored(t, d, "b"))
		}
	}
}
