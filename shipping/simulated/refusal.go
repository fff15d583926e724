package simulated

import (
	"doorstep/internal/outside"
	"doorstep/shipping"
)

// Postal codes that force an outcome. Any other follows the rates. A forced
// silence falls on the first ask under each key, and asking again under that key
// follows the rates.
const (
	PostalFailLabel         = "FAIL-LABEL"          // refused for good, as an address
	PostalTroubleOnce       = "TROUBLE-ONCE"        // the order's first purchase is refused for now
	PostalTimeoutAfterOnce  = "TIMEOUT-AFTER-ONCE"  // bought, and no answer
	PostalTimeoutBeforeOnce = "TIMEOUT-BEFORE-ONCE" // not bought, and no answer
	PostalUnreachableOnce   = "UNREACHABLE-ONCE"    // the request does not arrive
	PostalLostOnce          = "LOST-ONCE"           // the order's first parcel is lost on its way, without a word
)

var firstFate = map[string]outside.Fate{
	PostalTimeoutAfterOnce:  outside.TimeoutAfter,
	PostalTimeoutBeforeOnce: outside.TimeoutBefore,
	PostalUnreachableOnce:   outside.Unreachable,
}

// permanentRefusals are drawn from, evenly.
var permanentRefusals = []shipping.Refusal{shipping.AddressRefused, shipping.NoService}

// refusalOf tells why a purchase is refused, or nothing when the label is sold.
func (c *Carrier) refusalOf(tx *outside.Tx, a outside.Attempt, p shipping.Parcel) (shipping.Refusal, error) {
	switch {
	case !isCountry(p.To.Country), p.To.PostalCode == PostalFailLabel:
		return shipping.AddressRefused, nil
	case tariff[p.Service] == nil, !carried(p.WeightGrams):
		return shipping.NoService, nil
	case p.To.PostalCode == PostalTroubleOnce:
		return troubleOnce(tx, p.Order)
	case c.closed(a.At):
		return shipping.CarrierTrouble, nil
	}
	return c.drawRefusal(a.Key), nil
}

func (c *Carrier) drawRefusal(key string) shipping.Refusal {
	seed := c.line.Seed
	switch share := seed.Share(name, buyLabel, "refused", key); {
	case share < c.cfg.RefuseRate:
		return permanentRefusals[seed.Pick(len(permanentRefusals), name, buyLabel, "reason", key)]
	case share < c.cfg.RefuseRate+c.cfg.TroubleRate:
		return shipping.CarrierTrouble
	}
	return ""
}
