package dbtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"doorstep/internal/db"

	"github.com/jackc/pgx/v5"
)

// install says what is missing.
const install = "no PostgreSQL server is installed: the tests need initdb, postgres and pg_ctl " +
	"(Debian and Ubuntu: apt-get install postgresql) in PATH or /usr/lib/postgresql/*/bin"

// server is a PostgreSQL server of this test binary's own.
type server struct {
	dir   string       // its files and its socket
	owner *owner       // of the files; nil when it is this process's user
	made  atomic.Int64 // databases
	ready chan made    // copies of the template
	again chan made    // that were used, and are as they were at first
	first pristine
	keep  io.Closer // the watchdog ends the server when this pipe breaks
}

// start starts the server once for the whole test binary.
var start = sync.OnceValues(startServer)

func serverOf(t testing.TB) *server {
	t.Helper()
	s, err := start()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	return s
}

// watchdog makes, starts and at last removes the server. It ends when its input
// does, which is when the test binary has ended, in whatever way: nothing of
// the server outlives it. $1 is the directory of the binaries, $2 the server's.
const watchdog = `
trap '' HUP INT TERM
PATH=$1:$PATH; cd "$2" || exit 1
{ initdb --no-sync --auth=trust --username=doorstep --encoding=UTF8 --locale=C -D data &&
  printf '%s\n' "$3" >>data/postgresql.conf &&
  pg_ctl -D data -l server.log -w -t 120 start; } >setup.log 2>&1 && echo ready
read -r _
pg_ctl -D data -m immediate -w stop >>setup.log 2>&1
cd / && rm -rf "$2"
`

// settings keep durability as a shop has it.
const settings = `
listen_addresses = ''
unix_socket_directories = '.'
max_connections = 200
fsync = on
full_page_writes = on
synchronous_commit = on
shared_buffers = 64MB
checkpoint_timeout = 30min
max_wal_size = 2GB
`

func startServer() (*server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "doorstep-pg-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, ready: make(chan made), again: make(chan made, 64)}
	if err := s.run(bin); err != nil {
		return nil, err
	}
	if err := s.makeTemplate(context.Background()); err != nil {
		return nil, err
	}
	for range ahead {
		go s.makeAhead()
	}
	return s, nil
}

// binaries returns the directory of the newest installed server.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		// In PATH there may be a link to a wrapper's directory.
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(real), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New(install)
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// version is the number in /usr/lib/postgresql/15/bin/initdb.
func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// run starts the watchdog and waits until the server answers.
func (s *server) run(bin string) error {
	cmd := exec.Command("/bin/sh", "-c", watchdog, "watchdog", bin, s.dir, settings)
	cmd.Dir = "/"
	// A session of its own: what ends the tests at the terminal leaves it the
	// time to clean up.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if os.Geteuid() == 0 {
		if err := s.giveAway(cmd); err != nil {
			return err
		}
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.keep = stdin
	if line, _ := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		return fmt.Errorf("the server did not start:\n%s", s.logs())
	}
	return nil
}

// owner is the user who runs a server.
type owner struct{ uid, gid int }

// giveAway lets another user run the server, which refuses to be root's.
func (s *server) giveAway(cmd *exec.Cmd) error {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		s.owner = &owner{uid, gid}
		return os.Chown(s.dir, uid, gid)
	}
	return fmt.Errorf("PostgreSQL refuses to run as root, and there is no user postgres or nobody")
}

func (s *server) logs() string {
	var text strings.Builder
	for _, name := range []string{"setup.log", "server.log"} {
		content, _ := os.ReadFile(filepath.Join(s.dir, name))
		text.Write(content)
	}
	return text.String()
}

// url returns the address of one of the server's databases.
func (s *server) url(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("doorstep"), Path: "/" + database}
	u.RawQuery = url.Values{"host": {filepath.Join(s.dir, "data")}}.Encode()
	return u.String()
}

const template = "template_shop"

// makeTemplate makes the database that all others are copied from. Which kind
// of time it runs on is left open.
func (s *server) makeTemplate(ctx context.Context) error {
	if err := s.do(ctx, "postgres", "CREATE DATABASE "+template); err != nil {
		return err
	}
	d, err := db.Open(ctx, db.Config{URL: s.url(template)})
	if err != nil {
		return err
	}
	if err := d.Close(); err != nil {
		return err
	}
	return s.with(ctx, template, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "DELETE FROM meta WHERE key = 'time'"); err != nil {
			return err
		}
		s.first, err = remember(ctx, conn)
		return err
	})
}

// ahead is how many databases are made before they are asked for: to make one
// takes longer than most tests.
const ahead = 2

// made is a new database, or why there is none.
type made struct {
	name string
	err  error
}

// makeAhead makes databases as long as the test binary runs.
func (s *server) makeAhead() {
	for {
		s.ready <- s.create(template)
	}
}

func (s *server) create(template string) made {
	name := "test_" + strconv.FormatInt(s.made.Add(1), 10)
	return made{name, s.do(context.Background(), "postgres", "CREATE DATABASE "+name+" TEMPLATE "+template)}
}

// createIn makes a database in which there is nothing yet and whose tables will
// lie in a directory of their own, as a tablespace:
// https://www.postgresql.org/docs/current/manage-ag-tablespaces.html
func (s *server) createIn(dir string) made {
	if s.owner != nil {
		if err := os.Chown(dir, s.owner.uid, s.owner.gid); err != nil {
			return made{err: err}
		}
	}
	m := s.create("template0")
	quoted := "'" + strings.ReplaceAll(dir, "'", "''") + "'"
	for _, sql := range []string{
		"CREATE TABLESPACE in_" + m.name + " LOCATION " + quoted,
		"ALTER DATABASE " + m.name + " SET default_tablespace = in_" + m.name,
	} {
		if m.err == nil {
			m.err = s.do(context.Background(), "postgres", sql)
		}
	}
	return m
}

// take returns a database that is as at first: a used one if there is any.
func (s *server) take() made {
	select {
	case m := <-s.again:
		return m
	default:
	}
	select {
	case m := <-s.again:
		return m
	case m := <-s.ready:
		return m
	}
}

// lend gives a copy of the template to the test, and to others after it.
func (s *server) lend(t testing.TB, m made) string { return s.hand(t, m, s.giveBack) }

// giveBack has a database handed out again if it can be what it was at first.
func (s *server) giveBack(m made) {
	var renewed bool
	err := s.with(context.Background(), m.name, func(conn *pgx.Conn) (err error) {
		renewed, err = s.first.renew(context.Background(), conn)
		return err
	})
	if err == nil && renewed {
		select {
		case s.again <- m:
			return
		default:
		}
	}
	s.drop(m)
}

func (s *server) drop(m made) {
	// What can not be dropped goes with the server.
	_ = s.do(context.Background(), "postgres", "DROP DATABASE "+m.name+" WITH (FORCE)")
}

// hand gives the database to the test. Nobody waits for what becomes of it when
// that ends.
func (s *server) hand(t testing.TB, m made, after func(made)) string {
	t.Helper()
	if m.err != nil {
		t.Fatal(m.err)
	}
	t.Cleanup(func() { go after(m) })
	return s.url(m.name)
}

func (s *server) do(ctx context.Context, database, sql string) error {
	return s.with(ctx, database, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql)
		return err
	})
}

func (s *server) with(ctx context.Context, database string, use func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.url(database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return use(conn)
}
