// Package tourtest types what a document has people type, in an empty folder.
package tourtest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Lines returns the lines that a document has people type: those that are indented. Of a
// heading, those below it; of none (""), all.
func Lines(t *testing.T, document, heading string) string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	section := string(text)
	if heading != "" {
		_, below, found := strings.Cut(section, "\n"+heading+"\n")
		if !found {
			t.Fatalf("%s has no %q", document, heading)
		}
		section, _, _ = strings.Cut(below, "\n## ")
	}
	var lines []string
	for line := range strings.Lines(section) {
		if code, is := strings.CutPrefix(line, "    "); is {
			lines = append(lines, code)
		}
	}
	return strings.Join(lines, "")
}

// FreePort returns a port at which nothing listens.
func FreePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

// within is how long what is typed may take.
const within = time.Minute

// Type types lines in an empty folder that has the programs in bin, and returns what they
// have said. What is typed at a terminal goes on after an error; here it ends there.
func Type(t *testing.T, lines string, programs []string, env ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, program := range programs {
		if err := os.Symlink(program, filepath.Join(dir, "bin", filepath.Base(program))); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	sh := exec.CommandContext(ctx, "bash", "-e", "-c", lines+"wait")
	sh.Dir, sh.WaitDelay = dir, 10*time.Second
	sh.Env = append(os.Environ(), env...)
	sh.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what it has started ends with it
	sh.Cancel = func() error { return syscall.Kill(-sh.Process.Pid, syscall.SIGTERM) }
	said, err := sh.CombinedOutput()
	if err != nil {
		_ = sh.Cancel() // what is left after an error
		t.Fatalf("%v:\n%s", err, said)
	}
	return string(said)
}
