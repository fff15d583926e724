package db

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"doorstep/fault"
)

// RawTable is what a table holds, for measurements: what the process has written
// is written once more, as fast as the engine can. Its key is what tells its rows
// apart; what PostgreSQL gives itself is left out.
type RawTable struct {
	Table
	Rows [][]any // in the order of Columns
}

// RawRows reads every row of every table, but for what the database keeps about
// itself, into memory.
//
// Errors: those of View.
func (d *DB) RawRows(ctx context.Context) ([]RawTable, error) {
	return View(ctx, d, func(r Reader) ([]RawTable, error) {
		tables, err := rawTables(r)
		for i := range tables {
			if err == nil {
				err = tables[i].read(r)
			}
		}
		return tables, err
	})
}

// postgresGiven are the columns that PostgreSQL gives itself.
const postgresGiven = `SELECT table_name, column_name FROM information_schema.columns
	WHERE table_schema = current_schema() AND (is_identity = 'YES' OR column_default IS NOT NULL)`

// ofItself are the tables in which the database keeps what it is.
var ofItself = []string{"goose_db_version", "meta"}

func rawTables(r Reader) ([]RawTable, error) {
	all, err := Tables(r)
	if err != nil {
		return nil, err
	}
	given := map[[2]string]bool{}
	if r.Postgres() {
		err = Each(r, func(row Row) error {
			var column [2]string
			err := row.Scan(&column[0], &column[1])
			given[column] = true
			return err
		}, postgresGiven)
	}
	var tables []RawTable
	for _, t := range all {
		if slices.Contains(ofItself, t.Name) {
			continue
		}
		isGiven := func(column string) bool { return given[[2]string{t.Name, column}] }
		t.Columns, t.Key = slices.DeleteFunc(t.Columns, isGiven), slices.DeleteFunc(t.Key, isGiven)
		if len(t.Key) == 0 {
			t.Key = t.Columns
		}
		tables = append(tables, RawTable{Table: t})
	}
	return tables, err
}

func (t *RawTable) read(r Reader) error {
	return Each(r, func(row Row) error {
		values := make([]any, len(t.Columns))
		into := make([]any, len(values))
		for i := range values {
			into[i] = &values[i]
		}
		t.Rows = append(t.Rows, values)
		return row.Scan(into...)
	}, fmt.Sprintf("SELECT %s FROM %s ORDER BY %s", strings.Join(t.Columns, ", "), t.Name, strings.Join(t.Key, ", ")))
}

// Without returns the rows of the tables that are not in the earlier ones, by
// their keys.
func Without(tables, earlier []RawTable) []RawTable {
	tables = slices.Clone(tables)
	for i := range tables {
		was := slices.IndexFunc(earlier, func(t RawTable) bool { return t.Name == tables[i].Name })
		if was < 0 {
			continue
		}
		known := map[string]bool{}
		for _, row := range earlier[was].Rows {
			known[tables[i].keyOf(row)] = true
		}
		tables[i].Rows = slices.DeleteFunc(slices.Clone(tables[i].Rows), func(row []any) bool { return known[tables[i].keyOf(row)] })
	}
	return tables
}

func (t *RawTable) keyOf(row []any) string {
	var key strings.Builder
	for i, c := range t.Columns {
		if slices.Contains(t.Key, c) {
			fmt.Fprintf(&key, "%v\x00", row[i])
		}
	}
	return key.String()
}

// WriteRaw inserts the rows in so many transactions, each with the same share of
// every table, by prepared statements and nothing else, on as many connections as
// Updates have, and returns how long that took. No Update runs meanwhile.
//
// Errors: unavailable; internal when a row is there already.
func (d *DB) WriteRaw(ctx context.Context, tables []RawTable, commits int) (time.Duration, error) {
	groups := make(chan int, commits)
	for i := range commits {
		groups <- i
	}
	close(groups)
	start := time.Now()
	var wg sync.WaitGroup
	errs := make(chan error, d.config.Lanes)
	for range d.engine.rawLanes() {
		wg.Go(func() {
			errs <- d.engine.raw(ctx, func(insert func(string, []any) error) (bool, error) {
				i, more := <-groups
				if !more {
					return false, nil
				}
				return true, writeShare(tables, i, commits, insert)
			})
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// writeShare inserts the part i of n of every table.
func writeShare(tables []RawTable, i, n int, insert func(string, []any) error) error {
	for _, t := range tables {
		query := t.insert()
		for _, row := range t.Rows[len(t.Rows)*i/n : len(t.Rows)*(i+1)/n] {
			if err := insert(query, row); err != nil {
				return fmt.Errorf("%s: %w", t.Name, err)
			}
		}
	}
	return nil
}

func (t *RawTable) insert() string {
	places := make([]string, len(t.Columns))
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", t.Name, strings.Join(t.Columns, ", "), strings.Join(places, ", "))
}

func (s *sqliteDB) rawLanes() int { return 1 }

// raw runs transactions until next says that there are no more.
func (s *sqliteDB) raw(_ context.Context, next func(insert func(string, []any) error) (bool, error)) error {
	w := &sqliteWriter{db: s.db, engine: s}
	for {
		if err := w.begin(); err != nil {
			return classify(err)
		}
		more, err := next(func(query string, args []any) error { return w.write(query, args, true) })
		if err != nil || !more {
			s.writer.rollback()
			return classify(err)
		}
		if err := w.do("COMMIT"); err != nil {
			s.writer.rollback()
			return classify(err)
		}
		s.checkpoints.grown()
	}
}

func (p *postgresDB) rawLanes() int { return p.db.config.Lanes }

func (p *postgresDB) raw(ctx context.Context, next func(insert func(string, []any) error) (bool, error)) error {
	lane := &postgresLane{db: p.db, engine: p}
	defer lane.close()
	if err := lane.connect(ctx); err != nil {
		return err
	}
	for {
		t := newPostgresTx(ctx, lane.conn, "BEGIN")
		more, err := next(func(query string, args []any) error { return t.write(query, args, true) })
		if err != nil || !more {
			return err
		}
		if err := t.flush(); err != nil {
			t.rollback()
			return err
		}
		if err := t.commit(); err != nil {
			return classify(err)
		}
	}
}

// Size returns how many bytes the database takes on the disk.
//
// Errors: unavailable.
func (d *DB) Size(ctx context.Context) (int64, error) {
	query := `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`
	if d.Engine() == postgresName {
		query = `SELECT pg_database_size(current_database())`
	}
	n, err := View(ctx, d, func(r Reader) (int64, error) {
		n, _, err := One(r, func(row Row) (n int64, err error) { return n, row.Scan(&n) }, query)
		return n, err
	})
	if err != nil {
		return 0, fault.New(fault.Unavailable, "the size of the database can not be read: %w", err)
	}
	return n, nil
}
