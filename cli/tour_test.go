package cli_test

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

// tour returns the lines that README has people type under a heading.
func tour(t *testing.T, heading string) string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(readme), "\n"+heading+"\n")
	if !found {
		t.Fatalf("README has no %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var lines []string
	for line := range strings.Lines(section) {
		if code, is := strings.CutPrefix(line, "    "); is {
			lines = append(lines, code)
		}
	}
	return strings.Join(lines, "")
}

// free returns a port at which nothing listens.
func free(t *testing.T) string {
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

// TestTheTourIsTrue types what README says about the API, in an empty folder; only the
// port is another.
func TestTheTourIsTrue(t *testing.T) {
	t.Parallel()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	typed, port := tour(t, "## The API"), free(t)
	const standard = "127.0.0.1:8420"
	if strings.Count(typed, standard) != 2 || !strings.Contains(typed, " serve ") {
		t.Fatalf("README's tour is not what this test takes it for:\n%s", typed)
	}
	typed = strings.ReplaceAll(typed, standard, "127.0.0.1:"+port)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, filepath.Join(dir, "bin", "doorstep")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// What is typed at a terminal goes on after an error; here it ends there.
	sh := exec.CommandContext(ctx, "bash", "-e", "-c", typed+"wait")
	sh.Dir, sh.WaitDelay = dir, 10*time.Second
	sh.Env = append(os.Environ(), "DOORSTEP_LISTEN=127.0.0.1:"+port)
	sh.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the server ends with it
	sh.Cancel = func() error { return syscall.Kill(-sh.Process.Pid, syscall.SIGTERM) }
	said, err := sh.CombinedOutput()
	if err != nil {
		cancel()
		_ = sh.Cancel() // what is left after an error
		t.Fatalf("%v:\n%s", err, said)
	}
	for _, want := range []string{`"status":"processed"`, `"status":"shipped"`, `"tracking_number":"`, `"status":"solved"`, `"type":"order.processed"`} {
		if !strings.Contains(string(said), want) {
			t.Errorf("the tour does not come to %s", want)
		}
	}
	if strings.Contains(string(said), `"detail"`) || t.Failed() {
		t.Errorf("it says:\n%s", said)
	}
}
