package state_test

import (
	"slices"
	"testing"

	"doorstep/fault"
	"doorstep/state"
)

var lamp = state.Table[string, string]{
	{From: "", On: "made", To: "off"},
	{From: "off", On: "press", To: "on"},
	{From: "on", On: "press", To: "off"},
	{From: "on", On: "drop", To: "broken"},
}

func TestTheTableIsTheOnlyWay(t *testing.T) {
	t.Parallel()
	for _, row := range lamp {
		if got, err := lamp.Next(row.From, row.On); err != nil || got != row.To {
			t.Errorf("%s in %q leads to %q, %v", row.On, row.From, got, err)
		}
		if !lamp.Can(row.From, row.On) {
			t.Errorf("%s can not happen in %q", row.On, row.From)
		}
	}
	got, err := lamp.Next("broken", "press")
	if !fault.Is(err, fault.Conflict) || got != "broken" || lamp.Can("broken", "press") {
		t.Errorf("a broken lamp is %q after it was pressed: %v", got, err)
	}
	if got := lamp.States(); !slices.Equal(got, []string{"off", "on", "broken"}) {
		t.Errorf("the states are %q", got)
	}
}
