package simulated_test

import (
	"testing"

	"pgregory.net/rapid"

	"doorstep/money"
	"doorstep/shipping"
	"doorstep/shipping/simulated"
)

func TestPrices(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		service, to string
		grams       int64
		currency    money.Currency
		want        int64
	}{
		{"standard", "GB", 1, "GBP", 320},
		{"standard", "GB", 1000, "GBP", 320},
		{"standard", "GB", 1001, "GBP", 410},
		{"standard", "FR", 2000, "EUR", 1090},
		{"standard", "US", 3500, "GBP", 3330},
		{"express", "GB", 500, "GBP", 690},
		{"express", "US", 500, "JPY", 28},    // 27.50, rounded up
		{"express", "US", 500, "KWD", 27500}, // three decimals
	} {
		p := parcel()
		p.Service, p.To.Country, p.WeightGrams, p.Currency = c.service, c.to, c.grams, c.currency
		if got, err := simulated.Price(p); err != nil || got != money.Of(c.want, c.currency) {
			t.Errorf("%+v: %s, %v", c, got, err)
		}
	}
}

func TestZones(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		want     simulated.Zone
	}{
		{"GB", "GB", simulated.Domestic}, {"US", "US", simulated.Domestic},
		{"GB", "DE", simulated.Europe}, {"CH", "NO", simulated.Europe},
		{"GB", "AU", simulated.World}, {"US", "DE", simulated.World}, {"US", "CA", simulated.World},
	} {
		if got := simulated.ZoneOf(c.from, c.to); got != c.want {
			t.Errorf("%s to %s: %s, want %s", c.from, c.to, got, c.want)
		}
	}
}

func TestTariffRisesWithWeightDistanceAndSpeed(t *testing.T) {
	t.Parallel()
	zones := []string{"GB", "FR", "US"}
	services := []string{simulated.Standard, simulated.Express}
	rapid.Check(t, func(t *rapid.T) {
		grams := rapid.Int64Range(1, simulated.MaxWeightGrams).Draw(t, "grams")
		heavier := rapid.Int64Range(grams, simulated.MaxWeightGrams).Draw(t, "heavier")
		zone := rapid.IntRange(0, len(zones)-1).Draw(t, "zone")
		farther := rapid.IntRange(zone, len(zones)-1).Draw(t, "farther")
		service := rapid.IntRange(0, 1).Draw(t, "service")
		faster := rapid.IntRange(service, 1).Draw(t, "faster")
		currency := rapid.SampledFrom([]money.Currency{"GBP", "JPY", "KWD"}).Draw(t, "currency")
		price := func(grams int64, zone, service int) int64 {
			a, err := simulated.Price(shipping.Parcel{WeightGrams: grams, Service: services[service], From: "GB",
				To: shipping.Address{Country: zones[zone]}, Currency: currency})
			if err != nil || a.Currency != currency {
				t.Fatalf("%s, %v", a, err)
			}
			return a.Minor
		}
		less, more := price(grams, zone, service), price(heavier, farther, faster)
		if less <= 0 || less > more {
			t.Fatalf("%d and for more %d", less, more)
		}
	})
}

func TestS10(t *testing.T) {
	t.Parallel()
	for want, serial := range map[string]int{
		"RR473124829GB": 47312482, // a published example of UPU S10
		"RR000000005GB": 0,        // 11 is written as 5
		"RR000000080GB": 8,        // 10 is written as 0
	} {
		if got := simulated.S10("RR", serial, "GB"); got != want {
			t.Errorf("%08d: %s, want %s", serial, got, want)
		}
	}
}
