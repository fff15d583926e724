package cli_test

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"doorstep/cli/intake"
	"doorstep/internal/db/dbtest"

	_ "github.com/jackc/pgx/v5/stdlib" // the drivers by which tests reach into a database
	_ "modernc.org/sqlite"
)

// These tests run the real program, as another process.

var (
	binaryDir string
	binary    = sync.OnceValues(buildBinary)
)

func TestMain(m *testing.M) {
	code := m.Run()
	if binaryDir != "" {
		_ = os.RemoveAll(binaryDir)
	}
	os.Exit(code)
}

func buildBinary() (string, error) {
	var err error
	if binaryDir, err = os.MkdirTemp("", "doorstep-cli-"); err != nil {
		return "", err
	}
	// Readable for the other user as whom a test may run it.
	if err := os.Chmod(binaryDir, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(binaryDir, "doorstep")
	out, err := exec.Command("go", "build", "-o", path, "doorstep/cmd/doorstep").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
}

func program(t testing.TB, db string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{"--db", db}, args...)...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "DOORSTEP_OUTSIDE="+filepath.Join(cmd.Dir, "outside"))
	return cmd
}

// run runs a command to its end.
func run(t testing.TB, cmd *exec.Cmd) answer {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return answer{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// realShop is a database with stock and one order, made by the real program.
func realShop(t testing.TB, engine string) string {
	t.Helper()
	db := dbtest.URL(t, engine)
	cmd := program(t, db, "stock", "import", "-")
	cmd.Stdin = strings.NewReader(stock)
	for _, cmd := range []*exec.Cmd{cmd, program(t, db, place("--sku", "CUP")...)} {
		if a := run(t, cmd); a.code != 0 {
			t.Fatalf("%s%s", a.stdout, a.stderr)
		}
	}
	return db
}

func reach(t testing.TB, engine, db, statement string) {
	t.Helper()
	driver := map[string]string{dbtest.SQLite: "sqlite", dbtest.Postgres: "pgx"}[engine]
	d, err := sql.Open(driver, db)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// refused checks that the program says a sentence, on lines that fit but for
// words that are longer, and ends with the code.
func refused(t testing.TB, a answer, code int, sentence string) {
	t.Helper()
	said := strings.Join(strings.Fields(a.stderr), " ")
	if a.code != code || !strings.Contains(said, "doorstep: ") || !strings.Contains(said, sentence) || a.stdout != "" {
		t.Errorf("exit code %d, want %d and a sentence with %q:\n%s%s", a.code, code, sentence, a.stdout, a.stderr)
	}
	for _, line := range tooWide(a.stderr) {
		if code != 1 && strings.Contains(strings.TrimSpace(line), " ") { // what is damaged is logged whole
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
	if strings.Contains(a.stderr, "goroutine") || strings.Contains(a.stderr, "panic") {
		t.Errorf("it panics:\n%s", a.stderr)
	}
}

func TestADatabaseOfANewerVersion(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		db := realShop(t, engine)
		reach(t, engine, db, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`)
		refused(t, run(t, program(t, db, place("--sku", "CUP")...)), 4, "is of version 99999")
		refused(t, run(t, program(t, db, "order", "list")), 4, "use a newer program")
		reach(t, engine, db, `DELETE FROM goose_db_version WHERE version_id = 99999`)
		intact(t, db)
	})
}

// intact checks that the shop's order is there and that the books agree.
func intact(t testing.TB, db string) {
	t.Helper()
	a := run(t, program(t, db, "verify"))
	if a.code != 0 || !strings.Contains(a.stdout, "All is well: 1 order,") {
		t.Errorf("something was lost:\n%s%s", a.stdout, a.stderr)
	}
}

func TestADatabaseThatCanOnlyBeRead(t *testing.T) {
	t.Parallel()
	db := realShop(t, dbtest.SQLite)
	before := content(t, db)
	cmd := program(t, db, place("--sku", "CUP")...)
	asNobody(t, db, cmd)
	if err := os.Chmod(db, 0o444); err != nil {
		t.Fatal(err)
	}
	refused(t, run(t, cmd), 5, "can't be opened for writing: permission denied")
	if err := os.Chmod(db, 0o644); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, content(t, db)) {
		t.Error("the file has changed")
	}
	intact(t, db)
}

func content(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// asNobody lets the command run as a user to whom the mode of a file means
// something: to root it does not.
func asNobody(t testing.TB, db string, cmd *exec.Cmd) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	for _, path := range []string{filepath.Dir(db), filepath.Dir(filepath.Dir(db)), cmd.Dir, filepath.Dir(cmd.Dir)} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADamagedDatabase(t *testing.T) {
	t.Parallel()
	const page = 4096
	for name, c := range map[string]struct {
		damage   func(file []byte) []byte
		sentence string
	}{
		"its beginning is overwritten": {func(b []byte) []byte { copy(b, "nothing like a database"); return b }, "its beginning is damaged"},
		"its pages are overwritten": {func(b []byte) []byte {
			copy(b[page:], bytes.Repeat([]byte{0xa5}, len(b)-page))
			return b
		}, "the database file is damaged"},
		"its end is cut off":   {func(b []byte) []byte { return b[:2*page] }, "the database file is damaged"},
		"it is something else": {func([]byte) []byte { return []byte("sku,name\nCUP,Blue cup\n") }, "is not a database"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := realShop(t, dbtest.SQLite)
			damaged := c.damage(content(t, db))
			if err := os.WriteFile(db, damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"order", "show", "1001"}, place("--sku", "CUP"), {"serve"}} {
				refused(t, run(t, program(t, db, args...)), 1, c.sentence)
			}
			if !bytes.Equal(damaged, content(t, db)) {
				t.Error("what was left of it has changed")
			}
		})
	}
}

// server is a program that serves.
type server struct {
	cmd    *exec.Cmd
	said   string // when it began
	stdin  io.WriteCloser
	stdout *bufio.Reader
}

// serve starts a server and waits until it says that it serves.
func serve(t testing.TB, db string, args ...string) *server {
	t.Helper()
	return serveIn(t, nil, db, args...)
}

// serveIn is serve with further variables.
func serveIn(t testing.TB, env []string, db string, args ...string) *server {
	t.Helper()
	if !slices.Contains(args, "--listen") {
		args = append(args, "--listen", "off")
	}
	s := &server{cmd: program(t, db, append([]string{"serve"}, args...)...)}
	s.cmd.Env = append(s.cmd.Env, env...)
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	var err1, err2 error
	s.stdin, err1 = s.cmd.StdinPipe()
	stdout, err2 := s.cmd.StdoutPipe()
	stderr, err3 := s.cmd.StderrPipe()
	if err := errors.Join(err1, err2, err3, s.cmd.Start()); err != nil {
		t.Fatal(err)
	}
	s.stdout = bufio.NewReader(stdout)
	lines := bufio.NewReader(stderr)
	line, err := lines.ReadString('\n')
	if !strings.HasPrefix(line, "Serving ") && !slices.Contains(args, "--json") || !strings.Contains(line, "=") && !strings.Contains(line, "durability") {
		t.Fatalf("the server says %q (%v)", line, err)
	}
	s.said = line
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return s
}

// send sends a command and returns its result.
func (s *server) send(t testing.TB, line string) intake.Result {
	t.Helper()
	var r intake.Result
	_, err1 := io.WriteString(s.stdin, line+"\n")
	answer, err2 := s.stdout.ReadBytes('\n')
	if err := errors.Join(err1, err2, json.Unmarshal(answer, &r)); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	return r
}

// end waits for the server's end and checks its exit code.
func (s *server) end(t testing.TB) {
	t.Helper()
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the server ends with %v", err)
	}
}

func placing(n int) string {
	return fmt.Sprintf(`{"key":"k%d","do":"place","order":%s}`, n, anOrder(`{"sku":"CUP","quantity":1}`))
}

func TestASecondServerOnTheSameFile(t *testing.T) {
	t.Parallel()
	db := realShop(t, dbtest.SQLite)
	s := serve(t, db)
	refused(t, run(t, program(t, db, "serve")), 5, "another process")
	if a := run(t, program(t, db, "order", "note", "1001", "Typed beside it.")); a.code != 0 {
		t.Errorf("what is typed is not carried out by the server: %+v", a)
	}
	sample, err := filepath.Abs(importSample)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, run(t, program(t, db, "import", sample)), 5, "another process")
	intact(t, db) // reading goes on beside it
	backup := filepath.Join(t.TempDir(), "backup.db")
	if a := run(t, program(t, db, "backup", backup)); a.code != 0 {
		t.Errorf("a backup beside it: %s", a.stderr)
	}
	intact(t, backup)
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.end(t)
	intact(t, db)
}

func TestServersOnPostgreSQLShareIt(t *testing.T) {
	t.Parallel()
	db := realShop(t, dbtest.Postgres)
	one, two := serve(t, db, "--intake", "-"), serve(t, db, "--intake", "-")
	for i, s := range []*server{one, two, one, two} {
		if r := s.send(t, placing(i)); !r.OK || r.Status != "processed" {
			t.Errorf("order %d: %+v", i, r)
		}
	}
	if a := run(t, program(t, db, place("--sku", "CUP")...)); a.code != 0 || !strings.Contains(a.stdout, "is shipped") {
		t.Errorf("a third process: %+v", a)
	}
	for _, s := range []*server{one, two} {
		if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		s.end(t)
	}
	if a := run(t, program(t, db, "verify")); !strings.Contains(a.stdout, "All is well: 6 orders") {
		t.Errorf("%+v", a)
	}
}

// TestServeUntilIdle: a shop that is fed from a pipe answers every line and
// ends when everything that was due is done.
func TestServeUntilIdle(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		db := realShop(t, engine)
		s := serve(t, db, "--intake", "-", "--until-idle", "--sim-latency", "100ms") // something is still to be done when the input ends
		for i := range 5 {
			if r := s.send(t, placing(i)); !r.OK || r.Line != int64(i+1) || !strings.HasPrefix(r.Order, "ord_") {
				t.Errorf("order %d: %+v", i, r)
			}
		}
		if r := s.send(t, placing(0)); !r.OK || !r.Replayed {
			t.Errorf("sent again: %+v", r)
		}
		if r := s.send(t, "nonsense"); r.OK || r.Line != 7 {
			t.Errorf("nonsense: %+v", r)
		}
		if err := s.stdin.Close(); err != nil {
			t.Fatal(err)
		}
		s.end(t)
		if a := run(t, program(t, db, "order", "list", "--status", "shipped", "--json")); strings.Count(a.stdout, `"shipped",`) < 6 {
			t.Errorf("not all are shipped: %s", a.stdout)
		}
	})
}

// TestAnOpenPipeDoesNotKeepAServer: told to stop, it stops although its input
// goes on.
func TestAnOpenPipeDoesNotKeepAServer(t *testing.T) {
	t.Parallel()
	db := realShop(t, dbtest.SQLite)
	s := serve(t, db, "--intake", "-", "--until-idle", "--json=false")
	if r := s.send(t, placing(1)); !r.OK {
		t.Error(r)
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.end(t)
}

func TestFollowingEnds(t *testing.T) {
	t.Parallel()
	db := realShop(t, dbtest.SQLite)
	cmd := program(t, db, "events", "--json", "--follow")
	out, err := cmd.StdoutPipe()
	if err := errors.Join(err, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for range 3 {
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	a := run(t, program(t, db, "order", "note", "1001", "More happens."))
	if a.code != 0 {
		t.Fatal(a.stderr)
	}
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal("the note is not followed: ", err)
		}
		if strings.Contains(line, `"order.noted"`) {
			break
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestVerifyNamesWhatIsWrong: the exit code says so too.
func TestVerifyNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		db := realShop(t, engine)
		reach(t, engine, db, `UPDATE stock_levels SET on_hand = on_hand + 1 WHERE sku = 'POT'`)
		a := run(t, program(t, db, "verify"))
		if a.code != 6 || !strings.Contains(a.stdout, "POT") || !strings.Contains(a.stdout, "1 violation in 1 order") || a.stderr != "" {
			t.Errorf("%+v", a)
		}
		a = run(t, program(t, db, "verify", "--json"))
		var report struct {
			Count      int64
			Violations []struct{ Kind, Subject, Detail string }
		}
		if err := json.Unmarshal([]byte(a.stdout), &report); err != nil || a.code != 6 || report.Count != 1 || len(report.Violations) != 1 {
			t.Errorf("%+v %v", a, err)
		}
	})
}

// TestARealShopOfOnesOwn: the real program, from nothing, as a newcomer types it.
func TestARealShopOfOnesOwn(t *testing.T) {
	t.Parallel()
	db := realShop(t, dbtest.SQLite)
	a := run(t, program(t, db, "order", "show", "1001"))
	if a.code != 0 || !strings.Contains(a.stdout, "Order 1001  shipped") || strings.Contains(a.stdout, "\x1b") {
		t.Errorf("%+v", a)
	}
	refused(t, run(t, program(t, filepath.Join(filepath.Dir(db), "none.db"), "order", "list")), 3, "there is no database at")
}
