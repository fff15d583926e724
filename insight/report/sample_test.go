package report_test

import (
	"time"

	"doorstep/insight/report"
	"doorstep/money"
)

// day returns the made-up day of a made-up shop.
func day() report.Data {
	start := time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC)
	return report.Data{
		Title: "A day of a simulated shop", Shop: "Sample shop (made up)",
		From: start, To: start.AddDate(0, 0, 1),
		Funnel: []report.Stage{{"placed", 1000}, {"processed", 981}, {"paid", 952}, {"shipped", 945}, {"delivered", 941}},
		Failed: []report.Reason{{"payment_declined", 29, nil}, {"out_of_stock", 19, nil}, {"label_refused", 7, nil}},
		Steps: []report.Step{
			{"payment", report.ShopTime, 981, 2400 * time.Millisecond, 41 * time.Second, 0, 0},
			{"label", report.ShopTime, 952, 1800 * time.Millisecond, 63 * time.Second, 0, 0},
			{"hand-over", report.ShopTime, 945, 4*time.Hour + 12*time.Minute, 17*time.Hour + 40*time.Minute, 0, 0},
			{"carrier, to the door", report.ShopTime, 941, 52 * time.Hour, 101 * time.Hour, 0, 0},
			{"place", report.WallTime, 1000, 1240 * time.Microsecond, 3910 * time.Microsecond, 0, 0},
			{"pay", report.WallTime, 981, 870 * time.Microsecond, 2200 * time.Microsecond, 0, 0},
			{"ship", report.WallTime, 952, 910 * time.Microsecond, 2750 * time.Microsecond, 0, 0},
			{"track", report.WallTime, 3764, 310 * time.Microsecond, 905 * time.Microsecond, 0, 0},
		},
		OverTime: hours(start),
		Taken:    []money.Amount{money.Of(4_861_237, "GBP"), money.Of(913_020, "EUR")},
		Refunded: []money.Amount{money.Of(38_155, "GBP")},
		Tickets: []report.TicketOutcome{
			{"order_issue", "refunded", 12}, {"order_issue", "sent_again", 5},
			{"where_is_my_order", "told_where_it_is", 21}, {"other", "handed_to_a_person", 3},
		},
		Verify: report.Verdict{Checked: []string{
			"stock levels equal their movements", "reservations belong to living orders",
			"facets agree with payments and shipments", "nothing handed over unpaid",
			"net captured is total less refunded", "one label per parcel owed", "events replay to the same states",
		}},
		Facts: []report.Fact{
			{"Seed", "7"}, {"Engine", "SQLite"}, {"Orders", "1,000"}, {"Virtual period", "24 hours, then until all was done"},
		},
	}
}

// hours returns a day with a rush at noon and one in the evening.
func hours(start time.Time) []report.Bucket {
	placed := []int64{9, 6, 4, 3, 5, 11, 24, 41, 55, 58, 62, 79, 88, 74, 57, 51, 49, 58, 66, 71, 62, 41, 18, 8}
	var all []report.Bucket
	for i, n := range placed {
		b := report.Bucket{Start: start.Add(time.Duration(i) * time.Hour), Placed: n}
		if i >= 8 && i < 18 {
			b.Shipped = 40 + n
		}
		if i >= 9 && i < 20 {
			b.Delivered = 50 + 6*int64(i%7)
		}
		all = append(all, b)
	}
	return all
}

// troubled returns a day on which verify finds something.
func troubled() report.Data {
	d := day()
	d.Verify.Violations = []string{
		"order 1042: handed over, but only GBP 10.00 of GBP 12.00 is paid",
		"SKU mug-blue: 3 on hand, but the movements come to 4",
	}
	return d
}

// single returns one order, so that every noun is in the singular.
func single() report.Data {
	return report.Data{
		Funnel:  []report.Stage{{"placed", 1}, {"paid", 1}, {"delivered", 0}},
		Steps:   []report.Step{{"pay", report.WallTime, 1, 0, 0, 0, 0}},
		Tickets: []report.TicketOutcome{{"other", "open", 1}},
		Verify:  report.Verdict{Violations: []string{"order 1: no next step"}},
	}
}
