package report

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"doorstep/money"
)

// none stands where there is no number to show.
const none = "–"

// count returns n with its thousands apart: 1,234,567.
func count(n int64) string { return thousands(strconv.FormatInt(n, 10)) }

// plural returns n with the noun it counts: 1 order, 2 orders.
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// decimal returns an amount without its code and with its thousands apart: 1,234.50.
func decimal(a money.Amount) string { return thousands(a.Decimal()) }

// thousands sets commas in the whole part of a decimal number.
func thousands(decimal string) string {
	digits, neg := strings.CutPrefix(decimal, "-")
	whole, frac, dotted := strings.Cut(digits, ".")
	var b strings.Builder
	if neg {
		b.WriteString("−")
	}
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	if dotted {
		b.WriteString("." + frac)
	}
	return b.String()
}

// share returns part of whole in per cent. Rounding never makes all or nothing
// of what is neither.
func share(part, whole int64) string {
	p := percent(part, whole)
	switch {
	case whole <= 0:
		return none
	case part == 0, part == whole:
		return strconv.FormatFloat(p, 'f', 0, 64) + "%"
	case p > 0 && p < 0.05:
		return "<0.1%"
	case p > 99.9 && p < 100:
		return ">99.9%"
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + "%"
}

// percent is part of whole in per cent, 0 of nothing.
func percent(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

// words makes words of a code: out_of_stock becomes Out of stock.
func words(code string) string {
	s := strings.ReplaceAll(code, "_", " ")
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return none
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// space keeps a number and its unit on one line.
const space = "\u00a0"

const day = 24 * time.Hour

// duration returns d in three digits below a minute and in two units above:
// 1.24 ms, 12 min 5 s, 3 d 4 h.
func duration(d time.Duration) string {
	if r := significant(d); r < time.Minute {
		return small(r)
	}
	switch {
	case d.Round(time.Second) < time.Hour:
		return pair(d, time.Minute, "min", time.Second, "s")
	case d.Round(time.Minute) < day:
		return pair(d, time.Hour, "h", time.Minute, "min")
	}
	return pair(d, day, "d", time.Hour, "h")
}

// significant rounds d to three digits.
func significant(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}

func small(d time.Duration) string {
	unit, name := time.Second, "s"
	switch {
	case d == 0:
		return "0" + space + "s"
	case d < time.Microsecond:
		unit, name = time.Nanosecond, "ns"
	case d < time.Millisecond:
		unit, name = time.Microsecond, "µs"
	case d < time.Second:
		unit, name = time.Millisecond, "ms"
	}
	return strconv.FormatFloat(float64(d)/float64(unit), 'f', -1, 64) + space + name
}

func pair(d, big time.Duration, bigName string, little time.Duration, littleName string) string {
	d = d.Round(little)
	s := count(int64(d/big)) + space + bigName
	if rest := d % big / little; rest > 0 {
		s += " " + count(int64(rest)) + space + littleName
	}
	return s
}

// period returns from when to when, with the clock's place.
func period(from, to time.Time) string {
	const date, minute = "Mon 2 January 2006", "15:04"
	switch {
	case from.IsZero() || to.IsZero():
		return ""
	case from.Format(time.DateOnly) == to.Format(time.DateOnly):
		return from.Format(date+", "+minute) + " to " + to.Format(minute+" MST")
	}
	return from.Format(date+", "+minute) + " to " + to.Format(date+", "+minute+" MST")
}

// stretch returns how long a bucket is, in words: per hour.
func stretch(d time.Duration) string {
	switch d {
	case time.Minute:
		return "per minute"
	case time.Hour:
		return "per hour"
	case day:
		return "per day"
	case 7 * day:
		return "per week"
	}
	return "per " + duration(d)
}

// moment returns the layout that tells the starts of buckets apart.
func moment(every time.Duration, buckets []Bucket) string {
	if every >= day {
		return "2 Jan 2006"
	}
	if len(buckets) > 0 {
		first, last := buckets[0].Start, buckets[len(buckets)-1].Start
		if first.Format(time.DateOnly) == last.Format(time.DateOnly) {
			return "15:04"
		}
	}
	return "Mon 2 Jan, 15:04"
}

// seconds is what an axis of durations counts in.
func seconds(d time.Duration) float64 {
	// The axis needs no more than a millionth of a unit, and shorter numbers keep the page small.
	return math.Round(d.Seconds()*1e9) / 1e9
}
