package inventory_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"doorstep/fault"
	"doorstep/id"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/inventory"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// store is a database with two locations and the SKUs A, B and C.
type store struct {
	t     testing.TB
	db    *db.DB
	moves int
}

func newStore(t testing.TB, engine string) *store {
	t.Helper()
	s := &store{t: t, db: dbtest.Open(t, engine, db.Config{})}
	s.must(func(tx *db.Tx) error {
		for i, l := range []string{"near", "far"} {
			if err := inventory.SetLocation(tx, inventory.Location{ID: l, Name: l, Country: "GB", Priority: int64(i)}); err != nil {
				return err
			}
		}
		for _, sku := range []string{"A", "B", "C"} {
			if _, _, err := inventory.Define(tx, inventory.SKU{Code: sku, Name: "made up " + sku, Currency: "GBP", Price: 100, Weight: 10}); err != nil {
				return err
			}
		}
		return nil
	})
	return s
}

func (s *store) update(do func(tx *db.Tx) error) error {
	_, err := db.Update(context.Background(), s.db, inventory.Locks([]string{"A", "B", "C"}), func(tx *db.Tx) (struct{}, error) { return struct{}{}, do(tx) })
	return err
}

func (s *store) must(do func(tx *db.Tx) error) {
	s.t.Helper()
	if err := s.update(do); err != nil {
		s.t.Fatal(err)
	}
}

// cause is one that there was not before.
func (s *store) cause(order string) inventory.Cause {
	s.moves++
	return inventory.Cause{Order: order, Key: fmt.Sprint(s.moves), By: "operator", At: noon, Reason: "made up", IDs: id.Random()}
}

func (s *store) receive(sku, location string, n int64) {
	s.t.Helper()
	s.must(func(tx *db.Tx) error {
		_, err := inventory.Receive(tx, s.cause(""), sku, location, n)
		return err
	})
}

// reserve reserves for an order that may be split, and returns the locations that
// it leaves from.
func (s *store) reserve(order string, demand map[string]int64) (locations string, short []inventory.Shortage) {
	s.t.Helper()
	var parts []inventory.Reservation
	s.must(func(tx *db.Tx) (err error) {
		parts, short, err = inventory.ReserveAll(tx, s.cause(order), demand, inventory.Terms{Split: true})
		return err
	})
	return leavesFrom(parts), short
}

func leavesFrom(parts []inventory.Reservation) string {
	var all []string
	for _, r := range parts {
		if !slices.Contains(all, r.Location) {
			all = append(all, r.Location)
		}
	}
	return strings.Join(all, " and ")
}

// releaseAll gives back all that is reserved for the cause's order.
func releaseAll(tx *db.Tx, c inventory.Cause) error {
	reserved, err := inventory.Reservations(tx, c.Order, c.Order)
	if err != nil {
		return err
	}
	return inventory.Release(tx, c, reserved)
}

// shipAll lets all leave that is reserved for the cause's order.
func shipAll(tx *db.Tx, c inventory.Cause) error {
	reserved, err := inventory.Reservations(tx, c.Order, c.Order)
	if err != nil {
		return err
	}
	for _, r := range reserved {
		c.Key = r.SKU
		if err := inventory.ShipParcel(tx, c, r.Location, map[string]int64{r.SKU: r.Quantity}); err != nil {
			return err
		}
	}
	return nil
}

// TestAnOrderLeavesFromSeveralLocationsWhenItMust has an order that no location
// has all of.
func TestAnOrderLeavesFromSeveralLocationsWhenItMust(t *testing.T) {
	onStores(t, func(t *testing.T, s *store) {
		s.receive("A", "far", 3)
		s.receive("A", "near", 2)
		s.receive("B", "far", 1)
		s.receive("C", "near", 4)
		if locations, short := s.reserve("one", map[string]int64{"A": 4, "B": 1, "C": 1}); locations != "far and near" {
			t.Errorf("it leaves from %q, short of %v", locations, short) // far has the most of it
		}
		s.want("A far 3/3", "A near 2/1", "B far 1/1", "C near 4/1")
		if locations, short := s.reserve("two", map[string]int64{"A": 2, "C": 1}); locations != "" || len(short) != 1 || short[0].Available != 1 {
			t.Errorf("it leaves from %q, short of %v", locations, short)
		}
		s.must(func(tx *db.Tx) error {
			parts, short, err := inventory.ReserveAll(tx, s.cause("three"), map[string]int64{"A": 1, "C": 3}, inventory.Terms{})
			if leavesFrom(parts) != "near" || len(short) > 0 {
				t.Errorf("it is reserved as %v, short of %v", parts, short)
			}
			return err
		})
		s.accounted()
	})
}

