package scenario_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"doorstep/fault"
	"doorstep/sim/scenario"

	"github.com/google/go-cmp/cmp"
)

// written is a scenario as a file.
func written(t testing.TB, s scenario.Scenario) string {
	t.Helper()
	doc, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

// TestWhatIsWrittenIsAScenario, and the same one: those that come with the program,
// and the default.
func TestWhatIsWrittenIsAScenario(t *testing.T) {
	t.Parallel()
	all := map[string]scenario.Scenario{"default": scenario.Default()}
	for _, name := range scenario.Names() {
		s, err := scenario.Find(name)
		if err != nil || s.Name != name || s.About == "" {
			t.Errorf("%s: %q, %v", name, s.Name, err)
		}
		all[name] = s
	}
	if len(all) != 8 {
		t.Errorf("%d scenarios", len(all))
	}
	for name, s := range all {
		again, err := scenario.Parse([]byte(written(t, s)))
		if diff := cmp.Diff(written(t, s), written(t, again)); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	if _, err := scenario.Find("made-up"); !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "quiet-shop") {
		t.Errorf("of one that there is not: %v", err)
	}
}

// TestAFileSaysWhatIsDifferent: a list that it names is the whole list, and what it
// does not name of an object stays.
func TestAFileSaysWhatIsDifferent(t *testing.T) {
	t.Parallel()
	s, err := scenario.Parse([]byte(`{"name": "mine", "start": "2027-01-04", "customers": {"countries": [{"country": "IE", "weight": 1}]},
		"gateway": {"outages": [{"from": "day 2 12:00", "to": "day 3 00:30"}]},
		"policy": {"payment_retries": ["30m"], "ask": {"tries": 9}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := scenario.Default()
	want.Name, want.Start = "mine", scenario.Date(time.Date(2027, 1, 4, 0, 0, 0, 0, time.UTC))
	want.Customers.Countries = []scenario.Destination{{Country: "IE", Weight: 1}}
	want.Gateway.Outages = []scenario.Outage{{Span: scenario.Span{From: scenario.Moment(36 * time.Hour), To: scenario.Moment(48*time.Hour + 30*time.Minute)}}}
	want.Policy.PaymentRetries = want.Policy.PaymentRetries[:1:1]
	want.Policy.PaymentRetries[0], want.Policy.Ask.Tries = 30*60*1e9, 9
	if diff := cmp.Diff(written(t, want), written(t, s)); diff != "" {
		t.Error(diff)
	}
	if at := s.At(s.Gateway.Outages[0].To); !at.Equal(time.Date(2027, 1, 6, 0, 30, 0, 0, time.UTC)) {
		t.Errorf("the outage ends at %s", at)
	}
}

// TestWhatIsWrongIsNamed, with its path and what would be right.
func TestWhatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	for doc, path := range map[string]string{
		`{`:                                    "",
		`{"dayz": "x"}`:                        "dayz",
		`{"days": "7"}`:                        "days",
		`{"days": 0}`:                          "days",
		`{"name": ""}`:                         "name",
		`{"start": "Monday"}`:                  "start",
		`{"start": "1900-01-01"}`:              "start",
		`{"start": "1970-01-01"}`:              "start",
		`{"start": "9999-12-31"}`:              "start",
		`{"start": "9899-12-25"}`:              "start", // it goes on for 37 days
		`null`:                                 "",
		`{"orders": null}`:                     "orders",
		`{"orders": {"peaks": [null]}}`:        "orders.peaks[0]",
		`{"currency": "XXX"}`:                  "currency",
		`{"country": "Britain"}`:               "country",
		`{"goods": []}`:                        "goods",
		`{"shipping_price": -1}`:               "shipping_price",
		`{"follow_days": 0}`:                   "follow_days",
		`{"orders": {"per_day": -1}}`:          "orders.per_day",
		`{"orders": {"by_hour": [1, 2]}}`:      "orders.by_hour",
		`{"orders": {"by_weekday": [1]}}`:      "orders.by_weekday",
		`{"baskets": {"lines": [0, 0]}}`:       "baskets.lines",
		`{"baskets": {"units": [1, -1]}}`:      "baskets.units[1]",
		`{"customers": {"regulars": 0}}`:       "customers.regulars",
		`{"customers": {"returning": 1.1}}`:    "customers.returning",
		`{"stock": {"units": -1}}`:             "stock.units",
		`{"stock": {"lead_time": "2 days"}}`:   "stock.lead_time",
		`{"gateway": {"decline_rate": 2}}`:     "gateway.decline_rate",
		`{"gateway": {"latency_most": "1ms"}}`: "gateway.latency_most",
		`{"gateway": {"unreachable_rate": 1}}`: "gateway.timeout_after_rate",
		`{"carrier": {"lost_rate": 1}}`:        "carrier.lost_rate",
		`{"carrier": {"refuse_rate": 1}}`:      "carrier.trouble_rate",
		`{"returns": {"posted": -0.1}}`:        "returns.posted",
		`{"staff": {"from": "9:00"}}`:          "staff.from",
		`{"staff": {"from": "18:00"}}`:         "staff.to",
		`{"staff": {"least": "0s"}}`:           "staff.least",
		`{"staff": {"most": "1m"}}`:            "staff.most",
		`{"staff": {"people": 0}, "policy": {"handover": "by_person"}}`:                                     "policy.handover",
		`{"staff": {"handover": "17:30"}, "policy": {"handover": "by_person"}}`:                             "staff.handover",
		`{"paid_elsewhere": {"share": 1.1}}`:                                                                "paid_elsewhere.share",
		`{"paid_elsewhere": {"unpaid": -1}}`:                                                                "paid_elsewhere.unpaid",
		`{"paid_elsewhere": {"after": "-1s"}}`:                                                              "paid_elsewhere.after",
		`{"second_thoughts": {"address": 0.6, "cancel": 0.6}}`:                                              "second_thoughts.cancel",
		`{"second_thoughts": {"within": "-1s"}}`:                                                            "second_thoughts.within",
		`{"second_carrier": {"price": 0}}`:                                                                  "second_carrier.price",
		`{"second_carrier": {"late_rate": 2}}`:                                                              "second_carrier.late_rate",
		`{"second_carrier": {"strikes": [{"from": "day 2 10:00", "to": "day 1 11:00"}]}}`:                   "second_carrier.strikes[0].to",
		`{"policy": {"carrier": "manual"}}`:                                                                 "policy.carrier",
		`{"policy": {"gateway": "manual"}}`:                                                                 "policy.gateway",
		`{"policy": {"next_carriers": ["x"]}}`:                                                              "policy.next_carriers[0]",
		`{"policy": {"silence": "0s"}}`:                                                                     "policy.silence",
		`{"policy": {"capture": "never"}}`:                                                                  "policy.capture",
		`{"orders": {"peaks": [{"from": "day 1 10:00", "to": "day 1 10:00", "orders": 1}]}}`:                "orders.peaks[0].to",
		`{"orders": {"peaks": [{"from": "day 1 10:00", "to": "day 1 11:00", "orders": 1, "sku": "NONE"}]}}`: "orders.peaks[0].sku",
		`{"orders": {"peaks": [{"from": "noon", "to": "day 1 11:00", "orders": 1}]}}`:                       "orders.peaks[0].from",
		`{"gateway": {"outages": [{"from": "day 2 10:00", "to": "day 1 11:00"}]}}`:                          "gateway.outages[0].to",
		`{"carrier": {"strikes": [{"from": "day 0 10:00", "to": "day 1 11:00"}]}}`:                          "carrier.strikes[0].from",
		`{"customers": {"countries": [{"country": "gb", "weight": 1}]}}`:                                    "customers.countries[0].country",
		`{"goods": [{"sku": "A", "name": "A", "weight_grams": 1, "popularity": 1}, {"sku": "A", "name": "A", "weight_grams": 1}], "baskets": {"lines": [1]}}`: "goods[1].sku",
		`{"wishes": [{"category": "made_up", "share": 0.1, "since": "placed", "after": "1h", "within": "1h"}]}`:                                               "wishes[0].category",
		`{"wishes": [{"category": "other", "share": 0.1, "since": "paid", "after": "1h", "within": "1h"}]}`:                                                   "wishes[0].since",
		`{"waves": [{"category": "other", "tickets": 0, "from": "day 1 10:00", "to": "day 1 11:00"}]}`:                                                        "waves[0].tickets",
	} {
		if doc != "{" && !strings.Contains(doc, `"name"`) {
			doc = `{"name": "mine", ` + doc[1:]
		}
		_, err := scenario.Parse([]byte(doc))
		e := fault.As(err)
		if e == nil || e.Code != fault.Invalid || path != "" && (len(e.Fields) != 1 || e.Fields[0].Path != path || e.Fields[0].Message == "") {
			t.Errorf("%s: %v, not the field %q", doc, err, path)
		}
	}
}

// TestScaled: so many times of everything that is counted, and of nothing else.
func TestScaled(t *testing.T) {
	t.Parallel()
	s, err := scenario.Find("flash-sale")
	if err != nil {
		t.Fatal(err)
	}
	before := written(t, s)
	small := s.Scaled(0.1)
	lamps, _, reorder := small.StockOf(small.Goods[0])
	cups, at, _ := small.StockOf(small.Goods[1])
	if small.Orders.PerDay != 4 || small.Orders.Peaks[0].Orders != 30 || lamps != 12 || reorder != 0 || cups != 15 || at != 5 || small.Staff.People != 1 {
		t.Errorf("a tenth is %+v", small)
	}
	if small.Days != s.Days || small.Gateway.DeclineRate != s.Gateway.DeclineRate || small.Goods[0].Price != s.Goods[0].Price {
		t.Errorf("a tenth is %+v", small)
	}
	if written(t, s) != before {
		t.Error("what was scaled has changed itself")
	}
	if err := s.Scaled(math.SmallestNonzeroFloat64).Validate(); err != nil {
		t.Errorf("next to nothing: %v", err)
	}
}

// FuzzParse: what can be read can be written, and is then read as the same.
func FuzzParse(f *testing.F) {
	for _, name := range scenario.Names() {
		doc, err := scenario.File(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(doc))
	}
	f.Fuzz(func(t *testing.T, doc string) {
		s, err := scenario.Parse([]byte(doc))
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%v", err)
			}
			return
		}
		again, err := scenario.Parse([]byte(written(t, s)))
		if diff := cmp.Diff(written(t, s), written(t, again)); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}
