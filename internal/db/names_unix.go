//go:build unix

package db

import (
	"io/fs"
	"syscall"
)

// namesOf returns how many names (hard links) a file has.
func namesOf(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Nlink) //nolint:unconvert // its width is the system's
	}
	return 1
}
