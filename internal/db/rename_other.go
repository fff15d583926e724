//go:build !linux

package db

import "errors"

// renameToNew is for systems that have no such call in common.
//
// Errors: errors.ErrUnsupported.
func renameToNew(_, _ string) error { return errors.ErrUnsupported }
