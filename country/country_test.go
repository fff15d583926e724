package country_test

import (
	"testing"

	"doorstep/country"
	"doorstep/fault"
)

// TestCodes tries every pair of letters: 249 are assigned, and Kosovo's is known.
func TestCodes(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if code := string(a) + string(b); country.Valid(code) {
				known[code] = true
			}
		}
	}
	if len(known) != 249+1 {
		t.Errorf("%d countries are known", len(known))
	}
	for code, want := range map[string]bool{
		"AD": true, "GB": true, "GR": true, "KR": true, "SS": true, "TW": true, "ZA": true, "ZW": true, "XK": true,
		"AA": false, "AN": false, "EL": false, "EU": false, "QQ": false, "SU": false, "UK": false, "XI": false, "YU": false, country.Unknown: false,
	} {
		if known[code] != want {
			t.Errorf("%s is a country: %t", code, !want)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"GB": "", "XK": "", "": "malformed", "G": "malformed", "gb": "malformed", "Gb": "malformed", "GBR": "malformed", "D ": "malformed",
		" D": "malformed", "é": "malformed", "\xff\xff": "malformed", "AD AE": "malformed", "UK": "unknown", country.Unknown: "unknown",
	} {
		var c fault.Check
		country.Check(&c, "country", code)
		var got fault.Field
		if e := fault.As(c.Err("the address")); e != nil {
			got = e.Fields[0]
		}
		if got.Code != want || (got.Path == "country") != (want != "") {
			t.Errorf("%q: %+v, want %q", code, got, want)
		}
	}
}
