package scenario

import (
	"math"
	"slices"
)

// Scaled is the scenario with so many times the customers, and so many times the
// goods for them: 0.1 is a tenth of both. Of what there is any, there is at least
// one.
func (s Scenario) Scaled(by float64) Scenario {
	count := func(n int) int { return int(scaled(int64(n), by)) }
	s.Orders.PerDay = count(s.Orders.PerDay)
	s.Orders.Peaks = slices.Clone(s.Orders.Peaks)
	for i := range s.Orders.Peaks {
		s.Orders.Peaks[i].Orders = count(s.Orders.Peaks[i].Orders)
	}
	s.Waves = slices.Clone(s.Waves)
	for i := range s.Waves {
		s.Waves[i].Tickets = count(s.Waves[i].Tickets)
	}
	s.Customers.Regulars, s.Staff.People = count(s.Customers.Regulars), count(s.Staff.People)
	s.Stock.Units, s.Stock.ReorderAt, s.Stock.Reorder = scaled(s.Stock.Units, by), scaled(s.Stock.ReorderAt, by), scaled(s.Stock.Reorder, by)
	s.Goods = slices.Clone(s.Goods)
	for i := range s.Goods {
		for _, n := range []**int64{&s.Goods[i].Stock, &s.Goods[i].ReorderAt, &s.Goods[i].Reorder} {
			if *n != nil {
				units := scaled(**n, by)
				*n = &units
			}
		}
	}
	return s
}

func scaled(n int64, by float64) int64 {
	if n == 0 {
		return 0
	}
	return max(1, int64(math.Round(float64(n)*by)))
}
