package process_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// onShops runs a test in a fresh shop on each engine.
func onShops(t *testing.T, cfg config, test func(t *testing.T, s *shop)) {
	t.Helper()
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) { test(t, newShop(t, engine, cfg)) })
}

func TestACommandIsCarriedOutOnce(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		ctx := t.Context()
		first, err := s.Place(ctx, person("k1"), cup())
		must(t, err)
		again, err := s.Place(ctx, person("k1"), cup())
		must(t, err)
		if first.Replayed || !again.Replayed || again.Value.Order.ID != first.Value.Order.ID {
			t.Errorf("the answers are %+v and %+v", first, again)
		}
		s.wantLevel("CUP", 100, 1)

		_, err = s.Place(ctx, person("k1"), request(2, "POT"))
		s.refused(fault.Conflict, err)
		_, err = s.Cancel(ctx, person("k1"), first.Value.Order.ID, "")
		s.refused(fault.Conflict, err)
		s.wantStatus(first.Value.Order, order.Processed)
		_, err = s.Place(ctx, person(strings.Repeat("k", 201)), request(2, "POT"))
		s.refused(fault.Invalid, err)
	})
}

func TestAFailedOrderIsReplayed(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		ctx := t.Context()
		place := func() process.Result[process.Placed] {
			r, err := s.Place(ctx, person("k1"), request(1, "LAMP", "LAMP"))
			must(t, err)
			return r
		}
		first := place()
		_, err := s.ReceiveStock(ctx, person(""), "LAMP", "main", 10)
		must(t, err)
		again := place()
		if !again.Replayed || again.Value.Order.Status != order.Failed || again.Value.Order.ID != first.Value.Order.ID ||
			len(again.Value.Shortages) != 1 || again.Value.Shortages[0] != first.Value.Shortages[0] {
			t.Errorf("the answers are %+v and %+v", first, again)
		}
	})
}

func TestRefusedInputIsNotKept(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		ctx := t.Context()
		_, err := s.Place(ctx, person("k1"), request(1, "NO SUCH SKU"))
		s.refused(fault.Invalid, err)
		r, err := s.Place(ctx, person("k1"), cup())
		must(t, err)
		if r.Replayed || r.Value.Order.Status != order.Processed {
			t.Errorf("the answer is %+v", r)
		}
		_, err = s.Cancel(ctx, person("k2"), "ord_none", "")
		s.refused(fault.NotFound, err)
		_, err = s.Cancel(ctx, person("k2"), r.Value.Order.ID, "")
		must(t, err)
	})
}

func TestEveryUseCaseIsReplayed(t *testing.T) {
	onShops(t, config{policy: settings(manualGateway, manualCarrier)}, func(t *testing.T, s *shop) {
		ctx := t.Context()
		o, canceled := s.place(cup()), s.place(request(2, "CUP"))
		ticket := s.raise(o, support.Damaged)
		key := 0
		twice := func(name string, do func(process.Command) (bool, error)) {
			t.Helper()
			key++
			by := person(strings.Repeat("k", key))
			for i, replayed := range []bool{false, true} {
				r, err := do(by)
				if err != nil || r != replayed {
					t.Errorf("%s, time %d: replayed %t, %v", name, i+1, r, err)
				}
			}
		}
		twice("record payment", func(by process.Command) (bool, error) {
			r, err := s.RecordPayment(ctx, by, o.ID, payment.Record{Reference: "made up", Amount: o.Total})
			return r.Replayed, err
		})
		parcel := s.parcel(o).ID
		twice("hand over", func(by process.Command) (bool, error) {
			r, err := s.HandOver(ctx, by, o.ID, parcel, shipping.HandOver{TrackingNumber: "MADE-UP-1"})
			return r.Replayed, err
		})
		twice("mark delivered", func(by process.Command) (bool, error) {
			r, err := s.MarkDelivered(ctx, by, o.ID, parcel)
			return r.Replayed, err
		})
		twice("note", func(by process.Command) (bool, error) {
			r, err := s.Note(ctx, by, o.ID, "made up")
			return r.Replayed, err
		})
		twice("cancel", func(by process.Command) (bool, error) {
			r, err := s.Cancel(ctx, by, canceled.ID, "")
			return r.Replayed, err
		})
		twice("open ticket", func(by process.Command) (bool, error) {
			r, err := s.OpenTicket(ctx, by, process.TicketRequest{Request: support.Request{Order: o.ID, Category: support.Other, Body: "made up"}})
			return r.Replayed, err
		})
		twice("reply", func(by process.Command) (bool, error) {
			r, err := s.ReplyTicket(ctx, by, ticket.ID, support.FromShop, "made up")
			return r.Replayed, err
		})
		twice("solve", func(by process.Command) (bool, error) {
			r, err := s.SolveTicket(ctx, by, ticket.ID, "made up")
			return r.Replayed, err
		})
		twice("receive", func(by process.Command) (bool, error) {
			r, err := s.ReceiveStock(ctx, by, "CUP", "main", 5)
			return r.Replayed, err
		})
		twice("safety stock", func(by process.Command) (bool, error) {
			r, err := s.SetSafetyStock(ctx, by, "CUP", "main", 5)
			return r.Replayed, err
		})
		s.wantLevel("CUP", 104, 0)
		if n := len(s.ticket(ticket.ID).Messages); n != 4 {
			t.Errorf("the ticket has %d messages", n)
		}
	})
}

