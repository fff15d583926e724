// Package outside is what the simulated providers stand on: the world outside
// the shop. It has a file of its own, which outlives the process; a seed, from
// which every random draw is a pure function; and a line to the provider, on
// which requests get lost, answers get lost, and both take time.
//
// Two providers may share one file, and so may several processes.
package outside

import (
	"errors"
	"sync"
	"time"

	"doorstep/fault"

	"zombiezen.com/go/sqlite"
)

// File is the world's file: one connection, with the statements that it has
// prepared. Callers of one process queue for it instead of polling SQLite's lock,
// and a world in memory lives in it. It may be used by many goroutines.
type File struct {
	mu   sync.Mutex
	conn *sqlite.Conn // nil once it is closed
}

// patience is how long a file waits for the other processes that have it open.
const patience = 10 * time.Second

// Open opens the SQLite file at path and makes it when it is missing. An empty
// path is a world in memory, which ends with the returned handle.
//
// The file is in WAL mode with synchronous=OFF: what was committed survives the
// death of the process (SIGKILL), not that of the machine. That is enough for a
// simulated world and keeps it fast. Several processes share the file; each
// waits up to ten seconds for the others.
//
// Errors: unavailable when the file can not be opened or is no database.
func Open(path string) (*File, error) {
	if path == "" {
		return connect(":memory:")
	}
	return connect(path, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = OFF")
}

func connect(path string, settings ...string) (*File, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return nil, cannotOpen(path, err)
	}
	conn.SetBusyTimeout(patience)
	tx := &Tx{conn}
	for _, s := range settings {
		if err := patiently(func() error { _, err := tx.Exec(s); return err }); err != nil {
			return nil, cannotOpen(path, errors.Join(err, conn.Close()))
		}
	}
	return &File{conn: conn}, nil
}

// patiently does something again for as long as others have the file. SQLite waits for
// them itself, but not when the file becomes one in WAL mode, which each of those who
// open a new one tries.
func patiently(do func() error) error {
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if err := do(); sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy || time.Now().After(end) {
			return err
		}
	}
}

// Close closes the file; a closed one stays so.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conn == nil {
		return nil
	}
	err := f.conn.Close()
	f.conn = nil
	return err
}

func cannotOpen(path string, err error) error {
	return fault.New(fault.Unavailable, "the outside world's file %q can not be opened: %w", path, err)
}
