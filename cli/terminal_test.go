package cli_test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"doorstep"
	"doorstep/cli"
	"doorstep/internal/db/dbtest"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal of so many columns (pty(7)): what is written
// to its one end is read from its other.
func terminal(t testing.TB, columns uint16) (screen, reader *os.File) {
	t.Helper()
	reader, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	fd := int(reader.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return screen, reader
}

// seen is what a person sees of a command on a terminal.
func (s *shop) seen(columns uint16, env map[string]string, args ...string) string {
	s.t.Helper()
	screen, reader := terminal(s.t, columns)
	all := make(chan string)
	go func() {
		b, _ := io.ReadAll(reader) // it ends with an error when the other end is closed
		all <- string(b)
	}()
	p := cli.Program{Stdout: screen, Stderr: screen, Configure: func(c *doorstep.Config) { c.Virtual = s.clock },
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	p.Run(s.t.Context(), append([]string{"--db", s.db}, args...))
	if err := screen.Close(); err != nil {
		s.t.Fatal(err)
	}
	return strings.ReplaceAll(<-all, "\r\n", "\n")
}

func TestOnATerminal(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite)
	s.must(stock, "stock", "import", "-")
	s.must("", place("--sku", "CUP=101")...)
	plain := s.must("", "order", "list")

	const red, reset = "\x1b[31m", "\x1b[0m"
	if got := s.seen(80, nil, "order", "list"); !strings.Contains(got, red+"failed"+reset) {
		t.Errorf("a failed order is not red:\n%q", got)
	}
	for name, got := range map[string]string{
		"--no-color":            s.seen(80, nil, "order", "list", "--no-color"),
		"NO_COLOR":              s.seen(80, map[string]string{"NO_COLOR": "1"}, "order", "list"),
		"DOORSTEP_NO_COLOR":     s.seen(80, map[string]string{"DOORSTEP_NO_COLOR": "true"}, "order", "list"),
		"a NO_COLOR of \"\"":    strings.NewReplacer("\x1b[1m", "", red, "", reset, "").Replace(s.seen(80, map[string]string{"NO_COLOR": ""}, "order", "list")),
		"what is no terminal's": plain,
	} {
		if got != plain {
			t.Errorf("%s:\n%q\nwant:\n%q", name, got, plain)
		}
	}
	if got := s.seen(60, nil, "stock", "list", "--no-color"); len(tooWideFor(60, got)) > 0 || !strings.Contains(got, "…") {
		t.Errorf("on 60 columns:\n%s", got)
	}
	if got := s.seen(120, nil, "stock", "list", "--no-color"); !strings.Contains(got, "that tables cut") {
		t.Errorf("on 120 columns:\n%s", got)
	}
	if got := s.seen(120, nil, "events", "--no-color"); !strings.Contains(got, "operator") {
		t.Errorf("on 120 columns:\n%s", got)
	}
}
