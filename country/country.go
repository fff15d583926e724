// Package country knows the codes of countries: ISO 3166-1 alpha-2, two capital
// letters such as GB.
package country

import (
	"strings"

	"doorstep/fault"
)

// Unknown stands for a country that nobody wrote down: ISO 3166-1 leaves ZZ to
// its users and will never give it to a country.
const Unknown = "ZZ"

// kosovo is left to its users by ISO 3166-1 as well; carriers and the European
// Union write it so.
const kosovo = "XK"

// assigned are the officially assigned codes, 249 of them:
// https://www.iso.org/obp/ui/#iso:pub:PUB500001:en.
const assigned = " " +
	"AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ " +
	"BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR " +
	"CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR " +
	"GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU " +
	"ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ " +
	"LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ " +
	"MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF " +
	"PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI " +
	"SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR " +
	"TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "

// Valid says whether a text is the code of a country. Unknown is none.
func Valid(code string) bool {
	return len(code) == 2 && strings.Contains(assigned, " "+code+" ") || code == kosovo
}

// Check names the field unless it is the code of a country: as malformed when it
// is not two capital letters, as unknown when no country has them.
func Check(c *fault.Check, path, code string) {
	switch {
	case len(code) != 2 || strings.ContainsFunc(code, func(r rune) bool { return r < 'A' || r > 'Z' }):
		c.Add(path, "malformed", "an ISO 3166-1 alpha-2 code such as GB")
	case !Valid(code):
		c.Add(path, "unknown", "an assigned ISO 3166-1 alpha-2 code such as GB: %q is none", code)
	}
}
