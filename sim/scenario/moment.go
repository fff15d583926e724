package scenario

import (
	"fmt"
	"strings"
	"time"

	"doorstep/fault"
)

// Date is a day, written as 2026-03-02.
type Date time.Time

// MarshalText writes the day.
func (d Date) MarshalText() ([]byte, error) { return []byte(time.Time(d).Format(time.DateOnly)), nil }

// UnmarshalText reads a day.
//
// Errors: invalid.
func (d *Date) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.DateOnly, string(b))
	if err != nil {
		return fault.New(fault.Invalid, "%.40q is no day such as 2026-03-02", b)
	}
	*d = Date(t)
	return nil
}

// TimeOfDay is how long after midnight something is, written as 09:30.
type TimeOfDay time.Duration

// MarshalText writes the time.
func (t TimeOfDay) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// String is the time as hours and minutes.
func (t TimeOfDay) String() string {
	minutes := int(time.Duration(t) / time.Minute)
	return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60)
}

// UnmarshalText reads a time from 00:00 to 23:59.
//
// Errors: invalid.
func (t *TimeOfDay) UnmarshalText(b []byte) error {
	at, err := time.Parse("15:04", string(b))
	if err != nil || len(b) != len("15:04") {
		return fault.New(fault.Invalid, "%.40q is no time such as 09:30", b)
	}
	*t = TimeOfDay(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute)
	return nil
}

// Moment is how long after the start of the first day something is, written as
// "day 2 14:30".
type Moment time.Duration

const day = 24 * time.Hour

// MarshalText writes the moment.
func (m Moment) MarshalText() ([]byte, error) {
	d := time.Duration(m)
	return fmt.Appendf(nil, "day %d %s", 1+d/day, TimeOfDay(d%day)), nil
}

// UnmarshalText reads a moment.
//
// Errors: invalid.
func (m *Moment) UnmarshalText(b []byte) error {
	var n int
	var clock TimeOfDay
	days, hours, _ := strings.Cut(strings.TrimPrefix(string(b), "day "), " ")
	if _, err := fmt.Sscanf(days, "%d", &n); err != nil || n < 1 || n > mostDays || clock.UnmarshalText([]byte(hours)) != nil {
		return fault.New(fault.Invalid, "%.40q is no moment such as day 2 14:30", b)
	}
	read := Moment(time.Duration(n-1)*day + time.Duration(clock))
	// What it is written as again must be what was read: nothing is left over.
	if text, _ := read.MarshalText(); string(text) != string(b) {
		return fault.New(fault.Invalid, "%.40q is no moment such as day 2 14:30", b)
	}
	*m = read
	return nil
}

// At is when a moment of the scenario is.
func (s Scenario) At(m Moment) time.Time { return time.Time(s.Start).Add(time.Duration(m)) }
