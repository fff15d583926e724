package order_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// stored is the nth of the orders that are kept for a test.
func stored(n int64) (order.Order, []order.Line, order.Contact) {
	q := valid()
	totals, lines, err := q.Build()
	if err != nil {
		panic(err)
	}
	o := order.Order{ID: fmt.Sprintf("ord_%03d", n), Number: 1000 + n, Reference: order.Reference{Source: "test", Number: fmt.Sprint(n)},
		Version: 1, Status: order.Processed, Facets: order.New(), Customer: fmt.Sprintf("c%d", n%2), Currency: q.Currency,
		PricesIncludeTax: true, Totals: totals, ShippingMethod: "standard", PlacedAt: noon, UpdatedAt: noon, NextDue: noon.Add(time.Hour)}
	return o, lines, order.Contact{Name: q.Customer.Name, Mail: q.Customer.Mail, Phone: q.Customer.Phone, ShipTo: q.ShipTo}
}

func insert(t *testing.T, d *db.DB, orders int64) {
	t.Helper()
	_, err := db.Update(t.Context(), d, nil, func(tx *db.Tx) (struct{}, error) {
		for n := range orders {
			o, lines, contact := stored(n + 1)
			if err := order.Insert(tx, o, lines, contact); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func view[T any](t *testing.T, d *db.DB, read func(db.Reader) (T, error)) T {
	t.Helper()
	v, err := db.View(t.Context(), d, read)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAnOrderIsFound(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		insert(t, d, 3)
		want, lines, contact := stored(2)
		for _, what := range []string{"ord_002", "1002", "#1002", "test/2"} {
			if got := view(t, d, func(r db.Reader) (order.Order, error) { return order.Find(r, what) }); got != want {
				t.Errorf("%s is %+v, not %+v", what, got, want)
			}
		}
		for _, what := range []string{"", "ord_009", "9999", "#", "test/9", "9223372036854775808"} {
			if _, err := db.View(t.Context(), d, func(r db.Reader) (order.Order, error) { return order.Find(r, what) }); !fault.Is(err, fault.NotFound) {
				t.Errorf("%q: %v", what, err)
			}
		}
		if got := view(t, d, func(r db.Reader) ([]order.Line, error) { return order.Lines(r, want.ID) }); !reflect.DeepEqual(got, lines) {
			t.Errorf("the lines are %+v", got)
		}
		if got := view(t, d, func(r db.Reader) (order.Contact, error) { return order.ContactOf(r, want.ID) }); got != contact {
			t.Errorf("the contact is %+v", got)
		}
	})
}

func TestOrdersAreListed(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		insert(t, d, 9)
		_, err := db.Update(t.Context(), d, nil, func(tx *db.Tx) (struct{}, error) {
			o, _, _ := stored(4)
			next := o
			next.Status, next.Version = order.Paid, 2
			order.Save(tx, next, o)
			return struct{}{}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			filter order.Filter
			want   string
		}{
			{order.Filter{Limit: 3}, "[9 8 7]"},
			{order.Filter{Limit: 3, Before: "ord_007"}, "[6 5 4]"},
			{order.Filter{Limit: 10, Customer: "c0"}, "[8 6 4 2]"},
			{order.Filter{Limit: 10, Status: order.Paid}, "[4]"},
			{order.Filter{Limit: 10, Status: order.Processed, Customer: "c0", Before: "ord_008"}, "[6 2]"},
			{order.Filter{Limit: 10, Status: order.Failed}, "[]"},
		} {
			numbers := []int64{}
			for _, o := range view(t, d, func(r db.Reader) ([]order.Order, error) { return order.List(r, tt.filter) }) {
				numbers = append(numbers, o.Number-1000)
			}
			if got := fmt.Sprint(numbers); got != tt.want {
				t.Errorf("%+v lists %s, not %s", tt.filter, got, tt.want)
			}
		}
		want := map[order.Status]int64{order.Processed: 8, order.Paid: 1}
		if got := view(t, d, order.Counts); !reflect.DeepEqual(got, want) {
			t.Errorf("the kept counts are %v", got)
		}
		if got := view(t, d, order.CountByStatus); !reflect.DeepEqual(got, want) {
			t.Errorf("counted are %v", got)
		}
	})
}

// TestAnOrderIsSavedOnce has two changes start from the same version.
func TestAnOrderIsSavedOnce(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		insert(t, d, 1)
		save := func() error {
			_, err := db.Update(t.Context(), d, nil, func(tx *db.Tx) (struct{}, error) {
				o, _, _ := stored(1)
				next := o
				next.Version, next.Status = 2, order.Paid
				order.Save(tx, next, o)
				return struct{}{}, nil
			})
			return err
		}
		if err := save(); err != nil {
			t.Fatal(err)
		}
		if err := save(); !fault.Is(err, fault.Internal) {
			t.Errorf("a change of an older version is saved: %v", err)
		}
		if got := view(t, d, order.Counts); got[order.Paid] != 1 || got[order.Processed] != 0 {
			t.Errorf("the kept counts are %v", got)
		}
	})
}

func TestNumbersComeInBlocks(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		for _, want := range []int64{1001, 1101, 1201} {
			got, err := db.Update(t.Context(), d, []db.Lock{order.NumberLock()}, func(tx *db.Tx) (int64, error) { return order.TakeNumbers(tx, 100) })
			if err != nil || got != want {
				t.Errorf("the block starts at %d, not %d: %v", got, want, err)
			}
		}
	})
}
