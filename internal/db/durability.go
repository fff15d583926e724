package db

import (
	"context"
	"slices"

	"doorstep/fault"
)

// Durability is how the engine says it keeps what it acknowledges: its own
// words, read back from an open connection.
type Durability struct {
	Engine   string    `json:"engine"`
	Version  string    `json:"version"`
	Settings []Setting `json:"settings"`
}

// Setting is one of an engine's settings.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// durable lists the values with which an acknowledged commit outlives a crash
// of the machine: https://sqlite.org/pragma.html#pragma_synchronous (2 is FULL,
// 3 EXTRA) and https://www.postgresql.org/docs/current/runtime-config-wal.html.
var durable = map[string][]string{
	"journal_mode":       {"wal"},
	"synchronous":        {"2", "3"},
	"fsync":              {"on"},
	"full_page_writes":   {"on"},
	"synchronous_commit": {"on", "local", "remote_write", "remote_apply"},
}

// Durability reads the settings back.
func (d *DB) Durability(ctx context.Context) (Durability, error) {
	if err := d.enter(); err != nil {
		return Durability{}, err
	}
	defer d.leave()
	return d.engine.durability(ctx)
}

// Check returns an Unavailable fault when an acknowledged commit would not be
// durable with these settings.
func (d Durability) Check() error {
	for _, s := range d.Settings {
		if good, known := durable[s.Name]; known && !slices.Contains(good, s.Value) {
			return fault.New(fault.Unavailable,
				"the database would not keep what it acknowledges: %s is %s on this %s server or file",
				s.Name, s.Value, d.Engine)
		}
	}
	return nil
}
