package db_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"

	"github.com/gofrs/flock"
)

func TestOneProcessWritesAFile(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t, dbtest.SQLite)
	d := dbtest.Open(t, dbtest.SQLite, db.Config{URL: url})
	refused(t, db.Config{URL: url}, fault.Locked, url, "("+strconv.Itoa(os.Getpid())+")")

	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(url, link); err != nil {
		t.Fatal(err)
	}
	refused(t, db.Config{URL: link}, fault.Locked, url)

	mustUpdate(t, d, func(tx *db.Tx) { put(tx, "a", "1") })
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if got := stored(t, dbtest.Open(t, dbtest.SQLite, db.Config{URL: url}), "a"); got != "1" {
		t.Errorf("stored is %q", got)
	}
}

// TestAFileOfSeveralNames: the second name has no lock beside it.
func TestAFileOfSeveralNames(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t, dbtest.SQLite)
	d := dbtest.Open(t, dbtest.SQLite, db.Config{URL: url})
	mustUpdate(t, d, func(tx *db.Tx) { put(tx, "a", "1") })
	name := filepath.Join(t.TempDir(), "other.db")
	if err := os.Link(url, name); err != nil {
		t.Fatal(err)
	}
	before := content(t, url)
	for _, readOnly := range []bool{false, true} {
		refused(t, db.Config{URL: name, ReadOnly: readOnly}, fault.Conflict, name, "2 names (hard links)", "remove the others")
	}
	if !bytes.Equal(before, content(t, url)) {
		t.Error("the file was changed")
	}
	if err := errors.Join(d.Close(), os.Remove(url)); err != nil {
		t.Fatal(err)
	}
	if got := stored(t, dbtest.Open(t, dbtest.SQLite, db.Config{URL: name}), "a"); got != "1" {
		t.Errorf("stored is %q", got)
	}
}

func TestFilesThatAreNoDatabase(t *testing.T) {
	t.Parallel()
	whole := content(t, made(t, dbtest.SQLite, db.Config{}, func(*db.Tx) {}))
	torn := bytes.Clone(whole)
	for i := range torn[100:4096] { // the first page, past the file's header
		torn[100+i] = 0xa5
	}
	for name, bad := range map[string][]byte{
		"text":      []byte("sku,quantity\nmade-up,1\n"),
		"short":     []byte("SQL"),
		"torn":      torn,
		"cut":       whole[:5000],
		"no header": whole[16:],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "shop.db")
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, readOnly := range []bool{false, true} {
				refused(t, db.Config{URL: path, ReadOnly: readOnly}, fault.Internal, "damaged")
			}
			if !bytes.Equal(content(t, path), bad) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestPathsThatLeadNowhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	refused(t, db.Config{URL: filepath.Join(dir, "shop.db"), ReadOnly: true}, fault.NotFound, "no database")
	refused(t, db.Config{URL: filepath.Join(dir, "none", "shop.db")}, fault.NotFound, "no directory")
	refused(t, db.Config{URL: dir}, fault.Unavailable, "can't be opened")
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("something was made: %v", left)
	}
}

// TestWithoutPermission takes the rights of another user to files, for this
// thread only: root may write anything.
func TestWithoutPermission(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "doorstep-") // t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "shop.db")
	whole := content(t, made(t, dbtest.SQLite, db.Config{}, func(*db.Tx) {}))
	if err := errors.Join(os.WriteFile(path, whole, 0o444), os.Chmod(dir, 0o555)); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		runtime.LockOSThread()
		const nobody = 65534
		if err := syscall.Setfsuid(nobody); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Setfsuid(0); runtime.UnlockOSThread() }()
	}
	refused(t, db.Config{URL: path}, fault.Unavailable, "can't be opened for writing")
	refused(t, db.Config{URL: filepath.Join(dir, "new.db")}, fault.Unavailable, "can't be made")
}

// TestTransactionEndedByTheDatabase has a statement that makes SQLite give the
// whole transaction up, the other functions' part included.
func TestTransactionEndedByTheDatabase(t *testing.T) {
	t.Parallel()
	ways := map[string]func(tx *db.Tx) error{
		"an error": func(tx *db.Tx) error {
			tx.Write(`INSERT OR ROLLBACK INTO meta (key, value) VALUES ('time', 'again')`)
			return nil
		},
		"a rollback": func(tx *db.Tx) error {
			_, err := tx.Exec(`ROLLBACK`)
			return err
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := oneWriter(t, dbtest.SQLite)
			before := d.Stats().Repeats
			failsAlone(t, d, way)
			if d.Stats().Repeats == before {
				t.Error("the group was not run again")
			}
		})
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite, db.Config{})
	limit := func(tx *db.Tx, pages int) error {
		return db.Each(tx, func(db.Row) error { return nil }, fmt.Sprint("PRAGMA max_page_count = ", pages))
	}
	err := update(d, func(tx *db.Tx) error {
		if err := limit(tx, 1); err != nil { // SQLite makes it the present size
			return err
		}
		put(tx, "a", strings.Repeat("x", 1<<20))
		return nil
	})
	if !fault.Is(err, fault.Unavailable) || fault.As(err).Message != "the disk is full" {
		t.Errorf("Update returned %v", err)
	}
	mustUpdate(t, d, func(tx *db.Tx) {
		if err := limit(tx, 1<<20); err != nil {
			t.Error(err)
		}
		put(tx, "a", "1")
	})
	if got := stored(t, d, "a"); got != "1" {
		t.Errorf("stored is %q", got)
	}
}