// levels returns what lies where, as "on hand/reserved" by SKU and location.
func (s *store) levels() map[string]string {
	s.t.Helper()
	levels, err := db.View(s.t.Context(), s.db, func(r db.Reader) ([]inventory.Level, error) { return inventory.Levels(r, "", "~") })
	if err != nil {
		s.t.Fatal(err)
	}
	all := map[string]string{}
	for _, l := range levels {
		all[l.SKU+" "+l.Location] = fmt.Sprintf("%d/%d", l.OnHand, l.Reserved)
	}
	return all
}

func (s *store) want(levels ...string) {
	s.t.Helper()
	want := map[string]string{}
	for _, l := range levels {
		i := strings.LastIndexByte(l, ' ')
		want[l[:i]] = l[i+1:]
	}
	if got := s.levels(); !maps.Equal(got, want) {
		s.t.Errorf("the levels are %v, not %v", got, want)
	}
}

func onStores(t *testing.T, test func(t *testing.T, s *store)) {
	t.Helper()
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) { test(t, newStore(t, engine)) })
}

func TestStockMoves(t *testing.T) {
	onStores(t, func(t *testing.T, s *store) {
		s.receive("A", "near", 10)
		s.want("A near 10/0")
		if location, short := s.reserve("one", map[string]int64{"A": 4}); location != "near" || short != nil {
			t.Errorf("reserved at %q, short of %v", location, short)
		}
		s.reserve("two", map[string]int64{"A": 5})
		s.want("A near 10/9")
		s.must(func(tx *db.Tx) error { return releaseAll(tx, s.cause("one")) })
		s.want("A near 10/5")
		s.must(func(tx *db.Tx) error { return shipAll(tx, s.cause("two")) })
		s.want("A near 5/0")
		s.must(func(tx *db.Tx) error { return shipAll(tx, s.cause("two")) }) // there is nothing left of it
		s.want("A near 5/0")
		s.must(func(tx *db.Tx) error { _, err := inventory.Adjust(tx, s.cause(""), "A", "near", -2); return err })
		s.must(func(tx *db.Tx) error {
			moved, err := inventory.Set(tx, s.cause(""), "A", "near", 7)
			if moved != 4 {
				t.Errorf("set from 3 to 7 it moved by %d", moved)
			}
			return err
		})
		s.want("A near 7/0")
		s.must(func(tx *db.Tx) error {
			moved, err := inventory.Set(tx, s.cause(""), "A", "near", 7)
			if moved != 0 {
				t.Errorf("set to what it was it moved by %d", moved)
			}
			return err
		})
		s.accounted()
	})
}

func TestAllLinesOrNone(t *testing.T) {
	onStores(t, func(t *testing.T, s *store) {
		s.receive("A", "near", 5)
		s.receive("B", "near", 1)
		_, short := s.reserve("one", map[string]int64{"A": 5, "B": 2, "C": 1})
		want := []inventory.Shortage{{SKU: "B", Wanted: 2, Available: 1}, {SKU: "C", Wanted: 1}}
		if !slices.Equal(short, want) {
			t.Errorf("short of %+v, not %+v", short, want)
		}
		s.want("A near 5/0", "B near 1/0")
	})
}

func TestTheFirstLocationThatCanFillAnOrder(t *testing.T) {
	onStores(t, func(t *testing.T, s *store) {
		s.receive("A", "far", 10)
		s.receive("A", "near", 2)
		s.receive("B", "far", 1)
		if location, _ := s.reserve("small", map[string]int64{"A": 2}); location != "near" {
			t.Errorf("a small order ships from %q", location)
		}
		if location, _ := s.reserve("large", map[string]int64{"A": 3, "B": 1}); location != "far" {
			t.Errorf("a large order ships from %q", location)
		}
		if _, short := s.reserve("too large", map[string]int64{"A": 8}); len(short) != 1 || short[0].Available != 0 && short[0].Available != 7 {
			t.Errorf("short of %+v", short)
		}
		s.want("A near 2/2", "A far 10/3", "B far 1/1")
	})
}

