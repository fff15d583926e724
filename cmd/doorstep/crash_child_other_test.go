//go:build !linux

package main_test

import "syscall"

// dieWithParent is what only Linux has: elsewhere the end of its input or of
// the test ends a child.
func dieWithParent() *syscall.SysProcAttr { return nil }
