package shipping_test

import (
	"testing"

	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/shipping"
)

// parcels writes parcels of orders that are not there, which is none of this
// room's concern: one with a number of its own, two whose carriers gave the
// same one, and one without.
func parcels(t *testing.T, d *db.DB) {
	t.Helper()
	_, err := db.Update(t.Context(), d, nil, func(tx *db.Tx) (struct{}, error) {
		for _, s := range []shipping.Shipment{
			{ID: "shp_1", Order: "ord_1", Carrier: "one", TrackingNumber: "MADE-UP-1"},
			{ID: "shp_2", Order: "ord_2", Carrier: "one", TrackingNumber: "MADE-UP-2"},
			{ID: "shp_3", Order: "ord_3", Carrier: "another", TrackingNumber: "MADE-UP-2"},
			{ID: "shp_4", Order: "ord_4", Carrier: "one"},
		} {
			s.Location, s.Service, s.Status, s.Tracking, s.PlannedAt = "main", "standard", shipping.Planned, shipping.TrackingUnknown, tx.Now()
			s.Units = 1
			shipping.Insert(tx, s, nil)
		}
		return struct{}{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAParcelByItsNumber(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		d := dbtest.Open(t, engine, db.Config{})
		parcels(t, d)
		for _, tt := range []struct {
			what, order, shipment string
			code                  fault.Code
			parcels               int // that have it as their number
		}{
			{"shp_3", "ord_3", "shp_3", "", 0},
			{"MADE-UP-1", "ord_1", "shp_1", "", 1},
			{"MADE-UP-2", "", "", fault.Conflict, 2},
			{"MADE-UP-3", "", "", fault.NotFound, 0},
			{"", "", "", fault.NotFound, 0},
		} {
			_, err := db.View(t.Context(), d, func(r db.Reader) (struct{}, error) {
				by, err := shipping.ByTracking(r, tt.what)
				if len(by) != tt.parcels || err != nil {
					t.Errorf("%q is the number of %v, %v", tt.what, by, err)
				}
				order, shipment, err := shipping.OrderOf(r, tt.what)
				if order != tt.order || shipment != tt.shipment || fault.CodeOf(err) != tt.code {
					t.Errorf("%q is %q of %q, %v", tt.what, shipment, order, err)
				}
				return struct{}{}, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
