package process_test

import (
	"context"
	"sync/atomic"
	"testing"

	"doorstep/fault"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/process"
	"doorstep/shipping"
)

// endsAsked ends when it was asked so many times whether it has, for all that wait for it.
type endsAsked struct {
	context.Context
	left *atomic.Int64
	end  func()
}

func after(ctx context.Context, asked int64) endsAsked {
	ends, end := context.WithCancel(ctx)
	e := endsAsked{ends, &atomic.Int64{}, end}
	e.left.Store(asked)
	return e
}

func (e endsAsked) Done() <-chan struct{} {
	if e.left.Add(-1) < 0 {
		e.end()
	}
	return e.Context.Done()
}

// TestAReadThatFails fails what it is for, wherever it is: nothing goes on with what was
// not read.
func TestAReadThatFails(t *testing.T) {
	onShops(t, config{}, func(t *testing.T, s *shop) {
		arrived := s.arrived(cups(3))
		lost, parcel := s.unseen(request(2, "CUP"))
		s.report(parcel, shipping.Lost)
		q := request(3, "CUP")
		q.Lines[0].Quantity = 2
		placed := s.place(q)
		for name, read := range map[string]func(context.Context) error{
			"cancel": func(ctx context.Context) error { _, err := s.PreviewCancel(ctx, placed.ID); return err },
			"edit": func(ctx context.Context) error {
				_, err := s.PreviewEdit(ctx, placed.ID, order.Edit{Lines: []order.EditLine{{Line: 1, Quantity: 1}}})
				return err
			},
			"refund": func(ctx context.Context) error {
				_, err := s.PreviewRefund(ctx, arrived.ID, order.CreditRequest{Amount: 1, Reason: "made up"})
				return err
			},
			"return": func(ctx context.Context) error {
				_, err := s.PreviewReturn(ctx, arrived.ID, shipping.ReturnRequest{Reason: "made_up"})
				return err
			},
			"exchange": func(ctx context.Context) error {
				_, err := s.PreviewExchange(ctx, arrived.ID, process.ExchangeRequest{Return: shipping.ReturnRequest{Reason: "made_up"}, Lines: []order.LineRequest{{SKU: "CUP", Quantity: 1}}})
				return err
			},
			"reship": func(ctx context.Context) error { _, err := s.PreviewReship(ctx, lost.ID, parcel.ID); return err },
			"count": func(ctx context.Context) error {
				_, err := s.PreviewCount(ctx, []inventory.Count{{SKU: "CUP", Location: "main"}})
				return err
			},
			"attention": func(ctx context.Context) error { _, err := s.Attention(ctx, "", 10); return err },
			"show":      func(ctx context.Context) error { _, err := s.Show(ctx, arrived.ID); return err },
		} {
			must(t, read(t.Context()))
			failed := 0
			for n := int64(1); n < 1000; n++ {
				ctx := after(t.Context(), n)
				err := read(ctx)
				if err == nil {
					break
				}
				failed++
				if fault.CodeOf(err) == fault.Invalid || fault.CodeOf(err) == fault.NotFound {
					t.Errorf("%s: when its %d. read fails: %v", name, n, err)
				}
			}
			if failed == 0 {
				t.Errorf("%s: it never failed", name)
			}
		}
	})
}
