package main_test

import "syscall"

// dieWithParent has the kernel end a child whose parent has gone.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
