package process_test

import (
	"testing"
	"time"

	"doorstep/fault"
	"doorstep/inventory"
	"doorstep/process"

	"github.com/google/go-cmp/cmp"
)

func TestACountNamesWhomItTouches(t *testing.T) {
	onShops(t, config{policy: manualCarrier}, func(t *testing.T, s *shop) {
		ctx := t.Context()
		var numbers []int64
		for n, quantity := range []int64{40, 30, 20} {
			q := request(n+1, "CUP")
			q.Lines[0].Quantity = quantity
			numbers = append(numbers, s.place(q).Number)
			s.after(time.Second) // each is younger than the one before
		}
		count := func(sku string, n int64) inventory.Count {
			return inventory.Count{SKU: sku, Location: "main", Quantity: n}
		}
		preview := func(counts ...inventory.Count) []process.Counted {
			t.Helper()
			all, err := s.PreviewCount(ctx, counts)
			must(t, err)
			return all
		}
		touched := func(c process.Counted) map[int64]int64 {
			orders := map[int64]int64{}
			for _, g := range c.GivenUp {
				orders[g.Number] = g.Quantity
			}
			return orders
		}
		all := preview(count("CUP", 69), count("POT", 50))
		if diff := cmp.Diff(map[int64]int64{numbers[1]: 30, numbers[2]: 20}, touched(all[0])); diff != "" || all[0].OnHand != 100 || all[0].Reserved != 90 {
			t.Errorf("with 69 of 90: %+v\n%s", all[0], diff)
		}
		if len(all[1].GivenUp) != 0 {
			t.Errorf("with all there: %+v", all[1])
		}
		s.wantLevel("POT", 50, 0)
		for range 2 {
			_, err := s.CountStock(ctx, person("k1"), []inventory.Count{count("POT", 3), count("CUP", 90)}, "made up")
			must(t, err)
		}
		s.wantLevel("POT", 3, 0)
		s.wantLevel("CUP", 90, 90)

		_, err := s.CountStock(ctx, person(""), nil, "made up")
		wantFields(t, err, "counts")
		_, err = s.CountStock(ctx, person(""), make([]inventory.Count, process.MaxCounts+1), "made up")
		s.refused(fault.Invalid, err)
		_, err = s.PreviewCount(ctx, []inventory.Count{count("NONE", 1), {SKU: "CUP", Location: "moon"}, count("CUP", -1), count("CUP", 1)})
		wantFields(t, err, "counts[0].sku", "counts[1].location", "counts[2].quantity", "counts[3].sku")
		_, err = s.CountStock(ctx, person(""), []inventory.Count{count("CUP", 95)}, "")
		wantFields(t, err, "reason")
	})
}
