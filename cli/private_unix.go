//go:build unix

package cli

import "syscall"

// private has the socket that is about to be bound made for its owner alone.
func private(socket uintptr) error { return syscall.Fchmod(int(socket), 0o600) }
