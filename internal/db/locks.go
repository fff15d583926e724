package db

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Lock names something that an Update will change, so that no two Updates that
// name it run at the same time. The rooms choose ranks that don't meet.
type Lock struct {
	Rank int
	Key  string
}

// compareLocks is the one order in which locks are listed: by rank, then key.
func compareLocks(a, b Lock) int {
	return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Key, b.Key))
}

// sortLocks returns the locks in order, each once, without touching its input.
func sortLocks(locks []Lock) []Lock {
	sorted := slices.Clone(locks)
	slices.SortFunc(sorted, compareLocks)
	return slices.Compact(sorted)
}

// hash returns the lock's number in PostgreSQL's space of advisory locks. Two
// locks that share a number wait for each other without need, nothing worse.
func (l Lock) hash() int64 {
	text := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(l.Key)), uint64(l.Rank))
	sum := sha256.Sum256(append(text, l.Key...))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// lockNumbers returns the numbers of all locks of the jobs, sorted, each once.
// Every group on every node takes them in this order, so that none waits in a
// circle.
func lockNumbers(jobs []*job) []int64 {
	var numbers []int64
	for _, j := range jobs {
		for _, l := range j.locks {
			numbers = append(numbers, l.hash())
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}
