package process_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/order"
	"doorstep/process"
	"doorstep/shipping"
)

// claimAs leases the one item of an order that is due to a node, as its runner would.
func (s *shop) claimAs(o order.Order, lease string) work.Item {
	s.t.Helper()
	it, err := db.Update(s.t.Context(), s.db, nil, func(tx *db.Tx) (work.Item, error) {
		tx.Write(`UPDATE work SET lease = $1 WHERE owner = $2`, lease, o.ID)
		items, err := work.Of(tx, o.ID)
		if err != nil || len(items) != 1 {
			s.t.Errorf("the order has the items %+v, %v", items, err)
		}
		return items[0], err
	})
	must(s.t, err)
	return it
}

// claimStep leases an order's item of a step to a node, as its runner would, but
// that no lease before it is counted: that a provider was asked under one is then
// known to no one but who holds its answer.
func (s *shop) claimStep(o order.Order, step process.Step, lease string) work.Item {
	s.t.Helper()
	s.feigned = true
	it, err := db.Update(s.t.Context(), s.db, nil, func(tx *db.Tx) (work.Item, error) {
		tx.Write(`UPDATE work SET lease = $1 WHERE owner = $2 AND step = $3`, lease, o.ID, string(step))
		items, err := work.Of(tx, o.ID)
		i := slices.IndexFunc(items, func(it work.Item) bool { return it.Step == string(step) })
		if err != nil || i < 0 {
			s.t.Fatalf("the order has the items %+v, %v", items, err)
		}
		return items[i], nil
	})
	must(s.t, err)
	return it
}

// asks asks what an item says, and returns what is then to be written.
func (s *shop) asks(it work.Item) func(context.Context) error {
	s.t.Helper()
	settle, err := s.Handle(s.t.Context(), it)
	must(s.t, err)
	return settle
}

// evidence returns the answers that came too late to change anything.
func (s *shop) evidence(table string) []string {
	s.t.Helper()
	answers, err := db.View(s.t.Context(), s.db, func(r db.Reader) ([]string, error) {
		return db.All(r, func(row db.Row) (string, error) {
			var answer string
			return answer, row.Scan(&answer)
		}, `SELECT answer FROM `+table)
	})
	must(s.t, err)
	return answers
}

// TestALostLeaseChangesNothing has two nodes ask the gateway the same: the
// first has lost its lease when its answer comes.
func TestALostLeaseChangesNothing(t *testing.T) {
	for _, first := range []string{"the answer comes before the other's", "the answer comes after the other's"} {
		t.Run(first, func(t *testing.T) {
			onShops(t, config{}, func(t *testing.T, s *shop) {
				o := s.place(cup())
				stale := s.asks(s.claimAs(o, "a.1"))
				fresh := s.asks(s.claimAs(o, "b.1"))
				if first == "the answer comes after the other's" {
					must(t, fresh(t.Context()))
				}
				before := s.show(o.ID)
				if err := stale(t.Context()); !errors.Is(err, work.ErrLeaseLost) {
					t.Fatalf("the answer is %v", err)
				}
				if after := s.show(o.ID); after.Order != before.Order || len(after.Timeline) != len(before.Timeline) {
					t.Errorf("a lost lease has changed the order:\n%s", timeline(after))
				}
				if kept := s.evidence("payment_late_answers"); len(kept) != 1 {
					t.Errorf("the evidence is %q", kept)
				}
				if first == "the answer comes before the other's" {
					must(t, fresh(t.Context()))
				}
				s.after(time.Minute)
				s.expect(o, underWay)
			})
		})
	}
}

func TestALostLeaseOfALabelChangesNothing(t *testing.T) {
	onShops(t, config{policy: byPerson}, func(t *testing.T, s *shop) {
		s.carrier.buy.say(labelAway)
		o := s.place(cup())
		s.after(0)
		stale := s.asks(s.claimAs(o, "a.1"))
		fresh := s.asks(s.claimAs(o, "b.1"))
		must(t, fresh(t.Context()))
		if err := stale(t.Context()); !errors.Is(err, work.ErrLeaseLost) {
			t.Fatalf("the answer is %v", err)
		}
		if kept := s.evidence("label_late_answers"); len(kept) != 1 {
			t.Errorf("the evidence is %q", kept)
		}
		s.wantCount(o, shipping.EventLabelBought, 1)
		s.expect(o, outcome{Order: "paid: reserved captured labelled", Money: taken, Labels: "1 sold", Next: "await_handover"})
	})
}

// TestAnAttemptIsAskedOnlyWhileItsKeyLives asks again at the very moment at
// which the key ends: the provider would take the key for a new one.
func TestAnAttemptIsAskedOnlyWhileItsKeyLives(t *testing.T) {
	t.Parallel()
	wait := func(life time.Duration) (time.Duration, []int64) {
		cfg := config{policy: slow}
		cfg.gateway.KeyLife = life
		s := newShop(t, "sqlite", cfg)
		s.gateway.authorise.say(gatewayLost)
		o := s.place(cup())
		s.after(0)
		items, err := db.View(t.Context(), s.db, func(r db.Reader) ([]work.Item, error) { return work.Of(r, o.ID) })
		must(t, err)
		again := items[0].Due.Sub(opening)
		s.after(time.Hour)
		var charged []int64
		for _, c := range s.charges(o.ID) {
			charged = append(charged, c.Captured.Minor)
		}
		return again, charged
	}
	life, _ := wait(time.Hour)
	again, charged := wait(life)
	if again != life || len(charged) != 1 {
		t.Errorf("asked again after %s of a key's life of %s: charged %v", again, life, charged)
	}
}
