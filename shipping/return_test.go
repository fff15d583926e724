package shipping_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"doorstep/fault"
	"doorstep/shipping"
)

// TestWhatCame grades what came of a return.
func TestWhatCame(t *testing.T) {
	t.Parallel()
	lines := []shipping.ReturnLine{
		{Line: 1, SKU: "CUP", Quantity: 2, Location: "main"},
		{Line: 2, SKU: "POT", Quantity: 1, Location: "annex"},
		{Line: 3, SKU: "CUP", Quantity: 1, Location: "main"},
	}
	came := func(line int, came, restocked, withheld int64, location string) shipping.ReturnLine {
		l := lines[line-1]
		l.Quantity, l.Came, l.Restocked, l.Withheld, l.Location = came, came, restocked, withheld, location
		return l
	}
	for name, tt := range map[string]struct {
		of    shipping.Reception
		want  []shipping.ReturnLine
		wrong string
	}{
		"all": {want: []shipping.ReturnLine{came(1, 2, 2, 0, "main"), came(2, 1, 1, 0, "annex"), came(3, 1, 1, 0, "main")}},
		"some": {of: shipping.Reception{Lines: []shipping.LineUnits{{Line: 2}, {Line: 1, Quantity: 1}}, Location: "near"},
			want: []shipping.ReturnLine{came(1, 1, 1, 0, "near"), came(2, 1, 1, 0, "near")}},
		"some are broken": {of: shipping.Reception{Grading: shipping.Grading{Unfit: map[string]int64{"CUP": 1}}},
			want: []shipping.ReturnLine{came(1, 2, 2, 0, "main"), came(2, 1, 1, 0, "annex"), came(3, 1, 0, 0, "main")}},
		"all is broken, and not paid for": {of: shipping.Reception{Lines: []shipping.LineUnits{{Line: 1}}, Location: "near", Grading: shipping.Grading{WriteOff: true}, Withhold: true},
			want: []shipping.ReturnLine{came(1, 2, 0, 2, "main")}},
		"more than there is":        {of: shipping.Reception{Lines: []shipping.LineUnits{{Line: 1, Quantity: 3}}}, wrong: "lines[0].quantity"},
		"another line":              {of: shipping.Reception{Lines: []shipping.LineUnits{{Line: 4}}}, wrong: "lines[0].line"},
		"more is broken than comes": {of: shipping.Reception{Grading: shipping.Grading{Unfit: map[string]int64{"POT": 2}}}, wrong: "unfit[POT]"},
	} {
		got, err := tt.of.Of(lines)
		if tt.wrong != "" {
			if e := fault.As(err); e == nil || e.Code != fault.Invalid || e.Fields[0].Path != tt.wrong {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	if lines[0].Came != 0 {
		t.Error("the lines of the return have changed")
	}
}
