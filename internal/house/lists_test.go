package house_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
	"doorstep/support"
)

// read asks for a list.
type read func(db.Reader) error

// listing is what a list is read by.
func listing[F, T any](list func(db.Reader, F) ([]T, error), f F) read {
	return func(r db.Reader) error { _, err := list(r, f); return err }
}

// TestListsAreServedByAnIndex asks the engines how they come to what a list shows: to no
// row that it does not show, and in its order.
func TestListsAreServedByAnIndex(t *testing.T) {
	t.Parallel()
	at, before := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), "~"
	lists := map[string]read{
		"orders of a status":                    listing(order.List, order.Filter{Status: order.Paid, Before: before, Limit: 9}),
		"orders of a customer":                  listing(order.List, order.Filter{Customer: "c-1", Limit: 9}),
		"orders of a time":                      listing(order.List, order.Filter{From: at, To: at, Limit: 9}),
		"tickets of a status":                   listing(support.List, support.Filter{Status: support.Open, Before: before, Limit: 9}),
		"tickets of a category":                 listing(support.List, support.Filter{Category: support.Other, Limit: 9}),
		"tickets of a person":                   listing(support.List, support.Filter{Assignee: "agent:7", Limit: 9}),
		"tickets unsolved before another":       listing(support.List, support.Filter{View: support.ViewOpen, Before: before, Limit: 9}),
		"unsolved tickets of a person":          listing(support.List, support.Filter{View: support.ViewMine, Me: "agent:7", Before: before, Limit: 9}),
		"unsolved tickets of no person":         listing(support.List, support.Filter{View: support.ViewUnassigned, Limit: 9}),
		"pending tickets of a status":           listing(support.List, support.Filter{View: support.ViewPending, Limit: 9}),
		"overdue tickets by waiting":            listing(support.List, support.Filter{View: support.ViewOverdue, Late: at, Limit: 9}),
		"tickets to be approved before another": listing(support.List, support.Filter{View: support.ViewApprovals, Before: before, Limit: 9}),
		"payments of an order":                  listing(payment.List, payment.Filter{Order: "ord_1", Status: payment.StatusSucceeded, Limit: 9}),
		"payments of a status":                  listing(payment.List, payment.Filter{Status: payment.StatusSucceeded, Before: before, Limit: 9}),
		"payments of a time":                    listing(payment.List, payment.Filter{From: at, To: at, Limit: 9}),
		"refunds of an order":                   listing(payment.ListRefunds, payment.RefundFilter{Order: "ord_1", Status: payment.RefundPending, Limit: 9}),
		"refunds of a status":                   listing(payment.ListRefunds, payment.RefundFilter{Status: payment.RefundPending, Before: before, Limit: 9}),
		"shipments of an order":                 listing(shipping.List, shipping.Filter{Order: "ord_1", Status: shipping.Planned, Limit: 9}),
		"shipments of a status":                 listing(shipping.List, shipping.Filter{Status: shipping.Planned, Before: before, Limit: 9}),
		"shipments of a time":                   listing(shipping.List, shipping.Filter{From: at, To: at, Limit: 9}),
		"returns of an order":                   listing(shipping.ListReturns, shipping.ReturnFilter{Order: "ord_1", Status: shipping.ReturnReceived, Limit: 9}),
		"returns of a status":                   listing(shipping.ListReturns, shipping.ReturnFilter{Status: shipping.ReturnReceived, Before: before, Limit: 9}),
		"SKUs of a prefix":                      func(r db.Reader) error { _, err := inventory.Find(r, "C", "CUP", 9); return err },
		"orders that have an SKU":               func(r db.Reader) error { _, err := inventory.ReservedOf(r, "CUP", "main/ord_1", 9); return err },
		"orders of an SKU":                      func(r db.Reader) error { _, err := order.OfSKU(r, "CUP", "", 9); return err },
		"movements of an SKU":                   func(r db.Reader) error { _, err := inventory.Movements(r, "CUP", before, 9); return err },
		"refunds before another":                listing(payment.ListRefunds, payment.RefundFilter{Before: before, Limit: 9}),
	}
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		for name, list := range lists {
			plan, err := db.View(t.Context(), d, func(r db.Reader) ([]string, error) { return db.Explain(r, list) })
			if err != nil {
				t.Fatal(err)
			}
			leads := func(step string) bool { return leadsBy(step, by[name[strings.LastIndex(name, " ")+1:]]) }
			if !slices.ContainsFunc(plan, leads) || slices.ContainsFunc(plan, wanders) {
				t.Errorf("%s: %s", name, strings.Join(plan, "; "))
			}
		}
	})
}

// by is the column by whose index a list is read.
var by = map[string]string{"status": "status", "customer": "customer", "time": "id", "category": "category", "person": "assignee", "order": "order_id", "another": "id", "waiting": "waits_from", "prefix": "sku", "SKU": "sku"}

// leadsBy says whether a step of a plan goes by an index of the column to what is wanted.
func leadsBy(step, column string) bool {
	_, sqlite, is := strings.Cut(strings.Replace(step, " COVERING ", " ", 1), " USING INDEX ")
	_, sqlite, _ = strings.Cut(sqlite, "(")
	postgres, was := strings.CutPrefix(step, "Index Cond: ")
	return is && strings.HasPrefix(sqlite, column) || was && strings.HasPrefix(strings.TrimLeft(postgres, "("), column+" ")
}

// wanders says whether a step reads what is not wanted, or puts it in order. A list of
// identifiers that is asked for is read whole.
func wanders(step string) bool {
	if strings.Contains(step, "SCAN json_each") {
		return false
	}
	return strings.Contains(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") || strings.Contains(step, "Seq Scan") || strings.Contains(step, "Sort")
}
