package scenario

import (
	"time"

	"doorstep/policy"
	"doorstep/support"
)

// Default is a small shop on a usual week. Its goods are made up.
func Default() Scenario {
	p := policy.Default()
	p.HandOver = policy.HandOverFirstScan
	const minute, hour = policy.Duration(time.Minute), policy.Duration(time.Hour)
	return Scenario{
		Name: "default", About: "A small shop on a usual week.",
		Start: Date(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)), Days: 7, FollowDays: 30,
		Currency: "GBP", Country: "GB", ShippingPrice: 395,
		Orders: Orders{
			PerDay:    40,
			ByHour:    []float64{1, 1, 0, 0, 0, 1, 2, 4, 6, 8, 9, 9, 10, 8, 7, 7, 7, 8, 9, 10, 11, 9, 5, 2},
			ByWeekday: []float64{1, 1, 1, 1, 1, 1, 1},
			Peaks:     []Peak{},
		},
		Baskets:   Baskets{Lines: []float64{44, 31, 19, 6}, Units: []float64{75, 20, 5}},
		Customers: Customers{Regulars: 400, Returning: 0.4, Countries: []Destination{{"GB", 60}, {"FR", 10}, {"DE", 10}, {"IE", 10}, {"US", 10}}},
		Goods:     Goods(),
		Stock:     Stock{Units: 150, ReorderAt: 50, Reorder: 150, LeadTime: 72 * hour},
		Elsewhere: Elsewhere{Unpaid: 0.1, After: 4 * hour, Within: 68 * hour},
		Gateway: Gateway{DeclineRate: 0.05, SoftShare: 0.4, RefundDeclineRate: 0.002,
			Line: Line{TimeoutBeforeRate: 0.005, TimeoutAfterRate: 0.005, LatencyLeast: minute / 200, LatencyMost: minute / 20, Outages: []Outage{}}},
		Carrier:  usualCarrier(),
		Second:   SecondCarrier{Price: 1.5, Carrier: usualCarrier()},
		Thoughts: Thoughts{After: 2 * minute, Within: 3 * hour},
		Wishes: []Wish{
			{support.CancelRequest, 0.02, SincePlaced, minute, 6 * hour},
			{support.WhereIsMyOrder, 0.03, SincePlaced, hour, 96 * hour},
			{support.OrderIssue, 0.01, SinceDelivered, hour, 48 * hour},
			{support.Damaged, 0.005, SinceDelivered, hour, 48 * hour},
			{support.WrongItem, 0.005, SinceDelivered, hour, 48 * hour},
			{support.ReturnRequest, 0.03, SinceDelivered, 12 * hour, 120 * hour},
			{support.Other, 0.01, SincePlaced, hour, 48 * hour},
		},
		Waves:   []Wave{},
		Returns: Returns{Posted: 0.9, After: 48 * hour, Within: 120 * hour, Unfit: 0.1},
		Staff: Staff{People: 1, From: TimeOfDay(9 * time.Hour), To: TimeOfDay(17 * time.Hour), Least: 5 * minute, Most: 20 * minute,
			HandOver: TimeOfDay(16*time.Hour + 30*time.Minute)},
		Policy: p,
	}
}

// usualCarrier is one with which little goes wrong.
func usualCarrier() Carrier {
	const second = policy.Duration(time.Second)
	return Carrier{RefuseRate: 0.005, TroubleRate: 0.03, LateRate: 0.1, TwiceRate: 0.1, LostRate: 0.005, DamagedRate: 0.003,
		RefusedRate: 0.002, ReturnedRate: 0.003, Strikes: []Strike{},
		Line: Line{TimeoutAfterRate: 0.005, LatencyLeast: second / 5, LatencyMost: 2 * second, Outages: []Outage{}}}
}

// Goods are what the small shop sells, dearer things in smaller numbers.
func Goods() []Good {
	return []Good{
		{SKU: "CUP-BLUE", Name: "Cup, blue", Price: 450, Weight: 320, Popularity: 14},
		{SKU: "CUP-RED", Name: "Cup, red", Price: 450, Weight: 320, Popularity: 12},
		{SKU: "PLATE-S", Name: "Plate, small", Price: 595, Weight: 410, Popularity: 10},
		{SKU: "PLATE-L", Name: "Plate, large", Price: 895, Weight: 730, Popularity: 9},
		{SKU: "BOWL", Name: "Bowl", Price: 750, Weight: 510, Popularity: 9},
		{SKU: "TEAPOT", Name: "Teapot", Price: 2499, Weight: 1150, Popularity: 5},
		{SKU: "VASE", Name: "Vase", Price: 1850, Weight: 940, Popularity: 6},
		{SKU: "CANDLE", Name: "Candle", Price: 320, Weight: 210, Popularity: 13},
		{SKU: "LANTERN", Name: "Lantern", Price: 1695, Weight: 880, Popularity: 6},
		{SKU: "CUSHION", Name: "Cushion", Price: 1450, Weight: 450, Popularity: 7},
		{SKU: "BLANKET", Name: "Blanket", Price: 3995, Weight: 1300, Popularity: 4},
		{SKU: "LAMP", Name: "Table lamp", Price: 5900, Weight: 2100, Popularity: 3},
	}
}
