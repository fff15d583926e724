package main_test

import (
	"os"
	"path/filepath"
	"strings"

	"doorstep/cli/intake"
	"doorstep/fault"
)

// disk is a small one that a shop's database lies on, and what came of its
// being full.
type disk struct {
	dir      string
	refused  int // answers in a row
	accepted int // answers
}

// full is what the program says of a disk that is full, on either engine.
const full = "disk is full"

// explains says whether an error is no more than that the disk is full.
func (d *disk) explains(err string) bool { return d != nil && strings.Contains(err, full) }

// refuses says whether an answer is that of a full disk.
func (d *disk) refuses(a *intake.Result) bool {
	if d == nil {
		return false
	}
	if !a.OK && a.Code == fault.Unavailable && strings.Contains(a.Message, full) {
		d.refused++
		return true
	}
	d.refused = 0
	d.accepted++
	return false
}

// reserve takes so many bytes of the disk, to be given back.
func (d *disk) reserve(bytes int) error {
	return os.WriteFile(d.ballast(), make([]byte, bytes), 0o600)
}

func (d *disk) giveBack() error { return os.Remove(d.ballast()) }

func (d *disk) ballast() string { return filepath.Join(d.dir, "ballast") }
