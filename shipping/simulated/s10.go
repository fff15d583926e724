package simulated

import (
	"fmt"
	"strconv"

	"doorstep/internal/outside"
)

// S10 returns a tracking number: a service indicator of two letters, a serial
// number of eight digits, its check digit and the sender's country.
//
// Source: UPU standard S10-12, identification of postal items.
func S10(indicator string, serial int, country string) string {
	return fmt.Sprintf("%s%08d%d%s", indicator, serial, checkDigit(serial), country)
}

// checkDigit is S10's: the digits weighted and summed modulo 11.
func checkDigit(serial int) int {
	sum := 0
	for _, weight := range [...]int{7, 9, 5, 3, 2, 4, 6, 8} { // from the last digit to the first
		sum += serial % 10 * weight
		serial /= 10
	}
	switch d := 11 - sum%11; d {
	case 10:
		return 0
	case 11:
		return 5
	default:
		return d
	}
}

// serials is how many serial numbers one indicator has.
const serials = 100_000_000

// trackingNumber draws the number that an attempt tries as its n-th: parcels
// have the indicators CA to CZ, express items EA to EZ.
func (c *Carrier) trackingNumber(a outside.Attempt, l Label, n int) string {
	first := "C"
	if l.service == Express {
		first = "E"
	}
	drawn := c.line.Seed.Pick(26*serials, name, "tracking_number", a.Key,
		strconv.FormatInt(a.Generation, 10), strconv.Itoa(n))
	second := string(rune('A' + drawn/serials))
	return S10(first+second, drawn%serials, l.from)
}
