package scenario

import (
	"fmt"
	"slices"
	"time"

	"doorstep/country"
	"doorstep/fault"
	"doorstep/policy"
	"doorstep/support"
)

// The bounds of a scenario.
const (
	mostDays   = 3660
	mostOrders = 1_000_000
	mostPeople = 1000
	mostUnits  = 1_000_000_000
	dearest    = 1000
)

// provider is the gateway in every scenario, and the first carrier.
const provider = "simulated"

// Validate checks a scenario.
//
// Errors: invalid, with the path of every field that is wrong.
func (s Scenario) Validate() error {
	c := &check{}
	c.Required("name", s.Name, 64, "a name such as quiet-shop")
	c.whole("days", s.Days, 1, mostDays)
	c.whole("follow_days", s.FollowDays, 1, mostDays)
	c.start(s)
	c.If(!s.Currency.Valid(), "currency", "unknown", "an active ISO 4217 code such as GBP")
	c.whole64("shipping_price", s.ShippingPrice, 0, mostUnits)
	c.orders(s)
	c.weights("baskets.lines", s.Baskets.Lines)
	c.weights("baskets.units", s.Baskets.Units)
	c.If(len(s.Goods) > 0 && len(s.Baskets.Lines) > len(s.Goods), "baskets.lines", "too_many", "a basket has at most one line of each of the goods")
	c.customers(s.Customers)
	c.goods(s)
	c.stock(s.Stock)
	c.gateway(s.Gateway)
	c.carrier("carrier", s.Carrier)
	c.carrier("second_carrier", s.Second.Carrier)
	c.If(!(s.Second.Price > 0 && s.Second.Price <= dearest), "second_carrier.price", "out_of_range", "above 0, and at most %d", dearest)
	c.elsewhere(s.Elsewhere)
	c.thoughts(s.Thoughts)
	c.support(s)
	c.policy(s)
	return c.Err(what)
}