func TestWhatIsReservedIsKept(t *testing.T) {
	onStores(t, func(t *testing.T, s *store) {
		s.receive("A", "near", 5)
		s.reserve("one", map[string]int64{"A": 3})
		for name, move := range map[string]func(tx *db.Tx) (int64, error){
			"adjusted": func(tx *db.Tx) (int64, error) { return inventory.Adjust(tx, s.cause(""), "A", "near", -3) },
			"set":      func(tx *db.Tx) (int64, error) { return inventory.Set(tx, s.cause(""), "A", "near", 2) },
		} {
			if err := s.update(func(tx *db.Tx) error { _, err := move(tx); return err }); !fault.Is(err, fault.Conflict) {
				t.Errorf("below what is reserved it is %s: %v", name, err)
			}
		}
		s.want("A near 5/3")
	})
}

func TestWrongMoves(t *testing.T) {
	onStores(t, func(t *testing.T, s *store) {
		const most = 1_000_000_000
		s.receive("A", "near", most)
		type move = func(tx *db.Tx, c inventory.Cause, sku, location string, n int64) (int64, error)
		for _, tt := range []struct {
			name     string
			move     move
			location string
			n        int64
			want     fault.Code
		}{
			{"receive nothing", inventory.Receive, "near", 0, fault.Invalid},
			{"receive less than nothing", inventory.Receive, "near", -1, fault.Invalid},
			{"receive far too much", inventory.Receive, "near", most + 1, fault.Invalid},
			{"receive too much", inventory.Receive, "near", 1, fault.Conflict},
			{"receive nowhere", inventory.Receive, "nowhere", 1, fault.NotFound},
			{"adjust by nothing", inventory.Adjust, "near", 0, fault.Invalid},
			{"adjust by far too much", inventory.Adjust, "near", -most - 1, fault.Invalid},
			{"adjust below zero", inventory.Adjust, "far", -1, fault.Conflict},
			{"adjust nowhere", inventory.Adjust, "nowhere", 1, fault.NotFound},
			{"set below zero", inventory.Set, "near", -1, fault.Invalid},
			{"set far too high", inventory.Set, "near", most + 1, fault.Invalid},
			{"set nowhere", inventory.Set, "nowhere", 1, fault.NotFound},
		} {
			err := s.update(func(tx *db.Tx) error { _, err := tt.move(tx, s.cause(""), "A", tt.location, tt.n); return err })
			if !fault.Is(err, tt.want) {
				t.Errorf("%s: %v, not %s", tt.name, err, tt.want)
			}
		}
		s.want("A near 1000000000/0")
	})
}

func TestSafetyStockIsReservedForNoOne(t *testing.T) {
	onStores(t, func(t *testing.T, s *store) {
		keep := func(location string, n int64) (changed bool, err error) {
			err = s.update(func(tx *db.Tx) error {
				_, changed, err = inventory.SetSafety(tx, "A", location, n)
				return err
			})
			return changed, err
		}
		wantKept := func(location string, n int64, changes bool) {
			t.Helper()
			if changed, err := keep(location, n); err != nil || changed != changes {
				t.Errorf("keeping %d back at %s: changed %t, %v", n, location, changed, err)
			}
		}
		s.receive("A", "near", 10)
		s.reserve("one", map[string]int64{"A": 6})
		wantKept("near", 3, true)
		wantKept("near", 3, false)
		if _, short := s.reserve("two", map[string]int64{"A": 2}); len(short) != 1 || short[0].Available != 1 {
			t.Errorf("with 3 of 4 kept back, 2 are short of %+v", short)
		}
		s.reserve("two", map[string]int64{"A": 1})
		s.want("A near 10/7")
		wantKept("near", 5, true) // more than is left
		if _, short := s.reserve("three", map[string]int64{"A": 1}); len(short) != 1 || short[0].Available != 0 {
			t.Errorf("with nothing available, 1 is short of %+v", short)
		}
		wantKept("near", 0, true)
		wantKept("far", 4, true) // before anything lies there
		s.receive("A", "far", 5)
		if at, short := s.reserve("three", map[string]int64{"A": 3}); at != "near" || short != nil {
			t.Errorf("reserved at %q, short of %+v", at, short)
		}
		if at, short := s.reserve("four", map[string]int64{"A": 1}); at != "far" || short != nil {
			t.Errorf("reserved at %q, short of %+v", at, short)
		}
		s.want("A near 10/10", "A far 5/1")
		for n, code := range map[int64]fault.Code{-1: fault.Invalid, 1_000_000_001: fault.Invalid} {
			if _, err := keep("near", n); !fault.Is(err, code) {
				t.Errorf("keeping %d back: %v", n, err)
			}
		}
		if _, err := keep("nowhere", 1); !fault.Is(err, fault.NotFound) {
			t.Errorf("keeping some back nowhere: %v", err)
		}
		s.accounted()
	})
}

