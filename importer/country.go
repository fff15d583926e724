package importer

import (
	"maps"

	iso "doorstep/country"
)

// UnknownCountry stands for a name that is no country.
const UnknownCountry = iso.Unknown

// countries maps the names of the online-retail data set, both editions, to
// ISO 3166-1 alpha-2. The Channel Islands have no code of their own; they are
// sent to as Jersey, the larger. "European Community", "Unspecified" and "West
// Indies" are no countries.
var countries = map[string]string{
	"Australia":            "AU",
	"Austria":              "AT",
	"Bahrain":              "BH",
	"Belgium":              "BE",
	"Bermuda":              "BM",
	"Brazil":               "BR",
	"Canada":               "CA",
	"Channel Islands":      "JE",
	"Cyprus":               "CY",
	"Czech Republic":       "CZ",
	"Denmark":              "DK",
	"EIRE":                 "IE",
	"European Community":   UnknownCountry,
	"Finland":              "FI",
	"France":               "FR",
	"Germany":              "DE",
	"Greece":               "GR",
	"Hong Kong":            "HK",
	"Iceland":              "IS",
	"Israel":               "IL",
	"Italy":                "IT",
	"Japan":                "JP",
	"Korea":                "KR",
	"Lebanon":              "LB",
	"Lithuania":            "LT",
	"Malta":                "MT",
	"Netherlands":          "NL",
	"Nigeria":              "NG",
	"Norway":               "NO",
	"Poland":               "PL",
	"Portugal":             "PT",
	"RSA":                  "ZA",
	"Saudi Arabia":         "SA",
	"Singapore":            "SG",
	"Spain":                "ES",
	"Sweden":               "SE",
	"Switzerland":          "CH",
	"Thailand":             "TH",
	"USA":                  "US",
	"United Arab Emirates": "AE",
	"United Kingdom":       "GB",
	"Unspecified":          UnknownCountry,
	"West Indies":          UnknownCountry,
}

// Countries returns the table from the file's names to ISO 3166-1 alpha-2.
func Countries() map[string]string { return maps.Clone(countries) }

func countryCode(name string) string {
	if code, ok := countries[name]; ok {
		return code
	}
	return UnknownCountry
}
