package importer_test

import (
	"bytes"
	"testing"
)

// BenchmarkReader measures the reading of a history, without its import.
func BenchmarkReader(b *testing.B) {
	file := sample(b)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		readAll(b, bytes.NewReader(file))
	}
}
