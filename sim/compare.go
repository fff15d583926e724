package sim

import (
	"cmp"
	"slices"

	"doorstep/insight/report"
	"doorstep/money"
	"doorstep/order"
)

// Compare sets two results side by side: orders, money, times, what waited for
// people, and stock.
func Compare(a, b Result) []report.Group {
	groups := []report.Group{
		{Name: "orders", Rows: compareOrders(a, b)},
		{Name: "money", Rows: compareMoney(a, b)},
		{Name: "times", Rows: compareTimes(a, b)},
		{Name: "people", Rows: []report.Row{
			count("tickets opened", a.Tickets.Opened, b.Tickets.Opened),
			count("tickets unsolved in the end", a.Tickets.Unsolved, b.Tickets.Unsolved),
			count("most tickets open at once", int64(a.People.OpenMost), int64(b.People.OpenMost)),
			count("hours that tickets were open", a.People.TicketHours, b.People.TicketHours),
			{Name: "oldest open ticket", Unit: report.UnitTime, A: int64(a.People.Oldest), B: int64(b.People.Oldest)},
			count("most orders held at once", a.People.HeldMost, b.People.HeldMost),
			count("most steps stuck at once", a.People.StuckMost, b.People.StuckMost),
			count("most steps late at once", a.People.OverdueMost, b.People.OverdueMost),
		}},
		{Name: "stock", Rows: compareStock(a, b)},
	}
	if rows := compareCarriers(a, b); len(rows) > 0 {
		groups = append(groups, report.Group{Name: "carriers", Rows: rows})
	}
	return groups
}

func count(name string, a, b int64) report.Row {
	return report.Row{Name: name, Unit: report.UnitCount, A: a, B: b}
}

func compareOrders(a, b Result) []report.Row {
	rows := []report.Row{
		count("placed", a.Orders.Placed, b.Orders.Placed), count("paid", a.Orders.Paid, b.Orders.Paid),
		count("shipped", a.Orders.Shipped, b.Orders.Shipped), count("delivered", a.Orders.Delivered, b.Orders.Delivered),
		count("cancelled", a.Orders.Cancelled, b.Orders.Cancelled), count("returned", a.Orders.Returned, b.Orders.Returned),
	}
	if a.Orders.Repaid+b.Orders.Repaid > 0 {
		rows = append(rows, count("not arrived, and paid back", a.Orders.Repaid, b.Orders.Repaid))
	}
	for _, why := range either(a.Failed, b.Failed, func(f Failed) order.Failure { return f.Reason }) {
		of := func(r Result) (n int64) {
			for _, f := range r.Failed {
				if f.Reason == why {
					n += f.Orders
				}
			}
			return n
		}
		rows = append(rows, count("failed: "+words(string(why)), of(a), of(b)))
	}
	return rows
}

// either returns what stands in one of two lists, or in both, each once.
func either[T any, K cmp.Ordered](a, b []T, key func(T) K) []K {
	var keys []K
	for _, one := range slices.Concat(a, b) {
		keys = append(keys, key(one))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func compareMoney(a, b Result) (rows []report.Row) {
	for _, c := range either(a.Money, b.Money, func(m Money) money.Currency { return m.Currency }) {
		of := func(r Result) Money {
			i := slices.IndexFunc(r.Money, func(m Money) bool { return m.Currency == c })
			if i < 0 {
				return Money{}
			}
			return r.Money[i]
		}
		x, y := of(a), of(b)
		for _, one := range []struct {
			name string
			a, b int64
		}{{"taken", x.Taken, y.Taken}, {"given back", x.Refunded, y.Refunded}, {"kept", x.Kept, y.Kept}, {"worth of failed orders", x.Failed, y.Failed}} {
			rows = append(rows, report.Row{Name: one.name, Unit: report.Unit(c), A: one.a, B: one.b})
		}
	}
	return rows
}

func compareTimes(a, b Result) (rows []report.Row) {
	for _, s := range a.Steps {
		i := slices.IndexFunc(b.Steps, func(t Step) bool { return t.Name == s.Name })
		if i < 0 {
			continue
		}
		t := b.Steps[i]
		for _, one := range []struct {
			name string
			a, b int64
		}{{"p50", int64(s.P50), int64(t.P50)}, {"p90", int64(s.P90), int64(t.P90)}, {"p99", int64(s.P99), int64(t.P99)}} {
			rows = append(rows, report.Row{Name: s.Name + ", " + one.name, Unit: report.UnitTime, A: one.a, B: one.b})
		}
	}
	return rows
}

func compareStock(a, b Result) []report.Row {
	sum := func(r Result, of func(Stock) int64) (n int64) {
		for _, s := range r.Stock {
			n += of(s)
		}
		return n
	}
	row := func(name string, of func(Stock) int64) report.Row { return count(name, sum(a, of), sum(b, of)) }
	return []report.Row{
		row("hours out of stock, of all SKUs", func(s Stock) int64 { return int64(s.HoursOut) }),
		row("orders lost to it, by SKU", func(s Stock) int64 { return s.OrdersLost }),
		row("times that more was ordered", func(s Stock) int64 { return int64(s.Reorders) }),
		row("units that came in", func(s Stock) int64 { return s.Received }),
	}
}

// compareCarriers is empty where there is one carrier, whom all is paid to.
func compareCarriers(a, b Result) (rows []report.Row) {
	names := either(a.Carriers, b.Carriers, func(c Carrier) string { return c.Name })
	if len(names) < 2 {
		return nil
	}
	for _, name := range names {
		x, y := a.carrier(name), b.carrier(name)
		rows = append(rows, count("labels of "+name, x.Labels, y.Labels))
		for _, c := range either(x.Cost, y.Cost, func(w Worth) money.Currency { return w.Currency }) {
			of := func(k Carrier) (n int64) {
				for _, w := range k.Cost {
					if w.Currency == c {
						n += w.Amount
					}
				}
				return n
			}
			rows = append(rows, report.Row{Name: "paid to " + name, Unit: report.Unit(c), A: of(x), B: of(y)})
		}
	}
	return rows
}

func (r Result) carrier(name string) Carrier {
	i := slices.IndexFunc(r.Carriers, func(c Carrier) bool { return c.Name == name })
	if i < 0 {
		return Carrier{Name: name}
	}
	return r.Carriers[i]
}

// OverTime is what a page draws of two results.
func OverTime(a, b Result) []report.Pair {
	return []report.Pair{
		{Name: "Orders delivered so far", A: series(a, sum(func(h Hour) int64 { return h.Delivered })), B: series(b, sum(func(h Hour) int64 { return h.Delivered }))},
		{Name: "Open tickets", A: series(a, func(h Hour) int64 { return int64(h.Open) }), B: series(b, func(h Hour) int64 { return int64(h.Open) })},
		{Name: "SKUs out of stock", A: series(a, func(h Hour) int64 { return int64(h.OutOfStock) }), B: series(b, func(h Hour) int64 { return int64(h.OutOfStock) })},
	}
}

func series(r Result, of func(Hour) int64) []int64 {
	all := make([]int64, len(r.Hours))
	for i, h := range r.Hours {
		all[i] = of(h)
	}
	return all
}

// sum adds up what each hour has.
func sum(of func(Hour) int64) func(Hour) int64 {
	var n int64
	return func(h Hour) int64 { n += of(h); return n }
}
