package db_test

import (
	"bufio"
	"context"
	"errors"
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

// dyingBackup is killed when it has written the first part of a backup.
func dyingBackup(t *testing.T, file string) {
	syscall.Umask(0) // what a backup makes is for its owner's eyes by itself
	d := dbtest.Open(t, dbtest.SQLite, db.Config{URL: file, ReadOnly: true})
	t.Fatal(d.Backup(context.Background(), file+".copy"))
}

func TestKilledBackup(t *testing.T) {
	t.Parallel()
	if file := os.Getenv(childFile); file != "" {
		dyingBackup(t, file)
		return
	}
	file := made(t, dbtest.SQLite, db.Config{}, func(tx *db.Tx) { put(tx, "a", strings.Repeat("x", 1<<20)) })
	path, partial := file+".copy", file+".copy.partial"
	out, err := child(t.Name(), file, "strace", "-f", "-qq", "-o", os.DevNull, "-P", partial,
		"-e", "trace=pwrite64", "-e", "inject=pwrite64:signal=KILL:when=3").CombinedOutput()
	if err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the child ended with %v\n%s", err, out)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it left a file by the backup's name: %v", err)
	}
	if info, err := os.Stat(partial); err != nil || info.Size() == 0 || info.Mode().Perm() != 0o600 {
		t.Errorf("it left %v, %v", info, err)
	}
	d := dbtest.Open(t, dbtest.SQLite, db.Config{URL: file})
	if err := d.Backup(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(partial + "*"); len(left) != 0 {
		t.Errorf("beside the backup is %v", left)
	}
	if got := stored(t, dbtest.Open(t, dbtest.SQLite, db.Config{URL: path, ReadOnly: true}), "a"); len(got) != 1<<20 {
		t.Errorf("stored is %.40q", got)
	}
}