func TestAnAdjustmentHasAReason(t *testing.T) {
	onStores(t, func(t *testing.T, s *store) {
		s.receive("A", "near", 5)
		for _, reason := range []string{"", " \u00a0"} {
			cause := s.cause("")
			cause.Reason = reason
			for _, n := range []int64{5, 6} { // to set what is right already needs one too
				adjusted := s.update(func(tx *db.Tx) error { _, err := inventory.Adjust(tx, cause, "A", "near", n); return err })
				set := s.update(func(tx *db.Tx) error { _, err := inventory.Set(tx, cause, "A", "near", n); return err })
				if !fault.Is(adjusted, fault.Invalid) || !fault.Is(set, fault.Invalid) {
					t.Errorf("for the reason %q: %v, %v", reason, adjusted, set)
				}
			}
		}
		s.want("A near 5/0")
	})
}

func TestAnSKUIsDefined(t *testing.T) {
	onStores(t, func(t *testing.T, s *store) {
		define := func(sku inventory.SKU) (got inventory.SKU, changed bool) {
			s.must(func(tx *db.Tx) (err error) { got, changed, err = inventory.Define(tx, sku); return err })
			return got, changed
		}
		a := inventory.SKU{Code: "A", Name: "made up A", Currency: "GBP", Price: 100, Weight: 10}
		if got, changed := define(a); changed || got.Version != 1 {
			t.Errorf("the same again: %+v, changed %t", got, changed)
		}
		a.Price = 200
		if got, changed := define(a); !changed || got.Version != 2 {
			t.Errorf("another price: %+v, changed %t", got, changed)
		}
		for field, spoil := range map[string]func(*inventory.SKU){
			"sku":          func(k *inventory.SKU) { k.Code = "" },
			"name":         func(k *inventory.SKU) { k.Name = "a\nb" },
			"currency":     func(k *inventory.SKU) { k.Currency = "XXX" },
			"price":        func(k *inventory.SKU) { k.Price = -1 },
			"weight_grams": func(k *inventory.SKU) { k.Weight = -1 },
		} {
			bad := a
			spoil(&bad)
			err := s.update(func(tx *db.Tx) error { _, _, err := inventory.Define(tx, bad); return err })
			if e := fault.As(err); e == nil || len(e.Fields) != 1 || e.Fields[0].Path != field {
				t.Errorf("a wrong %s: %v", field, err)
			}
		}
		_, err := db.View(t.Context(), s.db, func(r db.Reader) (inventory.SKU, error) { return inventory.Get(r, "NONE") })
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("an SKU that there is not: %v", err)
		}
	})
}

