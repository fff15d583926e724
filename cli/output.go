package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"doorstep"
	"doorstep/fault"
)

// named is a file of a command, with what people know it as. It is none when it
// has no name.
type named struct{ as, file string }

// checkOutputs refuses files that can not be written, or that must not be, before
// anything is done: what is kept is the database of the command, and what is read.
//
// Errors: not_found when there is no such folder; invalid when a file is a folder,
// the same as one that is kept, or as another one that is written.
func (s *session) checkOutputs(kept []named, written ...named) error {
	kept = append(kept, databaseFiles("the database (--db)", s.flags.DB, s.flags.Outside)...)
	for _, out := range written {
		if out.file == "" {
			continue
		}
		if err := checkFolder(out.file); err != nil {
			return err
		}
		info, err := os.Stat(out.file)
		if err == nil && info.IsDir() {
			return invalid("%s: %q is a folder", out.as, out.file)
		}
		if err == nil && !info.Mode().IsRegular() { // such as /dev/null, which takes everything
			continue
		}
		if err := apart(out, kept); err != nil {
			return err
		}
		kept = append(kept, out)
	}
	return nil
}

// apart holds a file that is written apart from those that are kept.
func apart(out named, kept []named) error {
	for _, k := range kept {
		if k.file != "" && k.file != "-" && isSame(out.file, k.file) {
			return invalid("%s: %q would be written over %s: name another file", out.as, out.file, k.as)
		}
	}
	return nil
}

// databaseFiles are the files of a database and of its providers' books, with
// those that are beside them while they are open: https://sqlite.org/tempfiles.html.
func databaseFiles(as, url, outside string) (all []named) {
	if url == "" {
		return nil
	}
	files := doorstep.Books(cmp.Or(outside, doorstep.OutsideOf(url)))
	if !doorstep.OnServer(url) {
		files = append(files, url)
	}
	for _, file := range files {
		for _, end := range []string{"", "-wal", "-shm", "-journal", ".lock"} {
			all = append(all, named{as, file + end})
		}
	}
	return all
}

// checkFolder refuses a file for which there is no folder.
//
// Errors: not_found.
func checkFolder(file string) error {
	folder := filepath.Dir(file)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fault.New(fault.NotFound, "there is no folder %q for the file %q", folder, filepath.Base(file))
	}
	return nil
}

// isSame says whether two names are of one file, by whatever link, also of one
// that is not there yet.
func isSame(a, b string) bool {
	if realName(a) == realName(b) {
		return true
	}
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// realName is a file's name without links, as far as it is there.
func realName(name string) string {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	} else if folder, err := filepath.EvalSymlinks(filepath.Dir(name)); err == nil {
		name = filepath.Join(folder, filepath.Base(name))
	}
	if whole, err := filepath.Abs(name); err == nil {
		return whole
	}
	return name
}

// writePage has a page written to a file, which has its name only once it is
// whole: until then an older one stays as it is.
//
// Errors: unavailable; those of render.
func writePage(file string, render func(*os.File) error) error {
	file = realName(file)
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return renderTo(file, os.O_WRONLY, render)
	}
	part := fmt.Sprintf("%s.%d.part", file, os.Getpid())
	err := renderTo(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, render)
	if err == nil {
		err = unwritten(file, os.Rename(part, file))
	}
	if err != nil && !errors.Is(err, os.ErrExist) { // what was there before is another's
		_ = os.Remove(part)
	}
	return err
}

func renderTo(file string, flags int, render func(*os.File) error) (err error) {
	f, err := os.OpenFile(file, flags, 0o666)
	if err != nil {
		return unwritten(file, err)
	}
	defer func() { err = errors.Join(err, unwritten(file, f.Close())) }()
	return render(f)
}

func unwritten(file string, err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "the report %q can not be written: %w", file, err)
}
