package shipping_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"doorstep/fault"
	"doorstep/shipping"
)

var statuses = []shipping.TrackingStatus{shipping.TrackingUnknown, shipping.PreTransit, shipping.InTransit, shipping.OutForDelivery, shipping.Delivered}

// TestFoldKnowsNoOrder folds scans in any order, in parts and twice: the parcel
// is where it was furthest, and never goes back.
func TestFoldKnowsNoOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		scans := rapid.SliceOf(rapid.Custom(func(r *rapid.T) shipping.Scan {
			return shipping.Scan{Status: rapid.SampledFrom(statuses).Draw(r, "status")}
		})).Draw(r, "scans")
		want := shipping.TrackingUnknown
		for _, s := range statuses {
			for _, k := range scans {
				if k.Status == s {
					want = s
				}
			}
		}
		shuffled := rapid.Permutation(scans).Draw(r, "shuffled")
		if got := shipping.Fold(shipping.TrackingUnknown, shuffled...); got != want {
			r.Errorf("%v fold to %s, not %s", shuffled, got, want)
		}
		half := rapid.IntRange(0, len(scans)).Draw(r, "half")
		part := shipping.Fold(shipping.TrackingUnknown, shuffled[:half]...)
		if got := shipping.Fold(part, append(shuffled[half:], shuffled[:half]...)...); got != want {
			r.Errorf("%v fold to %s in parts, not %s", shuffled, got, want)
		}
		if shipping.Fold(part, shuffled...) != want || part.Physical() && !want.Physical() {
			r.Errorf("%s went back to %s", part, want)
		}
	})
}

func TestAStatusThatIsNotKnownMovesNothing(t *testing.T) {
	t.Parallel()
	if got := shipping.Fold(shipping.InTransit, shipping.Scan{Status: "made_up"}); got != shipping.InTransit {
		t.Errorf("it moved a parcel to %s", got)
	}
}

func TestPhysical(t *testing.T) {
	t.Parallel()
	for i, s := range statuses {
		if s.Physical() != (i >= 2) {
			t.Errorf("%s proves that the carrier has the parcel: %t", s, s.Physical())
		}
	}
	if shipping.TrackingStatus("made_up").Physical() {
		t.Error("a status that is not known proves something")
	}
}

// TestTheLatestScan does not depend on the order in which scans come.
func TestTheLatestScan(t *testing.T) {
	t.Parallel()
	at := func(h int) time.Time { return time.Date(2026, 3, 2, h, 0, 0, 0, time.UTC) }
	if _, ok := shipping.Latest(nil); ok {
		t.Error("there is a latest scan of none")
	}
	scans := []shipping.Scan{{ID: "a", At: at(1)}, {ID: "b", At: at(3)}, {ID: "c", At: at(3)}, {ID: "d", At: at(2)}}
	rapid.Check(t, func(r *rapid.T) {
		if k, ok := shipping.Latest(rapid.Permutation(scans).Draw(r, "scans")); !ok || k.ID != "c" {
			r.Errorf("the latest is %+v", k)
		}
	})
}

// TestMishaps reads what carriers say of parcels that do not arrive.
func TestMishaps(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		scan shipping.Scan
		want shipping.Status
	}{
		{shipping.Scan{Status: shipping.ReturnToSender, Detail: shipping.DetailRefused}, shipping.Returned},
		{shipping.Scan{Status: shipping.Failure, Detail: shipping.DetailDamaged}, shipping.Damaged},
		{shipping.Scan{Status: shipping.Failure, Detail: shipping.DetailLost}, shipping.Lost},
		{shipping.Scan{Status: shipping.Failure}, shipping.Lost},
		{shipping.Scan{Status: shipping.Delivered}, ""},
		{shipping.Scan{Status: shipping.InTransit, Detail: shipping.DetailLost}, ""},
	} {
		if got := tt.scan.Mishap(); got != tt.want {
			t.Errorf("%+v says that it is %q, not %q", tt.scan, got, tt.want)
		}
		if tt.want != "" && (tt.scan.Status.Physical() || shipping.Fold(shipping.InTransit, tt.scan) != shipping.InTransit) {
			t.Errorf("%s moves a parcel on its way", tt.scan.Status)
		}
	}
}

func TestLastSeen(t *testing.T) {
	t.Parallel()
	at := func(h int) time.Time { return time.Date(2026, 3, 2, h, 0, 0, 0, time.UTC) }
	for _, tt := range []struct {
		s    shipping.Shipment
		want time.Time
	}{
		{shipping.Shipment{PlannedAt: at(1)}, at(1)},
		{shipping.Shipment{PlannedAt: at(1), ShippedAt: at(2)}, at(2)},
		{shipping.Shipment{PlannedAt: at(1), ShippedAt: at(3), ScannedAt: at(2)}, at(3)},
		{shipping.Shipment{PlannedAt: at(1), ShippedAt: at(2), ScannedAt: at(4)}, at(4)},
	} {
		if got := tt.s.LastSeen(); !got.Equal(tt.want) {
			t.Errorf("%+v was last seen at %s", tt.s, got)
		}
	}
}

func TestAHandOverIsChecked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ label, said, code string }{
		{"", "", "required"},
		{"A", "B", "mismatch"},
		{"", strings.Repeat("x", 65), "too_long"},
		{"", "\xff", "not_utf8"},
		{"", "a\nb", "control_character"},
		{"A", "A", ""},
		{"A", "", ""},
		{"", "B", ""},
	} {
		err := shipping.HandOver{TrackingNumber: tt.said}.Validate(shipping.Shipment{TrackingNumber: tt.label})
		code := ""
		if e := fault.As(err); e != nil {
			code = e.Fields[0].Code
		}
		if code != tt.code {
			t.Errorf("of a label %q %.5q is said: %v, not %q", tt.label, tt.said, err, tt.code)
		}
	}
}

// TestNothingFollowsTheEnd checks that a parcel that will not leave stays here.
func TestNothingFollowsTheEnd(t *testing.T) {
	t.Parallel()
	for _, row := range shipping.Transitions {
		if row.From == shipping.Failed || row.From == shipping.Voided {
			t.Errorf("%s happens to a parcel that is %s", row.On, row.From)
		}
	}
	if !shipping.CarrierTrouble.Temporary() || shipping.NoService.Temporary() || shipping.AddressRefused.Temporary() {
		t.Error("only trouble passes")
	}
}
