package dbtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"

	"github.com/jackc/pgx/v5"
)

func TestEnginesGetFreshDatabases(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		a, b := dbtest.Open(t, engine, db.Config{}), dbtest.Open(t, engine, db.Config{Virtual: true})
		if a.Engine() != engine || b.Engine() != engine || a.Virtual() || !b.Virtual() {
			t.Errorf("the databases are %s and %s", a.Engine(), b.Engine())
		}
		for _, d := range []*db.DB{a, b} {
			if _, err := db.Update(context.Background(), d, nil, func(tx *db.Tx) (int, error) {
				tx.Write(`INSERT INTO meta (key, value) VALUES ('a', '1')`)
				return 0, nil
			}); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestTablesLieInTheDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for up := dir; strings.HasPrefix(filepath.Base(filepath.Dir(up)), "Test"); {
		up = filepath.Dir(up) // the server is another user's
		if err := os.Chmod(up, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	d := dbtest.Open(t, dbtest.Postgres, db.Config{URL: dbtest.URLIn(t, dir)})
	if d.Engine() != dbtest.Postgres {
		t.Errorf("the database is %s", d.Engine())
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("in the directory there are %v, %v", files, err)
	}
}

const asChild = "DOORSTEP_TEST_CHILD_SERVER"

// TestServerEndsWithItsTests kills a test binary and sees its server end, and
// the files go.
func TestServerEndsWithItsTests(t *testing.T) {
	t.Parallel()
	if os.Getenv(asChild) != "" {
		fmt.Printf("database=%s\n", dbtest.URL(t, dbtest.Postgres))
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), asChild+"=1")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var database string
	for database == "" {
		var line string
		if _, err := fmt.Fscanln(stdout, &line); errors.Is(err, io.EOF) {
			t.Fatal("the child ended by itself")
		}
		_, database, _ = strings.Cut(line, "database=")
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(cmd.Process.Kill(), ignoreExit(cmd.Wait())); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.PgConn().ReceiveMessage(ctx); err == nil { // a farewell, or silence
		_, _ = conn.PgConn().ReceiveMessage(ctx)
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(u.Query().Get("host"))
	for _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist); _, err = os.Stat(dir) {
		runtime.Gosched()
	}
}

// ignoreExit leaves errors other than that the process was killed.
func ignoreExit(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}
