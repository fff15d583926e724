package simulated

import (
	"cmp"
	"math"
	"strings"

	"doorstep/fault"
	"doorstep/money"
	"doorstep/shipping"
)

// Zone is how far a parcel goes.
type Zone string

// The zones.
const (
	Domestic Zone = "domestic" // within one country
	Europe   Zone = "europe"   // between two countries of the table below
	World    Zone = "world"    // anywhere else
)

// europe is the countries between which the carrier charges its Europe zone: the
// European Union, EFTA, the United Kingdom and its islands, the microstates and
// the Balkans. ISO 3166-1 alpha-2.
const europe = " AD AL AT BA BE BG CH CY CZ DE DK EE ES FI FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS SE SI SK SM VA XK "

// ZoneOf returns the zone between two countries, ISO 3166-1 alpha-2.
func ZoneOf(from, to string) Zone {
	switch {
	case from == to:
		return Domestic
	case inEurope(from) && inEurope(to):
		return Europe
	}
	return World
}

func inEurope(country string) bool { return strings.Contains(europe, " "+country+" ") }

// The services.
const (
	Standard = "standard"
	Express  = "express"
)

// MaxWeightGrams is the heaviest parcel that is carried: a lorry's load.
const MaxWeightGrams = 24_000_000

// price is hundredths of the currency's unit: the first kilogram begun, and
// each further one.
type price struct{ first, further int64 }

// tariff is made up, and the figures are the same in every currency.
var tariff = map[string]map[Zone]price{
	Standard: {Domestic: {320, 90}, Europe: {850, 240}, World: {1290, 680}},
	Express:  {Domestic: {690, 160}, Europe: {1850, 490}, World: {2750, 1120}},
}

// Price returns what a parcel costs by service, zone and weight: a made-up
// tariff with one figure for the first kilogram begun and one for each further,
// the same in every currency and rounded up to its minor unit.
//
// Errors: invalid, with the field, when a country is no code of two capital
// letters, the currency unknown, the service neither standard nor express, or the
// weight not within 1 g and MaxWeightGrams.
func Price(p shipping.Parcel) (money.Amount, error) {
	var wrong fault.Check
	senderFields(&wrong, p)
	wrong.If(!isCountry(p.To.Country), "To.Country", "malformed", "a country is a code of two capital letters")
	wrong.If(tariff[p.Service] == nil, "Service", "unknown", "the services are standard and express")
	wrong.If(!carried(p.WeightGrams), "WeightGrams", "out_of_range", "a parcel weighs 1 to %d g", MaxWeightGrams)
	if err := wrong.Err("the parcel"); err != nil {
		return money.Amount{}, err
	}
	return cost(p), nil
}

// cost is what the carrier takes for a parcel that it carries.
func (c *Carrier) cost(p shipping.Parcel) money.Amount {
	price := cost(p)
	price.Minor = int64(math.Round(float64(price.Minor) * cmp.Or(c.cfg.Price, 1)))
	return price
}

// dearest bounds how many times the tariff a carrier takes: the heaviest parcel's
// price still fits its 64 bits.
const dearest = 1000

func cost(p shipping.Parcel) money.Amount {
	t := tariff[p.Service][ZoneOf(p.From, p.To.Country)]
	kilos := (p.WeightGrams + 999) / 1000
	return money.Of(hundredths(t.first+(kilos-1)*t.further, p.Currency), p.Currency)
}

// hundredths turns hundredths of a currency's unit into its minor units, rounded up.
func hundredths(n int64, c money.Currency) int64 {
	scale := int64(1)
	for range c.Digits() {
		scale *= 10
	}
	return (n*scale + 99) / 100
}

func carried(grams int64) bool { return grams > 0 && grams <= MaxWeightGrams }

func isCountry(s string) bool {
	return len(s) == 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z'
}

func senderFields(wrong *fault.Check, p shipping.Parcel) {
	wrong.If(!isCountry(p.From), "From", "malformed", "a country is a code of two capital letters")
	wrong.If(!p.Currency.Valid(), "Currency", "unknown", "a currency is a code of ISO 4217")
}

// checkSender names what is wrong with the sender's part of a parcel. What is
// wrong with the rest is for the carrier to refuse.
func checkSender(p shipping.Parcel) error {
	var wrong fault.Check
	senderFields(&wrong, p)
	return wrong.Err("the parcel")
}
