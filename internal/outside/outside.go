// Package outside is what the simulated providers stand on: the world outside
// the shop. It has a file of its own, which outlives the process; a seed, from
// which every random draw is a pure function; and a line to the provider, on
// which requests get lost, answers get lost, and both take time.
//
// Two providers may share one file, and so may several processes.
package outside

import (
	"database/sql"
	"errors"
	"net/url"

	"doorstep/fault"

	_ "modernc.org/sqlite" // the driver
)

// Open opens the SQLite file at path and makes it when it is missing. An empty
// path is a world in memory, which ends with the returned handle.
//
// The file is in WAL mode with synchronous=OFF: what was committed survives the
// death of the process (SIGKILL), not that of the machine. That is enough for a
// simulated world and keeps it fast. Several processes share the file; each
// waits up to ten seconds for the others.
//
// Errors: unavailable when the file can not be opened or is no database.
func Open(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", source(path))
	if err != nil {
		return nil, cannotOpen(path, err)
	}
	// One connection: a world in memory lives in it, and callers in one process
	// queue fairly for it instead of polling SQLite's lock.
	db.SetMaxOpenConns(1)
	if err := db.Ping(); err != nil {
		return nil, cannotOpen(path, errors.Join(err, db.Close()))
	}
	return db, nil
}

// source is the data source name (https://www.sqlite.org/uri.html).
func source(path string) string {
	if path == "" {
		return ":memory:?_txlock=immediate"
	}
	settings := url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(OFF)"},
	}
	return "file:" + url.PathEscape(path) + "?" + settings.Encode()
}

func cannotOpen(path string, err error) error {
	return fault.New(fault.Unavailable, "the outside world's file %q can not be opened: %w", path, err)
}