func TestTheSameCommandAtTheSameTime(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		var mu sync.Mutex
		var done sync.WaitGroup
		orders, fresh := map[string]bool{}, 0
		for range 16 {
			done.Go(func() {
				r, err := s.Place(t.Context(), person("k1"), cup())
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				orders[r.Value.Order.ID] = true
				if !r.Replayed {
					fresh++
				}
			})
		}
		done.Wait()
		if len(orders) != 1 || fresh != 1 {
			t.Errorf("%d orders were placed, %d answers were not replayed", len(orders), fresh)
		}
		s.wantLevel("CUP", 100, 1)
	})
}

// TestTheSameCommandWithNothingElseToHold raises a ticket about no order: only
// its key keeps its two tries apart.
func TestTheSameCommandWithNothingElseToHold(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		var done sync.WaitGroup
		var mu sync.Mutex
		tickets := map[string]bool{}
		for range 16 {
			done.Go(func() {
				r, err := s.OpenTicket(t.Context(), person("k1"), process.TicketRequest{Request: support.Request{Category: support.Other, Body: "made up"}})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				tickets[r.Value.ID] = true
			})
		}
		done.Wait()
		if len(tickets) != 1 {
			t.Errorf("the same command has raised %d tickets", len(tickets))
		}
	})
}

func TestAReferenceIsPlacedOnce(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		var mu sync.Mutex
		var done sync.WaitGroup
		placed := 0
		for range 16 {
			done.Go(func() {
				_, err := s.Place(t.Context(), person(""), cup())
				if err != nil && !fault.Is(err, fault.Conflict) {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					placed++
				}
			})
		}
		done.Wait()
		if placed != 1 {
			t.Errorf("%d orders have the same reference", placed)
		}
		s.wantLevel("CUP", 100, 1)
		q := cup()
		q.Reference = order.Reference{}
		if a, b := s.place(q), s.place(q); a.Number == b.Number || a.Reference == b.Reference {
			t.Errorf("two orders have the numbers %d and %d and the references %v and %v", a.Number, b.Number, a.Reference, b.Reference)
		}
	})
}

func TestAPolicyHasVersions(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		ctx := t.Context()
		current, history, err := s.Policies(ctx)
		must(t, err)
		if len(history) != 0 || current.HandOver != policy.HandOverAtOnce {
			t.Errorf("the policy is %+v, the history %+v", current, history)
		}
		next := policy.Default()
		next.HandOver = policy.HandOverByPerson
		first, err := s.SetPolicy(ctx, person(""), 0, next)
		must(t, err)
		if first.Value.Number != 1 || first.Value.Actor != access.Operator || !first.Value.At.Equal(opening) {
			t.Errorf("the version is %+v", first.Value)
		}
		_, err = s.SetPolicy(ctx, person(""), 0, policy.Default())
		s.refused(fault.Conflict, err)

		next.Gateway, next.Carrier = "made up", "made up"
		_, err = s.SetPolicy(ctx, person(""), 1, next)
		wantFields(t, err, "gateway", "carrier")
		_, err = s.SetPolicy(ctx, person(""), 1, policy.Policy{Gateway: "manual", Carrier: "manual"})
		s.refused(fault.Invalid, err)

		_, err = s.SetPolicy(ctx, person(""), 1, policy.Default())
		must(t, err)
		current, history, err = s.Policies(ctx)
		must(t, err)
		if len(history) != 2 || history[0].Number != 2 || history[1].Policy.HandOver != policy.HandOverByPerson || current.HandOver != policy.HandOverAtOnce {
			t.Errorf("the policy is %+v, the history %+v", current, history)
		}
	})
}

// wantFields checks that an error is about the fields, each named once.
func wantFields(t testing.TB, err error, paths ...string) {
	t.Helper()
	e := fault.As(err)
	if e == nil || e.Code != fault.Invalid {
		t.Errorf("the answer is %v, not an error %s", err, fault.Invalid)
		return
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Path)
		if f.Code == "" || f.Message == "" {
			t.Errorf("a field has no code or message: %+v", f)
		}
	}
	if strings.Join(got, " ") != strings.Join(paths, " ") {
		t.Errorf("the fields %v are wrong, not %v", got, paths)
	}
}

