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

// Durability reads the settings back, on a connection that carries out Updates and
// as these have left it: some settings are each connection's own. A database that
// is opened for reading only has none such; it is asked on a connection as its
// Views use them, and says nothing of what only writers have.
//
// Errors: those of Update.
func (d *DB) Durability(ctx context.Context) (Durability, error) {
	if !d.config.ReadOnly {
		return Update(ctx, d, nil, func(tx *Tx) (Durability, error) { return d.engine.asked().by(tx.text) })
	}
	if err := d.enter(); err != nil {
		return Durability{}, err
	}
	defer d.leave()
	return d.engine.durability(ctx)
}

// text returns the one text that a query yields.
func (tx *Tx) text(query string) (v string, err error) {
	err = tx.each(query, nil, func(r Row) error { return r.Scan(&v) })
	return v, err
}

// durabilityAsked is how an engine is asked how it keeps what it acknowledges.
type durabilityAsked struct {
	engine   string
	version  string // a query
	setting  string // how a query for a setting begins, before its name
	settings []string
}

// by asks on the connection that the function asks on.
func (a durabilityAsked) by(ask func(query string) (string, error)) (d Durability, err error) {
	d.Engine = a.engine
	if d.Version, err = ask(a.version); err != nil {
		return d, err
	}
	for _, name := range a.settings {
		value, err := ask(a.setting + name)
		if err != nil {
			return d, err
		}
		d.Settings = append(d.Settings, Setting{name, value})
	}
	return d, nil
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
