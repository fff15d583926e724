package money

import "strings"

// Currency is an ISO 4217 code of three capital letters.
type Currency string

// Digits returns how many decimals the currency's minor unit has, 2 when the
// currency is not known.
func (c Currency) Digits() int {
	if d, ok := c.digits(); ok {
		return d
	}
	return 2
}

// Valid says whether the code is an active currency of ISO 4217.
func (c Currency) Valid() bool {
	_, ok := c.digits()
	return ok
}

func (c Currency) digits() (int, bool) {
	d, ok := currencies[c]
	return d, ok
}

// currencies maps each active code to the decimals of its minor unit.
// Source: ISO 4217:2015, list one (funds and precious metals left out).
var currencies = table()

func table() map[Currency]int {
	m := map[Currency]int{}
	for digits, codes := range map[int]string{
		0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
		2: `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD
			CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
			GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD
			MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP
			PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
			TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`,
		3: "BHD IQD JOD KWD LYD OMR TND",
	} {
		for _, c := range strings.Fields(codes) {
			m[Currency(c)] = digits
		}
	}
	return m
}
