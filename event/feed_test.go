package event_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func happened(subject string, version int64) event.Event {
	return event.Event{Subject: subject, Version: version, Entity: subject, Type: "made.up", From: "a", To: "b", Status: "b",
		Actor: "operator", At: noon, Data: json.RawMessage(`{"n":1}`)}
}

func write(t testing.TB, d *db.DB, events ...event.Event) {
	t.Helper()
	_, err := db.Update(t.Context(), d, nil, func(tx *db.Tx) (struct{}, error) {
		for _, e := range events {
			event.Append(tx, e)
		}
		return struct{}{}, nil
	})
	if err != nil {
		t.Error(err)
	}
}

// reader reads the feed and keeps its cursor.
type reader struct {
	t      *testing.T
	db     *db.DB
	cursor event.Cursor
	ids    []string
	last   map[string]int64 // the last version of each subject
}

// read reads up to limit events, and says how many there were.
func (r *reader) read(limit int) int {
	r.t.Helper()
	type page struct {
		events []event.Event
		next   event.Cursor
	}
	p, err := db.View(r.t.Context(), r.db, func(v db.Reader) (p page, err error) {
		p.events, p.next, err = event.After(v, r.cursor, limit)
		return p, err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range p.events {
		r.ids = append(r.ids, e.ID())
		if e.Version != r.last[e.Subject]+1 {
			r.t.Errorf("version %d of %s comes after %d", e.Version, e.Subject, r.last[e.Subject])
		}
		r.last[e.Subject] = e.Version
	}
	r.cursor = p.next
	return len(p.events)
}

// readUntil reads pages until it has seen so many events. On PostgreSQL an event
// shows when no transaction of the whole server is older, and other tests have
// theirs.
func (r *reader) readUntil(events, limit int) {
	r.t.Helper()
	for len(r.ids) < events {
		if n := r.read(limit); n > limit {
			r.t.Errorf("a page of %d has %d events", limit, n)
		}
	}
}

func newReader(t *testing.T, d *db.DB) *reader { return &reader{t: t, db: d, last: map[string]int64{}} }

func TestTheFeedIsReadInPages(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		r := newReader(t, d)
		if n := r.read(10); n != 0 || r.cursor != "" {
			t.Errorf("an empty feed has %d events and the cursor %q", n, r.cursor)
		}
		for v := range int64(7) {
			write(t, d, happened("a", v+1))
		}
		r.readUntil(7, 3)
		if len(r.ids) != 7 || r.ids[0] != "a.1" || r.ids[6] != "a.7" {
			t.Errorf("the events are %q", r.ids)
		}
		if n := r.read(3); n != 0 {
			t.Errorf("behind the last event there are %d", n)
		}
		write(t, d, happened("a", 8))
		r.readUntil(8, 3)
	})
}

func TestAnEventReadsAsItWasWritten(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		want, bare := happened("a", 1), event.Event{Subject: "b", Version: 1, Entity: "b", Type: "made.up", Actor: "process", At: noon}
		write(t, d, want, bare, happened("a", 2))
		for subject, events := range map[string][]event.Event{"a": {want, happened("a", 2)}, "b": {bare}, "c": nil} {
			got, err := db.View(t.Context(), d, func(r db.Reader) ([]event.Event, error) { return event.Timeline(r, subject) })
			if err != nil || fmt.Sprint(got) != fmt.Sprint(events) {
				t.Errorf("the timeline of %s is %v, %v", subject, got, err)
			}
		}
	})
}

func TestAVersionIsWrittenOnce(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		write(t, d, happened("a", 1))
		_, err := db.Update(t.Context(), d, nil, func(tx *db.Tx) (struct{}, error) {
			event.Append(tx, happened("a", 1))
			return struct{}{}, nil
		})
		if !db.IsUnique(err) {
			t.Errorf("a second event of the same version: %v", err)
		}
	})
}

