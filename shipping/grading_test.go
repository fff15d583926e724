package shipping_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"doorstep/fault"
	"doorstep/shipping"
)

func TestWhatIsFitToBeSoldAgain(t *testing.T) {
	t.Parallel()
	held := []shipping.ShipmentLine{{Line: 1, SKU: "CUP", Quantity: 2}, {Line: 2, SKU: "POT", Quantity: 1}, {Line: 3, SKU: "CUP", Quantity: 1}}
	for name, tt := range map[string]struct {
		grading shipping.Grading
		fit     map[string]int64
		wrong   string
	}{
		"all":                {fit: map[string]int64{"CUP": 3, "POT": 1}},
		"nothing":            {grading: shipping.Grading{WriteOff: true}, fit: map[string]int64{}},
		"one is broken":      {grading: shipping.Grading{Unfit: map[string]int64{"CUP": 1, "POT": 0}}, fit: map[string]int64{"CUP": 2, "POT": 1}},
		"an SKU is broken":   {grading: shipping.Grading{Unfit: map[string]int64{"POT": 1}}, fit: map[string]int64{"CUP": 3}},
		"more than there is": {grading: shipping.Grading{Unfit: map[string]int64{"CUP": 4}}, wrong: "unfit[CUP]"},
		"less than none":     {grading: shipping.Grading{Unfit: map[string]int64{"POT": -1}}, wrong: "unfit[POT]"},
		"what is not in it":  {grading: shipping.Grading{Unfit: map[string]int64{"LAMP": 1}}, wrong: "unfit[LAMP]"},
	} {
		fit, err := tt.grading.Fit(held)
		if tt.wrong != "" {
			if e := fault.As(err); e == nil || e.Code != fault.Invalid || e.Fields[0].Path != tt.wrong {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if diff := cmp.Diff(tt.fit, fit); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}
