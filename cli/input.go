package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"

	"doorstep/fault"
)

// openFile opens a file for reading.
//
// Errors: not_found; unavailable.
func openFile(name string) (io.ReadCloser, error) {
	f, err := os.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.NotFound, "there is no file %q", name)
	case err != nil:
		return nil, fault.New(fault.Unavailable, "the file %q can not be read: %w", name, err)
	}
	return f, nil
}

// maxInput bounds what is read of a file that is held in memory.
const maxInput = 64 << 20

// readAll reads a file that was named, or standard input for "-".
//
// Errors: not_found; unavailable; invalid when it is larger than maxInput.
func (s *session) readAll(name string) ([]byte, error) {
	f, err := s.input(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxInput+1))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "%q can not be read: %w", name, err)
	}
	if len(data) > maxInput {
		return nil, fault.New(fault.Invalid, "%q is larger than %d MiB", name, maxInput>>20)
	}
	return data, nil
}

// parseCount reads a whole number.
//
// Errors: invalid.
func parseCount(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fault.New(fault.Invalid, "%.40q is too large a number", s)
	case err != nil:
		return 0, fault.New(fault.Invalid, "%.40q is no whole number", s)
	}
	return n, nil
}

// unreadable is an error of reading what was typed with a flag, as one that
// names the flag.
func unreadable(flag string, err error) error {
	e := fault.As(err)
	if e == nil {
		return err
	}
	var c fault.Check
	c.Add(flag, "malformed", "%s", e.Message)
	return c.Err("what was typed")
}

// given is the value of a flag, or none when it was not given.
func given[T any](flag *T) (value T) {
	if flag != nil {
		value = *flag
	}
	return value
}
