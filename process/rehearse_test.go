package process_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/payment"
	"doorstep/process"
	"doorstep/shipping"
)

// TestARehearsalChangesNothing rehearses commands, each of which then does what its
// rehearsal said.
func TestARehearsalChangesNothing(t *testing.T) {
	onShops(t, config{policy: settings(manualGateway, sendsAnew)}, func(t *testing.T, s *shop) {
		s.carrier.blind = true
		o := s.place(cups(2))
		paid := func(by process.Command) error {
			_, err := s.RecordPayment(t.Context(), by, o.ID, payment.Record{Reference: "made up", Amount: o.Total})
			return err
		}
		var parcel string
		lost := func(by process.Command) error {
			_, err := s.ReportMishap(t.Context(), by, o.ID, parcel, shipping.Lost)
			return err
		}
		s.rehearsed(o.ID, "paid", paid)
		s.after(time.Minute)
		parcel = s.parcel(o).ID
		would := s.rehearsed(o.ID, "lost", lost)
		if !slices.Contains(would.Events, shipping.EventReplaced) || would.After.Sums.Reserved != 2 {
			t.Errorf("a rule that sends anew is rehearsed as %v, with %d reserved", would.Events, would.After.Sums.Reserved)
		}
		if err := lost(person("").Rehearsal()); !fault.Is(err, fault.Conflict) {
			t.Errorf("what can not be done is rehearsed as %v", err)
		}
		if err := paid(person("").At(1).Rehearsal()); !fault.Is(err, fault.Stale) {
			t.Errorf("of another version, %v", err)
		}
	})
}

// rehearsed rehearses a command, carries it out, and wants the same of both.
func (s *shop) rehearsed(orderID, key string, do func(process.Command) error) process.Rehearsed {
	s.t.Helper()
	before := s.show(orderID)
	err := do(person(key).Rehearsal())
	var would *process.Rehearsed
	if !errors.As(err, &would) {
		s.t.Fatalf("the rehearsal ends with %v", err)
	}
	if now := s.show(orderID); !reflect.DeepEqual(now, before) || would.Before != before.Order {
		s.t.Errorf("the rehearsal has changed the order: %+v", now.Order)
	}
	must(s.t, do(person(key)))
	after := s.show(orderID)
	would.After.UpdatedAt, would.After.NextDue = after.Order.UpdatedAt, after.Order.NextDue
	if would.After != after.Order {
		s.t.Errorf("rehearsed was %+v, done %+v", would.After, after.Order)
	}
	var told []event.Type
	for _, e := range after.Timeline[len(before.Timeline):] {
		told = append(told, e.Type)
	}
	if !slices.Equal(told, would.Events) {
		s.t.Errorf("rehearsed were %v, done %v", would.Events, told)
	}
	return *would
}
