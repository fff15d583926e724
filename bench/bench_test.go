package bench_test

import (
	"slices"
	"testing"

	"doorstep/bench"
	"doorstep/fault"
)

// TestWhatIsMeasuredIsWhatItIsCalled: a ratio is of runs with as many callers, and a
// commit has no more orders than there are.
func TestWhatIsMeasuredIsWhatItIsCalled(t *testing.T) {
	t.Parallel()
	o, err := bench.Options{Orders: 120, Callers: []int{16, 1, 16}, Groups: []int{1000, 16, 256}}.Checked()
	if err != nil || !slices.Equal(o.Callers, []int{1, 16, bench.Usual}) || !slices.Equal(o.Groups, []int{16, 120}) {
		t.Errorf("%v, %v, %v", o.Callers, o.Groups, err)
	}
	for field, o := range map[string]bench.Options{
		"orders": {Callers: []int{1}}, "callers": {Orders: 1, Callers: []int{0}}, "groups": {Orders: 1, Callers: []int{1}, Groups: []int{0}},
	} {
		_, err := o.Checked()
		if e := fault.As(err); e == nil || e.Code != fault.Invalid || e.Fields[0].Path != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