// The times that a scenario may have, as an import's: an identifier counts from 1970
// (ULID), and the last year of RFC 3339 is 9999, before which what is under way in
// the end has a century to come to its own.
var (
	firstDay = time.Date(1970, time.January, 2, 0, 0, 0, 0, time.UTC)
	lastDay  = time.Date(9900, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// start counts the days from the first one on.
func (c *check) start(s Scenario) {
	first := time.Time(s.Start)
	if first.IsZero() {
		c.Add("start", "required", "%s", "a day such as 2026-03-02")
		return
	}
	last := first.AddDate(0, 0, min(max(0, s.Days), mostDays)+min(max(0, s.FollowDays), mostDays))
	c.If(first.Before(firstDay) || last.After(lastDay), "start", "out_of_range", "from %s on, and so that days and follow_days end by %s",
		firstDay.Format(time.DateOnly), lastDay.Format(time.DateOnly))
}

// check gathers what is wrong.
type check struct{ fault.Check }

func (c *check) whole(path string, n, least, most int) {
	c.whole64(path, int64(n), int64(least), int64(most))
}

func (c *check) whole64(path string, n, least, most int64) {
	c.If(n < least || n > most, path, "out_of_range", "from %d to %d", least, most)
}

func (c *check) rate(path string, r float64) {
	c.If(!(r >= 0 && r <= 1), path, "out_of_range", "from 0 to 1")
}

func (c *check) weights(path string, w []float64) {
	sum := 0.0
	for i, x := range w {
		c.If(x < 0, fmt.Sprintf("%s[%d]", path, i), "out_of_range", "not negative")
		sum += max(0, x)
	}
	c.If(sum <= 0, path, "required", "at least one weight above 0")
}

func (c *check) span(path string, s Span) {
	c.If(s.To <= s.From, path+".to", "out_of_range", "later than from")
}

func (c *check) wait(path string, d policy.Duration) {
	c.If(d < 0 || time.Duration(d) > mostDays*day, path, "out_of_range", "from 0s to %d days", mostDays)
}

func (c *check) orders(s Scenario) {
	o := s.Orders
	c.whole("orders.per_day", o.PerDay, 0, mostOrders)
	c.weights("orders.by_hour", o.ByHour)
	c.If(len(o.ByHour) != 24, "orders.by_hour", "wrong_number", "24 weights")
	c.weights("orders.by_weekday", o.ByWeekday)
	c.If(len(o.ByWeekday) != 7, "orders.by_weekday", "wrong_number", "7 factors, Monday first")
	for i, x := range o.ByWeekday {
		c.If(x > 100, fmt.Sprintf("orders.by_weekday[%d]", i), "out_of_range", "at most 100")
	}
	for i, p := range o.Peaks {
		path := fmt.Sprintf("orders.peaks[%d]", i)
		c.span(path, p.Span)
		c.whole(path+".orders", p.Orders, 1, mostOrders)
		known := p.SKU == "" || slices.ContainsFunc(s.Goods, func(g Good) bool { return g.SKU == p.SKU })
		c.If(!known, path+".sku", "unknown", "one of the goods")
	}
}

func (c *check) customers(all Customers) {
	c.whole("customers.regulars", all.Regulars, 1, mostOrders)
	c.rate("customers.returning", all.Returning)
	weights := make([]float64, len(all.Countries))
	for i, d := range all.Countries {
		weights[i] = d.Weight
		c.country(fmt.Sprintf("customers.countries[%d].country", i), d.Country)
	}
	c.weights("customers.countries", weights)
}

// country is checked as an order's is.
func (c *check) country(path, code string) {
	c.If(!country.Valid(code), path, "unknown", "an ISO 3166-1 code such as GB")
}

func (c *check) goods(s Scenario) {
	c.country("country", s.Country)
	c.If(len(s.Goods) == 0, "goods", "required", "at least one")
	seen, popular := map[string]bool{}, 0.0
	for i, g := range s.Goods {
		path := fmt.Sprintf("goods[%d]", i)
		c.Required(path+".sku", g.SKU, 64, "a code such as CUP")
		c.Required(path+".name", g.Name, 200, "what it is called")
		c.If(seen[g.SKU], path+".sku", "duplicate", "each SKU once")
		seen[g.SKU] = true
		c.whole64(path+".price", g.Price, 0, mostUnits)
		c.whole64(path+".weight_grams", g.Weight, 1, 30_000)
		c.If(g.Popularity < 0, path+".popularity", "out_of_range", "not negative")
		popular += max(0, g.Popularity)
		c.whole64(path+".stock", given(g.Stock, 0), 0, mostUnits)
		c.whole64(path+".reorder_at", given(g.ReorderAt, 0), 0, mostUnits)
		c.whole64(path+".reorder", given(g.Reorder, 0), 0, mostUnits)
	}
	c.If(popular <= 0 && len(s.Goods) > 0, "goods[0].popularity", "required", "above 0 for at least one of the goods")
}

func (c *check) stock(s Stock) {
	c.whole64("stock.units", s.Units, 0, mostUnits)
	c.whole64("stock.reorder_at", s.ReorderAt, 0, mostUnits)
	c.whole64("stock.reorder", s.Reorder, 0, mostUnits)
	c.wait("stock.lead_time", s.LeadTime)
}

func (c *check) line(path string, l Line) {
	c.rate(path+".unreachable_rate", l.UnreachableRate)
	c.rate(path+".timeout_before_rate", l.TimeoutBeforeRate)
	c.rate(path+".timeout_after_rate", l.TimeoutAfterRate)
	c.If(l.UnreachableRate+l.TimeoutBeforeRate+l.TimeoutAfterRate >= 1, path+".timeout_after_rate", "out_of_range",
		"unreachable, timeout_before and timeout_after together less than 1")
	c.wait(path+".latency_least", l.LatencyLeast)
	c.wait(path+".latency_most", l.LatencyMost)
	c.If(l.LatencyMost < l.LatencyLeast, path+".latency_most", "out_of_range", "at least latency_least")
	for i, o := range l.Outages {
		c.span(fmt.Sprintf("%s.outages[%d]", path, i), o.Span)
	}
}

func (c *check) gateway(g Gateway) {
	c.rate("gateway.decline_rate", g.DeclineRate)
	c.rate("gateway.soft_share", g.SoftShare)
	c.rate("gateway.refund_decline_rate", g.RefundDeclineRate)
	c.line("gateway", g.Line)
}

func (c *check) elsewhere(e Elsewhere) {
	c.rate("paid_elsewhere.share", e.Share)
	c.rate("paid_elsewhere.unpaid", e.Unpaid)
	c.wait("paid_elsewhere.after", e.After)
	c.wait("paid_elsewhere.within", e.Within)
}

func (c *check) thoughts(t Thoughts) {
	c.rate("second_thoughts.address", t.Address)
	c.rate("second_thoughts.cancel", t.Cancel)
	c.If(t.Address+t.Cancel > 1, "second_thoughts.cancel", "out_of_range", "address and cancel together at most 1")
	c.wait("second_thoughts.after", t.After)
	c.wait("second_thoughts.within", t.Within)
}

func (c *check) carrier(at string, x Carrier) {
	for _, r := range []struct {
		path string
		rate float64
	}{
		{"refuse_rate", x.RefuseRate}, {"trouble_rate", x.TroubleRate}, {"late_rate", x.LateRate}, {"twice_rate", x.TwiceRate},
		{"lost_rate", x.LostRate}, {"damaged_rate", x.DamagedRate}, {"refused_rate", x.RefusedRate}, {"returned_rate", x.ReturnedRate},
	} {
		c.rate(at+"."+r.path, r.rate)
	}
	c.If(x.RefuseRate+x.TroubleRate > 1, at+".trouble_rate", "out_of_range", "refuse_rate and trouble_rate together at most 1")
	c.If(x.LostRate+x.DamagedRate+x.RefusedRate+x.ReturnedRate > 1, at+".lost_rate", "out_of_range", "the rates of parcels that do not arrive together at most 1")
	for i, s := range x.Strikes {
		c.span(fmt.Sprintf("%s.strikes[%d]", at, i), s.Span)
	}
	c.line(at, x.Line)
}

func (c *check) support(s Scenario) {
	sum := 0.0
	for i, w := range s.Wishes {
		path := fmt.Sprintf("wishes[%d]", i)
		c.category(path+".category", w.Category)
		c.rate(path+".share", w.Share)
		sum += w.Share
		c.If(w.Since != SincePlaced && w.Since != SinceDelivered, path+".since", "unknown", "placed or delivered")
		c.wait(path+".after", w.After)
		c.wait(path+".within", w.Within)
	}
	c.If(sum > 1, "wishes", "out_of_range", "shares together at most 1")
	for i, w := range s.Waves {
		path := fmt.Sprintf("waves[%d]", i)
		c.span(path, w.Span)
		c.category(path+".category", w.Category)
		c.whole(path+".tickets", w.Tickets, 1, mostOrders)
	}
	c.rate("returns.posted", s.Returns.Posted)
	c.rate("returns.unfit", s.Returns.Unfit)
	c.wait("returns.after", s.Returns.After)
	c.wait("returns.within", s.Returns.Within)
	c.staff(s.Staff)
}

// category is one of those that customers of a simulated shop write about.
func (c *check) category(path string, k support.Category) {
	c.If(!slices.Contains(support.Categories, k), path, "unknown", "one of %v", support.Categories)
}

func (c *check) staff(s Staff) {
	c.whole("staff.people", s.People, 0, mostPeople)
	c.If(s.To <= s.From, "staff.to", "out_of_range", "later than from")
	c.If(s.Least < policy.Duration(time.Second) || time.Duration(s.Least) > day, "staff.least", "out_of_range", "from 1s to 24h")
	c.If(s.Most < s.Least || time.Duration(s.Most) > day, "staff.most", "out_of_range", "from least to 24h")
}

// policy is as a shop's, with the providers that a simulated shop has, and someone
// who hands over what waits for a person.
func (c *check) policy(s Scenario) {
	p := s.Policy
	if e := fault.As(p.Validate()); e != nil {
		for _, f := range e.Fields {
			c.Add("policy."+f.Path, f.Code, "%s", f.Message)
		}
	}
	if p.HandOver == policy.HandOverByPerson {
		c.If(s.Staff.People == 0, "policy.handover", "unsupported", "at_once or first_scan, where there are no staff")
		c.If(s.Staff.HandOver < s.Staff.From || s.Staff.HandOver >= s.Staff.To, "staff.handover", "out_of_range", "while the staff are there")
	}
	c.If(p.Gateway != provider, "policy.gateway", "unsupported", provider)
	carriers := []string{provider, Second}
	c.If(!slices.Contains(carriers, p.Carrier), "policy.carrier", "unsupported", "one of %v", carriers)
	for i, name := range p.NextCarriers {
		c.If(!slices.Contains(carriers, name), fmt.Sprintf("policy.next_carriers[%d]", i), "unsupported", "of %v", carriers)
	}
}
