package main

import (
	"testing"

	"doorstep/client"
)

// TestWhatIsOlderChangesNothing has what happened come in any order, and twice: in the end
// an order stands as it does at its last version.
func TestWhatIsOlderChangesNothing(t *testing.T) {
	t.Parallel()
	placed := client.Order{ID: "ord_made_up", Number: 7, Version: 1, Status: "processed", Reference: client.Reference{Source: source, Number: "c-1"}}
	s := newStorefront(nil, nil)
	s.orders[placed.ID] = standing{}.at("paid", 3).at("processed", 2) // told before the answer to the checkout
	s.know(placed)
	if got := s.orders[s.carts["c-1"]]; got != (standing{Number: 7, Status: "paid", version: 3}) {
		t.Errorf("it stands as %+v", got)
	}
	if got := s.orders[placed.ID].at("shipped", 5).at("shipped", 5).at("paid", 4); got.Status != "shipped" {
		t.Errorf("it stands as %+v", got)
	}
}
