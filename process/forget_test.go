package process_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/order"
	"doorstep/process"
	"doorstep/shipping"
	"doorstep/support"
)

// traces are the rows of the database in which a text stands, in whatever letters.
func (s *shop) traces(texts ...string) (found []string) {
	s.t.Helper()
	ctx := s.t.Context()
	tables, err := db.View(ctx, s.db, db.Tables)
	must(s.t, err)
	for _, table := range tables {
		for after, more := []any(nil), true; more; more = after != nil {
			after, err = db.View(ctx, s.db, func(r db.Reader) ([]any, error) {
				return table.Page(r, table.Columns, after, 1000, func(values []any) error {
					row := fmt.Sprint(values...)
					for _, text := range texts {
						if strings.Contains(strings.ToLower(row), strings.ToLower(text)) {
							found = append(found, table.Name+": "+row)
						}
					}
					return nil
				})
			})
			must(s.t, err)
		}
	}
	return found
}

// person is a made-up customer of whom everything is known that can be.
func felicity(n int) order.Request {
	q := request(n, "CUP")
	q.Customer = order.CustomerRequest{ID: `FELICITY-"17"`, Name: "Felicity Forgettable", Mail: "Felicity@Example.com", Phone: "+44 555 017017"}
	q.ShipTo = order.Address{Name: "Felicity Forgettable", Line1: "17 Oblivion Row", City: "Lethe", PostalCode: "LE7 7HE", Country: "GB"}
	q.BillTo = q.ShipTo
	return q
}

var ofFelicity = []string{"felicity", "forgettable", "017017", "oblivion", "lethe", "LE7"}

// TestACustomerIsForgotten: by either name, in every room, and the books stay.
func TestACustomerIsForgotten(t *testing.T) {
	for name, who := range map[string]string{"by identifier": `FELICITY-"17"`, "by mail": "felicity@example.COM"} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			onShops(t, config{}, func(t *testing.T, s *shop) {
				ctx := t.Context()
				other := s.arrived(cup())
				placed, err := s.Place(ctx, person("k1"), felicity(101))
				must(t, err)
				s.after(20 * day)
				first := placed.Value.Order
				second := s.place(felicity(102))
				_, err = s.Note(ctx, person("k2"), first.ID, "Felicity has called.")
				must(t, err)
				_, err = s.Hold(ctx, person("k3"), second.ID, "address_unclear", "Is it Oblivion Row?")
				must(t, err)
				q := process.TicketRequest{Request: support.Request{Order: second.ID, Category: support.AddressChange, Body: "To Lethe, please."}, ShipTo: &order.Address{Name: "F. Forgettable", Line1: "18 Oblivion Row", City: "Lethe", Country: "GB"}}
				ticket, err := s.OpenTicket(ctx, person("k4"), q)
				must(t, err)
				_, err = s.NoteTicket(ctx, person("k5"), ticket.Value.ID, "Felicity again.")
				must(t, err)

				_, err = s.Forget(ctx, person(""), who)
				s.refused(fault.Conflict, err)
				if e := fault.As(err); len(e.Fields) != 1 || e.Fields[0].Path != fmt.Sprintf("order %d", second.Number) {
					t.Errorf("it is refused for %+v", e.Fields)
				}
				if n := len(s.traces("felicity")); n == 0 {
					t.Error("half of it is erased")
				}
				s.cancel(second)
				s.after(time.Minute)
				s.solveAll(second)
				s.verify()

				before := s.traces(ofFelicity...)
				would, err := s.Forget(ctx, person("").Rehearsal(), who)
				must(t, err)
				if after := s.traces(ofFelicity...); !slices.Equal(before, after) {
					t.Errorf("a rehearsal has erased something: %v, %v", before, after)
				}
				done, err := s.Forget(ctx, person(""), who)
				must(t, err)
				if want := []int64{second.Number, first.Number}; !slices.Equal(done.Orders, want) || !slices.Equal(would.Orders, want) || done.Tickets != 1 {
					t.Errorf("erased are %+v, of %+v", done, would)
				}
				if left := s.traces(ofFelicity...); len(left) > 0 {
					t.Errorf("it is still there:\n%s", strings.Join(left, "\n"))
				}
				s.verify()
				s.wantCount(first, order.EventForgotten, 1)
				_, err = s.Forget(ctx, person(""), who)
				s.refused(fault.NotFound, err)
				if v := s.show(other.ID); v.Contact.Name == "" || v.Order.Customer == "" {
					t.Errorf("another one is forgotten: %+v", v.Contact)
				}

				// What was can be looked at, and goes on as far as it can.
				again, err := s.Place(ctx, person("k1"), felicity(101))
				must(t, err)
				if !again.Replayed || again.Value.Order.ID != first.ID {
					t.Errorf("the answer is another: %+v", again.Value)
				}
				_, err = s.PreviewExchange(ctx, first.ID, process.ExchangeRequest{Return: shipping.ReturnRequest{Lines: []shipping.LineUnits{{Line: 1, Quantity: 1}}, Reason: "made_up"}, Lines: []order.LineRequest{{SKU: "CUP", Quantity: 1}}})
				s.refused(fault.Conflict, err)
				s.refund(first, order.CreditRequest{All: true})
				s.expectMoney(first, takenBack)
				s.after(60 * day)
				s.verify()
			})
		})
	}
}

// TestWhatIsToComeKeepsACustomer: as long as it is, they are not forgotten.
func TestWhatIsToComeKeepsACustomer(t *testing.T) {
	onShops(t, config{policy: manualCarrier}, func(t *testing.T, s *shop) {
		ctx := t.Context()
		keeps := func(why string) {
			t.Helper()
			_, err := s.Forget(ctx, person(""), "felicity@example.com")
			s.refused(fault.Conflict, err)
			if e := fault.As(err); len(e.Fields) != 1 || !strings.Contains(e.Fields[0].Message, why) {
				t.Errorf("it is refused for %+v, not for %q", e.Fields, why)
			}
		}
		o := s.place(felicity(101))
		keeps("it is processed")
		s.after(time.Second)
		keeps("it is paid")
		p := s.parcel(o)
		s.leave(p)
		keeps("a parcel is under way")
		s.report(p, shipping.Lost)
		keeps("a parcel has not arrived")
		s.find(p)
		s.arrive(p)
		keeps("a ticket is not solved")
		s.solveAll(o)
		_, err := s.AuthoriseReturn(ctx, person(""), o.ID, shipping.ReturnRequest{Lines: []shipping.LineUnits{{Line: 1, Quantity: 1}}, Reason: "made_up"})
		must(t, err)
		keeps("something is to come back")
		_, err = s.CancelReturn(ctx, person(""), o.ID, s.show(o.ID).Returns[0].ID)
		must(t, err)
		_, err = s.Refund(ctx, person(""), o.ID, order.CreditRequest{All: true, Reason: "made up"})
		must(t, err)
		keeps("money is on its way back")
		s.after(time.Minute)
		_, err = s.Forget(ctx, process.Command{By: "key:made-up", May: access.Limit(access.Orders, access.Refunds)}, "felicity@example.com")
		s.refused(fault.Forbidden, err)
		_, err = s.Forget(ctx, person(""), "felicity@example.com")
		must(t, err)
		s.verify()
		_, err = s.Forget(ctx, person(""), " ")
		s.refused(fault.Invalid, err)
	})
}
