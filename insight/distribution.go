package insight

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Distribution counts durations in buckets that are 2 % wide, so that its size
// is bounded and any quantile is right to 1 %.
type Distribution struct {
	N       int64
	buckets map[int]int64
}

const width = 1.02

// Add counts a duration. A negative one counts as nothing.
func (d *Distribution) Add(v time.Duration) { d.addTo(bucketOf(v), 1) }

func (d *Distribution) addTo(bucket int, n int64) {
	if d.buckets == nil {
		d.buckets = map[int]int64{}
	}
	d.N += n
	d.buckets[bucket] += n
}

// Merge adds the durations of another distribution.
func (d *Distribution) Merge(o Distribution) {
	for bucket, n := range o.buckets {
		d.addTo(bucket, n)
	}
}

// Buckets are the buckets that hold any duration, and how many.
func (d *Distribution) Buckets() iter.Seq2[int, int64] { return maps.All(d.buckets) }

// MarshalText writes the buckets, each with how many durations it holds, in their order.
func (d *Distribution) MarshalText() (text []byte, err error) {
	for _, bucket := range slices.Sorted(maps.Keys(d.buckets)) {
		text = strconv.AppendInt(text, int64(bucket), 10)
		text = append(text, ':')
		text = strconv.AppendInt(text, d.buckets[bucket], 10)
		text = append(text, ' ')
	}
	return text, nil
}

// UnmarshalText reads what MarshalText has written.
func (d *Distribution) UnmarshalText(text []byte) error {
	*d = Distribution{}
	for _, word := range strings.Fields(string(text)) {
		bucket, n, found := strings.Cut(word, ":")
		b, err := strconv.Atoi(bucket)
		count, err2 := strconv.ParseInt(n, 10, 64)
		if !found || err != nil || err2 != nil {
			return fmt.Errorf("insight: %.40q is no bucket of a distribution", word)
		}
		d.addTo(b, count)
	}
	return nil
}

// none is the bucket of durations below a microsecond.
const none = -1

func bucketOf(v time.Duration) int {
	if v < time.Microsecond {
		return none
	}
	return int(math.Log(float64(v)/float64(time.Microsecond)) / math.Log(width))
}

// Quantile returns the duration that the share q of all does not exceed, 0
// when there are none.
func (d *Distribution) Quantile(q float64) time.Duration {
	rank := int64(math.Ceil(q * float64(d.N)))
	var seen int64
	for _, b := range slices.Sorted(maps.Keys(d.buckets)) {
		if seen += d.buckets[b]; seen >= rank {
			return valueOf(b)
		}
	}
	return 0
}

// valueOf returns the middle of a bucket, to three digits or so.
func valueOf(b int) time.Duration {
	if b == none {
		return 0
	}
	v := time.Duration(math.Pow(width, float64(b)+0.5) * float64(time.Microsecond))
	unit := time.Duration(1)
	for v/unit >= 10_000 {
		unit *= 10
	}
	return v.Round(unit)
}

// Median is the quantile at one half.
func (d *Distribution) Median() time.Duration { return d.Quantile(0.5) }

// P95 is the quantile at 0.95.
func (d *Distribution) P95() time.Duration { return d.Quantile(0.95) }
