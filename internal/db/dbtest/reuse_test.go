package dbtest

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestAUsedDatabaseIsAsAtFirst holds a database that was used against how it was
// before: what is handed out again can not be told from a new one, and what can
// is not handed out again.
func TestAUsedDatabaseIsAsAtFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, does string
		renewed    bool
	}{
		{"rows", `INSERT INTO meta (key, value) VALUES ('made up', '1'), ('time', 'wall');
			INSERT INTO events (subject, version, entity, type, from_state, to_state, status, actor, at, data) VALUES ('a', 1, 'a', 'a', '', '', '', 'a', 0, '{}');
			DELETE FROM goose_db_version WHERE version_id = 1`, true},
		{"a table more", `CREATE TABLE made_up (id BIGINT)`, false},
		{"a column less", `ALTER TABLE events DROP COLUMN data`, false},
		{"a check less", `ALTER TABLE events DROP CONSTRAINT events_version_check`, false},
		{"a setting", `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$`, false},
		{"too large", `INSERT INTO meta (key, value) SELECT 'made up ' || n, md5(n::text) FROM generate_series(1, 100000) AS n`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := serverOf(t)
			m := s.create(template)
			t.Cleanup(func() { s.drop(m) })
			if m.err != nil {
				t.Fatal(m.err)
			}
			must(t, s.do(t.Context(), m.name, c.does))
			must(t, s.with(t.Context(), m.name, func(conn *pgx.Conn) error {
				renewed, err := s.first.renew(t.Context(), conn)
				if renewed != c.renewed {
					t.Errorf("it is made what it was: %t", renewed)
				}
				if err != nil || !renewed {
					return err
				}
				is, err := remember(t.Context(), conn)
				if is != s.first {
					t.Errorf("it is %+v, and was %+v", is, s.first)
				}
				return err
			}))
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