// accounted checks that the levels are what the movements come to, and that
// what is reserved is what the reservations come to.
func (s *store) accounted() {
	s.t.Helper()
	moved, reserved := map[string][2]int64{}, map[string]int64{}
	_, err := db.View(s.t.Context(), s.db, func(r db.Reader) (struct{}, error) {
		movements, err := inventory.Moved(r, "", "~")
		for _, m := range movements {
			sum := moved[m.SKU+" "+m.Location]
			onHand, res := m.Effect()
			moved[m.SKU+" "+m.Location] = [2]int64{sum[0] + onHand, sum[1] + res}
		}
		if err != nil {
			return struct{}{}, err
		}
		all, err := inventory.Reserved(r, "", "~")
		for _, l := range all {
			reserved[l.SKU+" "+l.Location] = l.Reserved
		}
		return struct{}{}, err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for at, level := range s.levels() {
		if got := fmt.Sprintf("%d/%d", moved[at][0], moved[at][1]); got != level {
			s.t.Errorf("%s has %s, and its movements come to %s", at, level, got)
		}
		if moved[at][1] != reserved[at] {
			s.t.Errorf("%s has %d reserved, and its reservations come to %d", at, moved[at][1], reserved[at])
		}
	}
}

// TestStockIsAccountedFor moves stock at random.
func TestStockIsAccountedFor(t *testing.T) {
	onStores(t, func(t *testing.T, s *store) {
		orders := 0
		sku, location := rapid.SampledFrom([]string{"A", "B", "C"}), rapid.SampledFrom([]string{"near", "far"})
		try := func(r *rapid.T, do func(tx *db.Tx) error) {
			if err := s.update(do); err != nil && !fault.Is(err, fault.Conflict) {
				r.Fatal(err)
			}
		}
		rapid.Check(t, func(r *rapid.T) {
			r.Repeat(map[string]func(*rapid.T){
				"receive": func(r *rapid.T) {
					at, what, n := location.Draw(r, "location"), sku.Draw(r, "SKU"), rapid.Int64Range(1, 20).Draw(r, "quantity")
					try(r, func(tx *db.Tx) error { _, err := inventory.Receive(tx, s.cause(""), what, at, n); return err })
				},
				"set": func(r *rapid.T) {
					at, what, n := location.Draw(r, "location"), sku.Draw(r, "SKU"), rapid.Int64Range(0, 50).Draw(r, "quantity")
					try(r, func(tx *db.Tx) error { _, err := inventory.Set(tx, s.cause(""), what, at, n); return err })
				},
				"reserve": func(r *rapid.T) {
					orders++
					order, demand := fmt.Sprint(orders), rapid.MapOfN(sku, rapid.Int64Range(1, 10), 1, 3).Draw(r, "demand")
					split := rapid.Bool().Draw(r, "split")
					try(r, func(tx *db.Tx) error { return reserveExactly(r, tx, s.cause(order), demand, split) })
				},
				"end": func(r *rapid.T) {
					order, end := fmt.Sprint(rapid.IntRange(0, orders).Draw(r, "order")), releaseAll
					if rapid.Bool().Draw(r, "it ships") {
						end = shipAll
					}
					try(r, func(tx *db.Tx) error { return end(tx, s.cause(order)) })
				},
			})
			s.accounted()
		})
	})
}

// reserveExactly reserves what is asked for or nothing, from one location where
// it must not be split.
func reserveExactly(r *rapid.T, tx *db.Tx, c inventory.Cause, demand map[string]int64, split bool) error {
	parts, short, err := inventory.ReserveAll(tx, c, demand, inventory.Terms{Split: split})
	got := map[string]int64{}
	for _, p := range parts {
		got[p.SKU] += p.Quantity
	}
	if err == nil && len(short) == 0 && !maps.Equal(got, demand) || len(short) > 0 && len(parts) > 0 {
		r.Errorf("of %v %v are reserved, short of %v", demand, parts, short)
	}
	if !split && strings.Contains(leavesFrom(parts), " and ") {
		r.Errorf("it leaves from %s", leavesFrom(parts))
	}
	return err
}

// TestMain bounds how much stock is moved at random: more is asked for with
// -rapid.checks.
func TestMain(m *testing.M) {
	if err := errors.Join(flag.Set("rapid.checks", "10"), flag.Set("rapid.nofailfile", "true")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestALocationIsChecked(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := newStore(t, engine)
		for path, l := range map[string]inventory.Location{
			"id":      {ID: "", Name: "Made up", Country: "GB"},
			"name":    {ID: "new", Name: "", Country: "GB"},
			"country": {ID: "new", Name: "Made up", Country: "QQ"},
		} {
			err := s.update(func(tx *db.Tx) error { return inventory.SetLocation(tx, l) })
			if e := fault.As(err); e == nil || e.Code != fault.Invalid || len(e.Fields) != 1 || e.Fields[0].Path != path {
				t.Errorf("a wrong %s: %v", path, err)
			}
		}
	})
}
