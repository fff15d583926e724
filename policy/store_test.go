package policy_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"

	"doorstep/access"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/policy"
)

// set makes the carrier's name the version after from.
func set(t *testing.T, d *db.DB, s *policy.Store, from int64, carrier string) {
	t.Helper()
	_, err := db.Update(t.Context(), d, []db.Lock{policy.Lock()}, func(tx *db.Tx) (policy.Version, error) {
		return s.Set(tx, access.Operator, from, shippedBy(carrier))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func shippedBy(carrier string) policy.Policy {
	p := policy.Default()
	p.Carrier = carrier
	return p
}

// TestNoOneWaitsForAnothersQuery has a query of the policy wait for a
// transaction that then asks for the policy itself.
func TestNoOneWaitsForAnothersQuery(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d, hold := holdable(t, engine)
		set(t, d, &policy.Store{}, 0, "made up")
		hold.prepare(t, d)
		store, other := &policy.Store{}, make(chan error, 1)
		got, err := db.Update(t.Context(), d, nil, func(tx *db.Tx) (policy.Policy, error) {
			defer hold.end()
			if err := hold.begin(tx); err != nil {
				return policy.Policy{}, err
			}
			go func() {
				_, err := db.View(context.WithoutCancel(t.Context()), d, store.Current)
				other <- err
			}()
			if err := hold.untilItWaits(tx); err != nil {
				return policy.Policy{}, err
			}
			return store.Current(tx)
		})
		if err != nil || got.Carrier != "made up" {
			t.Errorf("the policy in force is %+v, %v", got, err)
		}
		if err := <-other; err != nil {
			t.Errorf("two have waited for each other until the query was given up: %v", err)
		}
	})
}

// hold makes the next query of the policy wait, on whatever its engine waits for.
type hold interface {
	prepare(t *testing.T, d *db.DB)
	begin(tx *db.Tx) error
	untilItWaits(tx *db.Tx) error
	end()
}

// patience is when a query that is held is given up. Nothing waits for so long
// unless it is held for ever.
const patience = 10 * time.Second

func holdable(t *testing.T, engine string) (*db.DB, hold) {
	t.Helper()
	url := dbtest.URL(t, engine)
	if engine == dbtest.Postgres {
		return dbtest.Open(t, engine, db.Config{URL: url + "&lock_timeout=" + patience.String()}), tableLock{}
	}
	g := &gate{waits: make(chan struct{}), ended: make(chan struct{})}
	return dbtest.Open(t, engine, db.Config{URL: url, Connected: g.stand}), g
}

// tableLock is the transaction's lock on the whole table.
type tableLock struct{}

func (tableLock) prepare(*testing.T, *db.DB) {}
func (tableLock) end()                       {}

func (tableLock) begin(tx *db.Tx) error {
	_, err := tx.Exec(`LOCK TABLE policies IN ACCESS EXCLUSIVE MODE`)
	return err
}

func (tableLock) untilItWaits(tx *db.Tx) error {
	count := func(row db.Row) (n int, err error) { return n, row.Scan(&n) }
	for start := time.Now(); time.Since(start) < patience; {
		n, _, err := db.One(tx, count, `SELECT count(*) FROM pg_locks WHERE relation = 'policies'::regclass AND NOT granted`)
		if n > 0 || err != nil {
			return err
		}
	}
	return errors.New("no query waits for the table")
}

// gate is a function in SQL that the first query calls for a row and that does
// not return: a reader of a file waits for no transaction.
type gate struct {
	passed       atomic.Bool // a query has come by
	waits, ended chan struct{}
}

func (g *gate) stand(conn *sqlite.Conn) error {
	return conn.CreateFunction("made_up_gate", &sqlite.FunctionImpl{AllowIndirect: true, Scalar: func(sqlite.Context, []sqlite.Value) (sqlite.Value, error) {
		return sqlite.IntegerValue(1), g.pass()
	}})
}

func (g *gate) pass() error {
	if g.passed.Swap(true) {
		return nil
	}
	close(g.waits)
	select {
	case <-g.ended:
		return nil
	case <-time.After(patience):
		return errors.New("made up: the gate stays shut")
	}
}

func (g *gate) prepare(t *testing.T, d *db.DB) {
	t.Helper()
	_, err := db.Update(t.Context(), d, nil, func(tx *db.Tx) (int, error) {
		tx.WriteAny(`ALTER TABLE policies RENAME TO gated_policies`)
		tx.WriteAny(`CREATE VIEW policies AS SELECT * FROM gated_policies WHERE made_up_gate()`)
		return 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (g *gate) begin(*db.Tx) error { return nil }
func (g *gate) end()               { close(g.ended) }

func (g *gate) untilItWaits(*db.Tx) error {
	select {
	case <-g.waits:
		return nil
	case <-time.After(patience):
		return errors.New("no query waits at the gate")
	}
}

// TestAnOldAnswerIsNotKept asks from a snapshot that is older than a change.
func TestAnOldAnswerIsNotKept(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d, store := dbtest.Open(t, engine, db.Config{}), &policy.Store{}
		set(t, d, store, 0, "old")
		old, err := db.View(t.Context(), d, func(r db.Reader) (policy.Policy, error) {
			if _, _, err := policy.Newest(r); err != nil { // the snapshot is that of the first query
				return policy.Policy{}, err
			}
			set(t, d, store, 1, "new")
			return store.Current(r)
		})
		if err != nil || old.Carrier != "old" {
			t.Fatalf("the snapshot's policy is %+v, %v", old, err)
		}
		if got := current(t, d, store); got.Carrier != "new" {
			t.Errorf("the policy in force is of the carrier %q", got.Carrier)
		}
	})
}

// TestWhatIsRolledBackIsNotKept asks in the transaction of a change that fails.
func TestWhatIsRolledBackIsNotKept(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d, store := dbtest.Open(t, engine, db.Config{}), &policy.Store{}
		undone := errors.New("made up")
		var seen policy.Policy
		_, err := db.Update(t.Context(), d, []db.Lock{policy.Lock()}, func(tx *db.Tx) (v policy.Version, err error) {
			if v, err = store.Set(tx, access.Operator, 0, shippedBy("never")); err != nil {
				return v, err
			}
			if seen, err = store.Current(tx); err != nil {
				return v, err
			}
			return v, undone
		})
		if !errors.Is(err, undone) || seen.Carrier != "never" {
			t.Fatalf("the transaction saw the carrier %q, %v", seen.Carrier, err)
		}
		if got := current(t, d, store); got.Carrier != policy.Default().Carrier {
			t.Errorf("the policy in force is of the carrier %q", got.Carrier)
		}
		set(t, d, store, 0, "first")
		if got := current(t, d, store); got.Carrier != "first" {
			t.Errorf("the policy in force is of the carrier %q", got.Carrier)
		}
	})
}
