package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"doorstep/cli"
)

// outputFiles are a folder in which nothing may be written over.
type outputFiles struct {
	t   *testing.T
	dir string
}

func newOutputFiles(t *testing.T) outputFiles {
	t.Helper()
	f := outputFiles{t, t.TempDir()}
	sample, err := os.ReadFile(importSample)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"x.csv": sample, "mine.json": []byte(mine), "shop.db": []byte("made up")} {
		if err := os.WriteFile(f.in(name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("x.csv", f.in("link.csv")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(f.in("x.csv"), f.in("hard.csv")); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f outputFiles) in(name string) string { return filepath.Join(f.dir, name) }

// all is every file with what is in it.
func (f outputFiles) all() string {
	f.t.Helper()
	var text strings.Builder
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(f.in(e.Name()))
		if err != nil {
			f.t.Fatal(err)
		}
		text.WriteString(e.Name() + ": " + string(data) + "\n")
	}
	return text.String()
}

// TestNothingIsWrittenOver: an output that is the input, the database or another
// output is refused before anything is done.
func TestNothingIsWrittenOver(t *testing.T) {
	t.Parallel()
	f := newOutputFiles(t)
	before := f.all()
	fresh := []string{"import", "--db", f.in("new.db")}
	for _, args := range [][]string{
		append(fresh, f.in("x.csv"), "--set-aside", f.in("x.csv")),
		append(fresh, f.in("x.csv"), "--outside", f.dir, "--set-aside", f.in("second-carrier.db")),
		append(fresh, f.in("x.csv"), "--set-aside", f.in("link.csv")),
		append(fresh, f.in("x.csv"), "--set-aside", f.in("hard.csv")),
		append(fresh, f.in("x.csv"), "--report", f.dir+"/./x.csv"),
		append(fresh, f.in("x.csv"), "--report", f.in("new.db")),
		append(fresh, f.in("x.csv"), "--report", f.in("new.db-wal")),
		append(fresh, f.in("x.csv"), "--set-aside", f.in("new.db")),
		append(fresh, f.in("x.csv"), "--set-aside", f.in("both"), "--report", f.in("both")),
		append(fresh, f.in("x.csv"), "--set-aside", f.in("both"), "--report", f.in("both.part")),
		append(fresh, f.in("x.csv"), "--report", f.dir),
		append(fresh, f.in("x.csv"), "--format", "plain", "--skus", f.in("mine.json"), "--report", f.in("mine.json")),
		{"simulate", "quiet-shop", "--keep", f.in("new.db"), "--report", f.in("new.db")},
		{"simulate", f.in("mine.json"), "--report", f.in("mine.json")},
		{"simulate", "compare", "quiet-shop", f.in("mine.json"), "--report", f.in("mine.json")},
		{"demo", "--db", f.in("shop.db"), "--report", f.in("shop.db")},
		{"bench", "--short", "--db", f.in("shop.db"), "--cpuprofile", f.in("shop.db")},
	} {
		var out, errs bytes.Buffer
		code := cli.Program{Stdout: &out, Stderr: &errs}.Run(t.Context(), args)
		if said := strings.Join(strings.Fields(errs.String()), " "); code != 2 || !strings.Contains(said, "written over") && !strings.Contains(said, "is a folder") {
			t.Errorf("%v: exit code %d: %s", args, code, said)
		}
		if after := f.all(); after != before {
			t.Fatalf("%v: the files are\n%s", args, after)
		}
	}
}

// TestAPageReplacesOnlyAPage: by any link, and as a whole.
func TestAPageReplacesOnlyAPage(t *testing.T) {
	t.Parallel()
	s := newSimulator(t)
	page, link := s.write("page.html", "old"), s.file("link.html")
	if err := os.Symlink("page.html", link); err != nil {
		t.Fatal(err)
	}
	s.must("", "simulate", s.file("mine.json"), "--days", "1", "--report", link)
	html, err := os.ReadFile(page)
	if err != nil || !bytes.Contains(html, []byte("</html>")) {
		t.Errorf("the page is %.40q, %v", html, err)
	}
	if left, _ := filepath.Glob(s.file("*.part")); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
}

// TestADeviceStaysOne: what is no file, such as /dev/null, is written to and not
// replaced.
func TestADeviceStaysOne(t *testing.T) {
	t.Parallel()
	pipe, dir := filepath.Join(t.TempDir(), "pipe"), t.TempDir()
	for flag, want := range map[string]string{"--set-aside": "Row,Column,Reason", "--report": "</html>"} {
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		read := make(chan string)
		go func() {
			data, err := os.ReadFile(pipe)
			if err != nil {
				t.Error(err)
			}
			read <- string(data)
		}()
		code, _, errs := importOf(t.Context(), t, importSample, "--db", filepath.Join(dir, "shop.db"), "--set-aside", filepath.Join(dir, "aside.csv"), flag, pipe)
		if info, err := os.Lstat(pipe); code != 0 || err != nil || info.Mode().IsRegular() {
			t.Fatalf("%s: exit code %d, it is replaced: %v, %s", flag, code, err, errs)
		}
		if got := <-read; !strings.Contains(got, want) {
			t.Errorf("%s: it has %.80q", flag, got)
		}
		if err := os.Remove(pipe); err != nil {
			t.Fatal(err)
		}
	}
}