func TestCheckpointsRunBesideTheWriter(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t, dbtest.SQLite)
	d := dbtest.Open(t, dbtest.SQLite, db.Config{URL: url})
	for i := range 6 {
		mustUpdate(t, d, func(tx *db.Tx) { put(tx, strconv.Itoa(i), strings.Repeat("x", 1<<20)) })
	}
	for info, err := os.Stat(url); err != nil || info.Size() < 4<<20; info, err = os.Stat(url) {
		runtime.Gosched() // until the log is copied into the file
	}
	// The log's file stays as large as it was, yet there is little to copy now.
	before := d.Stats().Checkpoints
	for i := range 20 {
		mustUpdate(t, d, func(tx *db.Tx) { put(tx, fmt.Sprint("small", i), "x") })
	}
	if made := d.Stats().Checkpoints - before; made > 1 {
		t.Errorf("20 small commits took %d checkpoints", made)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(url + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the log is still there: %v", err)
	}
}

// A busy writer is ahead of every copy of its log, and readers come and go: the log
// begins anew all the same, and its file does not grow for good.
func TestTheLogBeginsAnewBesideWritersAndReaders(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t, dbtest.SQLite)
	d := dbtest.Open(t, dbtest.SQLite, db.Config{URL: url})
	over := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					stored(t, d, "0")
				}
			}
		})
	}
	defer readers.Wait()
	defer close(over)
	const written = 160 << 20
	value := strings.Repeat("x", 128<<10)
	for i := range written / len(value) {
		mustUpdate(t, d, func(tx *db.Tx) {
			tx.Write(`INSERT OR REPLACE INTO meta (key, value) VALUES ($1, $2)`, strconv.Itoa(i%100), value)
		})
	}
	info, err := os.Stat(url + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > written*3/4 { // all of it, and more, where it does not
		t.Errorf("after %d MiB were written, the log has %d MiB", written>>20, info.Size()>>20)
	}
}

func TestBackup(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t, dbtest.SQLite)
	d := dbtest.Open(t, dbtest.SQLite, db.Config{URL: url})
	mustUpdate(t, d, func(tx *db.Tx) { put(tx, "a", "1") })
	path := filepath.Join(t.TempDir(), "it's a backup.db")
	mustUpdate(t, d, func(tx *db.Tx) {
		put(tx, "b", "1")
		if err := d.Backup(context.Background(), path); err != nil { // beside a running Update
			t.Error(err)
		}
	})
	before := content(t, path)
	if err := d.Backup(context.Background(), path); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second Backup returned %v", err)
	}
	if !bytes.Equal(before, content(t, path)) {
		t.Error("the backup was overwritten")
	}
	backup := dbtest.Open(t, dbtest.SQLite, db.Config{URL: path})
	if stored(t, backup, "a") != "1" || stored(t, backup, "b") != "" {
		t.Error("the backup is another snapshot")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.partial*")); len(left) != 0 {
		t.Errorf("beside it is %v", left)
	}
}

func TestBackupThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite, db.Config{})
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := d.Backup(ctx, filepath.Join(dir, "backup.db")); err == nil {
		t.Error("Backup did not fail")
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
}

// TestBackupTakesNoName: a name that someone else takes while the copy is made
// (a link that leads nowhere is seen only then) stays theirs.
func TestBackupTakesNoName(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite, db.Config{})
	dir := t.TempDir()
	path := filepath.Join(dir, "backup.db")
	if err := os.Symlink("nowhere", path); err != nil {
		t.Fatal(err)
	}
	if err := d.Backup(context.Background(), path); !fault.Is(err, fault.Conflict) {
		t.Errorf("Backup returned %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 || left[0].Type() != os.ModeSymlink {
		t.Errorf("it left %v", left)
	}
}

func TestOneBackupToAFile(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite, db.Config{})
	path := filepath.Join(t.TempDir(), "backup.db")
	other := flock.New(path + ".partial.lock")
	if taken, err := other.TryLock(); !taken {
		t.Fatal(err)
	}
	if err := d.Backup(context.Background(), path); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.As(err).Message, "under way") {
		t.Errorf("Backup returned %v", err)
	}
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := d.Backup(context.Background(), path); err != nil {
		t.Error(err)
	}
}

// TestLocksOutliveOtherReadersOfTheFile looks at the kernel's list of locks: a
// file that is opened and closed elsewhere in the process keeps SQLite's.
func TestLocksOutliveOtherReadersOfTheFile(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t, dbtest.SQLite)
	dbtest.Open(t, dbtest.SQLite, db.Config{URL: url})
	info, err := os.Stat(url)
	if err != nil {
		t.Fatal(err)
	}
	inode := fmt.Sprintf(":%d ", info.Sys().(*syscall.Stat_t).Ino)
	before := strings.Count(string(content(t, "/proc/locks")), inode)
	content(t, url)
	after := strings.Count(string(content(t, "/proc/locks")), inode)
	if before == 0 || before != after {
		t.Errorf("there were %d locks and are %d", before, after)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("the file's permissions are %v", mode)
	}
}
