package db

import "time"

// Micros returns t as it is stored: microseconds since 1970 in UTC, and 0 for
// the zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time returns the time that is stored as µs, in UTC: the other way of Micros.
func Time(µs int64) time.Time {
	if µs == 0 {
		return time.Time{}
	}
	return time.UnixMicro(µs).UTC()
}

// Bool returns b as it is stored: 1 for true.
func Bool(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
