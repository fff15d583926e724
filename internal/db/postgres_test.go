package db_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
)

// proxy stands between Doorstep and the server, and breaks the line on demand.
type proxy struct {
	listener net.Listener
	socket   string // the server's
	away     atomic.Bool
	cut      atomic.Value // of cutting
}

// cutting says at which COMMIT the line breaks.
type cutting string

const (
	never        cutting = ""
	beforeCommit cutting = "before the server gets it"
	afterCommit  cutting = "after the server has done it"
)

func newProxy(t *testing.T, database string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{socket: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432")}
	p.cut.Store(never)
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.listener.Close() })
	go p.accept()
	u.Host, u.RawQuery = p.listener.Addr().String(), "sslmode=disable"
	return p, u.String()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.serve(client)
	}
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	if p.away.Load() {
		return
	}
	server, err := net.Dial("unix", p.socket)
	if err != nil {
		return
	}
	defer server.Close()
	answers := make(chan struct{})
	go func() { p.answer(client, server); close(answers) }()
	p.ask(client, server)
	<-answers
}

// ask carries what the client says, and ends the line at a COMMIT.
func (p *proxy) ask(client, server net.Conn) {
	defer server.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil || p.away.Load() {
			return
		}
		commit := bytes.Contains(buf[:n], []byte("COMMIT\x00"))
		if commit && p.cut.CompareAndSwap(beforeCommit, never) {
			return
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// answer carries what the server says, and ends the line when it has committed.
func (p *proxy) answer(client, server net.Conn) {
	defer client.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil || p.away.Load() {
			return
		}
		if bytes.Contains(buf[:n], []byte("COMMIT\x00")) && p.cut.CompareAndSwap(afterCommit, never) {
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

func TestConnectionLostAtCommit(t *testing.T) {
	t.Parallel()
	for cut, want := range map[cutting]string{beforeCommit: "", afterCommit: "1"} {
		t.Run(string(cut), func(t *testing.T) {
			t.Parallel()
			p, url := newProxy(t, dbtest.URL(t, dbtest.Postgres))
			d := dbtest.Open(t, dbtest.Postgres, db.Config{URL: url, Lanes: 1})
			p.cut.Store(cut)
			runs := 0
			err := update(d, func(tx *db.Tx) error {
				runs++
				put(tx, "a", "1")
				tx.OnCommit(func() { t.Error("OnCommit ran") })
				return nil
			})
			if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "the outcome is not known") || runs != 1 {
				t.Errorf("Update returned %v after %d runs", err, runs)
			}
			if got := stored(t, d, "a"); got != want {
				t.Errorf("stored is %q", got)
			}
			mustUpdate(t, d, func(tx *db.Tx) { put(tx, "b", "1") })
		})
	}
}

func TestConnectionLostBeforeCommit(t *testing.T) {
	t.Parallel()
	d := oneWriter(t, dbtest.Postgres)
	runs := 0
	errs := asGroup(t, d,
		func(tx *db.Tx) error { put(tx, "a", "1"); return nil },
		func(tx *db.Tx) error {
			runs++
			put(tx, "b", "1")
			if runs == 1 {
				_, err := tx.Exec(`SELECT pg_terminate_backend(pg_backend_pid())`)
				return err
			}
			return nil
		},
	)
	if err := errors.Join(errs...); err != nil || runs != 2 {
		t.Errorf("%v after %d runs", err, runs)
	}
	if stored(t, d, "a") != "1" || stored(t, d, "b") != "1" {
		t.Error("something is missing")
	}
}

func TestServerAway(t *testing.T) {
	t.Parallel()
	p, url := newProxy(t, dbtest.URL(t, dbtest.Postgres))
	d := dbtest.Open(t, dbtest.Postgres, db.Config{URL: url, Lanes: 2})
	mustUpdate(t, d, func(tx *db.Tx) { put(tx, "a", "1") })
	p.away.Store(true)
	for range 2 {
		err := update(d, func(tx *db.Tx) error { put(tx, "b", "1"); return nil })
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("Update returned %v", err)
		}
	}
	if err := emptyView(d); err == nil {
		_, err = db.View(context.Background(), d, func(r db.Reader) (string, error) { return get(r, "a") })
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("View returned %v", err)
		}
	}
	p.away.Store(false)
	mustUpdate(t, d, func(tx *db.Tx) { put(tx, "b", "1") })
	if got := stored(t, d, "b"); got != "1" {
		t.Errorf("stored is %q", got)
	}
}

// TestDeadlockIsRunAgain has two Updates that name no locks, against the rules,
// and wait for each other's rows.
func TestDeadlockIsRunAgain(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Postgres, db.Config{Lanes: 2})
	mustUpdate(t, d, func(tx *db.Tx) { put(tx, "a", ""); put(tx, "b", "") })
	const add = `UPDATE meta SET value = value || 'x' WHERE key = $1`
	var met, done sync.WaitGroup
	met.Add(2)
	for _, keys := range [][2]string{{"a", "b"}, {"b", "a"}} {
		var once sync.Once
		done.Go(func() {
			if err := update(d, func(tx *db.Tx) error {
				_, first := tx.Exec(add, keys[0])
				once.Do(func() { met.Done(); met.Wait() })
				_, second := tx.Exec(add, keys[1])
				return errors.Join(first, second)
			}); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if stored(t, d, "a") != "xx" || stored(t, d, "b") != "xx" || d.Stats().Repeats == 0 {
		t.Errorf("a is %q, b is %q, %+v", stored(t, d, "a"), stored(t, d, "b"), d.Stats())
	}
}

func TestAddressesThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t, dbtest.Postgres)
	with := func(change func(u *url.URL, q url.Values)) string {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		change(u, q)
		u.RawQuery = q.Encode()
		return u.String()
	}
	refused(t, db.Config{URL: "postgres://made-up:secret@[::1"}, fault.Invalid, "not valid")
	refused(t, db.Config{URL: with(func(u *url.URL, _ url.Values) { u.Path = "/nothing" })}, fault.NotFound, "no database nothing")
	refused(t, db.Config{URL: with(func(_ *url.URL, q url.Values) { q.Set("host", t.TempDir()) })}, fault.Unavailable, "can't be reached")
	refused(t, db.Config{URL: with(func(_ *url.URL, q url.Values) { q.Set("synchronous_commit", "off") })}, fault.Unavailable, "synchronous_commit is off")
}

func TestPostgresHasItsOwnBackup(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Postgres, db.Config{})
	err := d.Backup(context.Background(), filepath.Join(t.TempDir(), "backup"))
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "pg_dump") {
		t.Errorf("Backup returned %v", err)
	}
}
