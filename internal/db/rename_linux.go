package db

import (
	"errors"

	"golang.org/x/sys/unix"
)

// renameToNew renames a file if nothing has the new name yet, in one step:
// renameat2(2). Not every file system can.
//
// Errors: fs.ErrExist; errors.ErrUnsupported.
func renameToNew(old, name string) error {
	err := unix.Renameat2(unix.AT_FDCWD, old, unix.AT_FDCWD, name, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) { // how a file system says that it can not
		return errors.ErrUnsupported
	}
	return err
}