func TestBadInputChangesNothing(t *testing.T) {
	onShops(t, config{policy: manualGateway}, func(t *testing.T, s *shop) {
		ctx, bad := t.Context(), "\xff"
		o := s.place(cup())
		before := s.events()
		for _, tt := range []struct {
			name   string
			change func(*order.Request)
			fields []string
		}{
			{"an unknown SKU", func(q *order.Request) { q.Lines[0].SKU = "NONE" }, []string{"lines[0].sku"}},
			{"another currency", func(q *order.Request) { q.Currency = "EUR" }, []string{"lines[0].unit_price"}},
			{"an unknown gateway", func(q *order.Request) { q.Payment.Gateway = "made up" }, []string{"payment.gateway"}},
			{"no address", func(q *order.Request) { q.ShipTo = order.Address{} },
				[]string{"ship_to.name", "ship_to.line1", "ship_to.city", "ship_to.country"}},
			{"another total", func(q *order.Request) { n := int64(1); q.Total = &n }, []string{"total"}},
			{"a reference that is no text", func(q *order.Request) { q.Reference.Number = bad }, []string{"reference.number"}},
			{"a reference with a NUL", func(q *order.Request) { q.Reference.Source = "a\x00" }, []string{"reference.source"}},
		} {
			q := request(2, "CUP")
			tt.change(&q)
			_, err := s.Place(ctx, person(""), q)
			t.Run(tt.name, func(t *testing.T) { wantFields(t, err, tt.fields...) })
		}
		for name, do := range map[string]func(text string) error{
			"note":   func(text string) error { _, err := s.Note(ctx, person(""), o.ID, text); return err },
			"key":    func(text string) error { _, err := s.Note(ctx, person(text), o.ID, "made up"); return err },
			"reason": func(text string) error { _, err := s.Cancel(ctx, person(""), o.ID, text); return err },
			"payment": func(text string) error {
				_, err := s.RecordPayment(ctx, person(""), o.ID, payment.Record{Reference: text, Amount: o.Total})
				return err
			},
			"ticket": func(text string) error {
				_, err := s.OpenTicket(ctx, person(""), process.TicketRequest{Request: support.Request{Order: o.ID, Category: support.Other, Body: text}})
				return err
			},
			"category": func(text string) error {
				_, err := s.OpenTicket(ctx, person(""), process.TicketRequest{Request: support.Request{Order: o.ID, Category: support.Category(text), Body: "made up"}})
				return err
			},
			"SKU": func(text string) error {
				_, err := s.DefineSKU(ctx, person(""), inventory.SKU{Code: text, Name: "made up", Currency: "GBP"})
				return err
			},
			"location": func(text string) error {
				_, err := s.SetLocation(ctx, person(""), inventory.Location{ID: "second", Name: "Second", Country: text})
				return err
			},
			"reason of an adjustment": func(text string) error {
				_, err := s.AdjustStock(ctx, person(""), "CUP", "main", 1, text)
				return err
			},
		} {
			for _, text := range []string{"\xff\xfe", "a\x00"} {
				if err := do(text); !fault.Is(err, fault.Invalid) {
					t.Errorf("%s with %q: %v", name, text, err)
				}
			}
		}
		if after := s.events(); after != before {
			t.Errorf("there were %d events, now there are %d", before, after)
		}
		s.wantLevel("CUP", 100, 1)
	})
}

func TestATrackingNumberIsText(t *testing.T) {
	onShops(t, config{policy: manualCarrier}, func(t *testing.T, s *shop) {
		o := s.place(cup())
		s.after(time.Minute)
		for _, number := range []string{"\xff", "a\x00"} {
			_, err := s.HandOver(t.Context(), person(""), o.ID, s.parcel(o).ID, shipping.HandOver{TrackingNumber: number})
			wantFields(t, err, "tracking_number")
		}
	})
}

// TestATrackingNumberIsOneParcels: a carrier gives a number to one parcel, and
// two carriers may give the same; by that one no parcel is found.
func TestATrackingNumberIsOneParcels(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		labelled := s.place(cup())
		s.after(time.Minute)
		number := s.parcel(labelled).TrackingNumber
		manual := policy.Default()
		manualCarrier(&manual)
		_, err := s.SetPolicy(t.Context(), person(""), 0, manual)
		must(t, err)
		first, second := s.place(request(2, "CUP")), s.place(request(3, "CUP"))
		s.after(time.Minute)
		s.handOver(first, number)
		_, err = s.HandOver(t.Context(), person(""), second.ID, s.parcel(second).ID, shipping.HandOver{TrackingNumber: number})
		s.refused(fault.Conflict, err)
		s.wantStatus(second, order.Paid)
		_, _, err = s.FindShipment(t.Context(), number)
		s.refused(fault.Conflict, err)
		s.handOver(second, "MADE-UP-1")
		if _, id, err := s.FindShipment(t.Context(), "MADE-UP-1"); err != nil || id != s.parcel(second).ID {
			t.Errorf("the number names %q: %v", id, err)
		}
	})
}

// events returns how many events there are. It does not ask the feed, which on
// PostgreSQL shows an event only when every older transaction has ended.
func (s *shop) events() int {
	s.t.Helper()
	all, err := db.View(s.t.Context(), s.db, func(r db.Reader) ([]event.Event, error) { return event.Range(r, "", "~") })
	must(s.t, err)
	return len(all)
}
