package policy

import (
	"reflect"
	"time"

	"doorstep/internal/db"
)

// Longest returns the longest time that anything waits by the policy.
func (p Policy) Longest() time.Duration { return longest(reflect.ValueOf(p)) }

// longest looks at every setting there is, so that none that comes later is
// forgotten.
func longest(v reflect.Value) (most time.Duration) {
	if d, ok := v.Interface().(Duration); ok {
		return time.Duration(d)
	}
	if v.Type() == reflect.TypeFor[TicketLimits]() {
		return 0 // they look back
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			most = max(most, longest(v.Field(i)))
		}
	case reflect.Slice:
		for i := range v.Len() {
			most = max(most, longest(v.Index(i)))
		}
	}
	return most
}

// LongestEver returns the longest time that anything waits by the default or by
// any policy that the shop has ever set. One that can not be read is left out.
func LongestEver(r db.Reader) (time.Duration, error) {
	most := Default().Longest()
	err := db.Each(r, func(row db.Row) error {
		var doc string
		if err := row.Scan(&doc); err != nil {
			return err
		}
		if p, err := Parse(doc); err == nil {
			most = max(most, p.Longest())
		}
		return nil
	}, `SELECT doc FROM policies ORDER BY version`)
	return most, err
}