// TestAReaderSkipsNothing reads while many write.
func TestAReaderSkipsNothing(t *testing.T) {
	t.Parallel()
	const writers, each = 16, 20
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		var writing sync.WaitGroup
		for w := range writers {
			writing.Go(func() {
				for v := range int64(each) {
					write(t, d, happened(fmt.Sprintf("subject%02d", w), v+1))
				}
			})
		}
		over := make(chan struct{})
		go func() { writing.Wait(); close(over) }()
		r := newReader(t, d)
		for reading := true; reading; {
			select {
			case <-over:
				reading = false
			default:
			}
			for r.read(7) > 0 {
			}
		}
		r.readUntil(writers*each, 7)
		if len(r.ids) != writers*each {
			t.Errorf("the reader has seen %d of %d events", len(r.ids), writers*each)
		}
	})
}

// TestAnEarlierTransactionThatCommitsLater holds one transaction open while a
// later one commits: the reader waits for both.
func TestAnEarlierTransactionThatCommitsLater(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Postgres, db.Config{})
	begun, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		var once sync.Once
		_, err := db.Update(t.Context(), d, nil, func(tx *db.Tx) (struct{}, error) {
			event.Append(tx, happened("early", 1))
			_, err := event.Timeline(tx, "early") // a read: what was appended is sent
			once.Do(func() { close(begun) })
			<-goOn
			return struct{}{}, err
		})
		done <- err
	}()
	<-begun
	write(t, d, happened("late", 1))
	r := newReader(t, d)
	if n := r.read(10); n != 0 {
		t.Errorf("the reader sees %q while an earlier transaction is open", r.ids)
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	r.readUntil(2, 10)
	if r.ids[0] != "early.1" || r.ids[1] != "late.1" {
		t.Errorf("the reader sees %q", r.ids)
	}
}

// TestTheFeedSurvivesAMove has a database restored into another cluster, whose
// transaction ids are far lower than those that its events have.
func TestTheFeedSurvivesAMove(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Postgres, db.Config{})
	settle := func() {
		t.Helper()
		if _, err := db.Update(t.Context(), d, []db.Lock{event.SettleLock()}, func(tx *db.Tx) (struct{}, error) {
			return struct{}{}, event.Settle(tx)
		}); err != nil {
			t.Fatal(err)
		}
	}
	settle()
	settle() // it is at home
	for v := range int64(7) {
		write(t, d, happened("a", v+1))
	}
	r := newReader(t, d)
	r.readUntil(1, 1)
	const ahead = 1_000_000 // how far the old cluster was
	if _, err := db.Update(t.Context(), d, nil, func(tx *db.Tx) (struct{}, error) {
		tx.WriteAny(`UPDATE events SET xid = xid + $1`, ahead)
		tx.Write(`UPDATE feed_clusters SET cluster = 'another'`)
		return struct{}{}, nil
	}); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(r.cursor), ".")
	tx, err := strconv.ParseInt(parts[1], 36, 64)
	if err != nil {
		t.Fatal(err)
	}
	r.cursor = event.Cursor(parts[0] + "." + strconv.FormatInt(tx+ahead, 36) + "." + parts[2])
	settle()
	for v := range int64(2) {
		write(t, d, happened("a", v+8))
	}
	r.readUntil(9, 2)
	fresh := newReader(t, d)
	fresh.readUntil(9, 4)
	if len(r.ids) != 9 || !slices.Equal(r.ids, fresh.ids) {
		t.Errorf("an old reader has seen %q, a new one %q", r.ids, fresh.ids)
	}
}

func TestACursorIsChecked(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		for _, c := range []event.Cursor{"x", "1", "1.", ".1", "-1.1", "1.-1", "1.1.1", "\xff.1", "zzzzzzzzzzzzzzzzzz.1"} {
			_, err := db.View(t.Context(), d, func(r db.Reader) (event.Cursor, error) {
				_, next, err := event.After(r, c, 1)
				return next, err
			})
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", c, err)
			}
		}
	})
}

func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "0.1", "1.zz", "1.", "-1.1", "1.1.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := event.ParseCursor(event.Cursor(s))
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if again, err := event.ParseCursor(c); err != nil || again != c {
			t.Errorf("%q was read as %q and then as %q, %v", s, c, again, err)
		}
	})
}
