package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"doorstep/cli"
)

// demo is the real program's demo, with a temporary folder of its own.
func demo(t testing.TB, args ...string) (cmd *exec.Cmd, temporary string) {
	t.Helper()
	temporary = t.TempDir()
	cmd = program(t, filepath.Join(t.TempDir(), "none.db"), append([]string{"demo"}, args...)...)
	cmd.Env = append(cmd.Env, "TMPDIR="+temporary)
	return cmd, temporary
}

// left is what is left of a demo in its temporary folder, without its number.
func left(t testing.TB, temporary string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(temporary, func(path string, _ os.DirEntry, err error) error {
		if path != temporary {
			all = append(all, demoFolder.ReplaceAllString(path[len(temporary):], "/doorstep-demo-N"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

var demoFolder = regexp.MustCompile(`^/doorstep-demo-[0-9]+`)

var (
	machineTime = regexp.MustCompile(`(?m)^  .* wall time +[0-9]+ .*$`)
	timesTable  = regexp.MustCompile(`(?s)\n  step  .*?\n\n`)
	inTheEnd    = regexp.MustCompile(`to their end in [0-9.]+m?s,`)
	spaces      = regexp.MustCompile(` {2,}`)
)

// masked is what a demo says, without what the machine's speed and its folders
// are: its table of times is as wide as they are.
func masked(text, report string) string {
	text = strings.ReplaceAll(text, report, "REPORT")
	text = inTheEnd.ReplaceAllString(text, "to their end in TIME,")
	text = machineTime.ReplaceAllStringFunc(text, func(line string) string {
		w := strings.Fields(line)
		for i, word := range w {
			if word == "time" {
				return "  " + strings.Join(w[:i+2], "  ") + "  TIME  TIME"
			}
		}
		return line
	})
	return timesTable.ReplaceAllStringFunc(text, func(table string) string { return spaces.ReplaceAllString(table, "  ") })
}

func TestDemo(t *testing.T) {
	t.Parallel()
	report := filepath.Join(t.TempDir(), "day.html")
	cmd, temporary := demo(t, "--orders", "40", "--seed", "1", "--report", report)
	a := run(t, cmd)
	if a.code != 0 || a.stderr != "" {
		t.Fatalf("exit code %d: %s%s", a.code, a.stdout, a.stderr)
	}
	golden(t, "demo.txt", masked(a.stdout, report), *update)
	for _, line := range tooWide(a.stdout) {
		if !strings.Contains(line, report) {
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
	if got := left(t, temporary); got != "" {
		t.Errorf("it leaves %s", got)
	}
	if _, err := os.Stat(filepath.Join(cmd.Dir, "outside")); err == nil {
		t.Error("it touches the shop of its surroundings")
	}
	checkReport(t, report)
}

// checkReport checks that the report is one page that needs nothing else, and
// shows what the demo said.
func checkReport(t *testing.T, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for _, want := range []string{"<!doctype html", "A small shop&#39;s day", "made up", "placed to door", "wall time", "shop time",
		"Out of stock", "Payment declined", "synchronous", "<script>", "</html>"} {
		if !strings.Contains(strings.ToLower(page), strings.ToLower(want)) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if m := regexp.MustCompile(`(?:src|href)="(?:https?:)?//[^"]*"`).FindString(page); m != "" {
		t.Errorf("the report needs %s", m)
	}
}

// TestDemoLeavesItsReport beside the databases that it removes, when nobody
// says where it is to be.
func TestDemoLeavesItsReport(t *testing.T) {
	t.Parallel()
	cmd, temporary := demo(t, "--orders", "1", "--seed", "2")
	a := run(t, cmd)
	if got, want := left(t, temporary), "/doorstep-demo-N /doorstep-demo-N/report.html"; a.code != 0 || got != want {
		t.Errorf("exit code %d, it leaves %s, want %s:\n%s%s", a.code, got, want, a.stdout, a.stderr)
	}
	_, said, _ := strings.Cut(a.stdout, "  Report: ")
	if _, err := os.Stat(strings.TrimSpace(said)); err != nil {
		t.Errorf("there is no report where it says: %v", err)
	}
	for _, want := range []string{"A small shop's day: 1 order,", "\n  1 order to its end in "} {
		if !strings.Contains(a.stdout, want) {
			t.Errorf("%q is missing:\n%s", want, a.stdout)
		}
	}
}

// TestDemoRepeats what the seed says, that it drew itself too.
func TestDemoRepeats(t *testing.T) {
	t.Parallel()
	drawn, _ := demo(t, "--orders", "3")
	first := run(t, drawn)
	again := regexp.MustCompile(`The same again: doorstep (demo .*)\n`).FindStringSubmatch(first.stdout)
	if again == nil {
		t.Fatalf("it does not say how to do the same again:\n%s%s", first.stdout, first.stderr)
	}
	cmd, _ := demo(t, strings.Fields(again[1])[1:]...)
	second := run(t, cmd)
	said := func(a answer) string {
		_, report, _ := strings.Cut(a.stdout, "  Report: ")
		return masked(a.stdout, strings.TrimSpace(report))
	}
	if said(first) != said(second) {
		t.Errorf("first:\n%s\nthen:\n%s", said(first), said(second))
	}
}

// TestDemoAsJSON is one value, with the second act in it.
func TestDemoAsJSON(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	code := cli.Program{Stdout: &stdout, Stderr: &stderr}.Run(t.Context(), []string{
		"demo", "--orders", "1", "--seed", "1", "--json", "--report", filepath.Join(t.TempDir(), "day.html")})
	var said struct {
		Act struct {
			Mishaps []struct{ Order, Wrong, Done, Now string }
			Verify  struct{ Orders, Count int }
		} `json:"second_act"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &said); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v: %s%s", code, err, stdout.String(), stderr.String())
	}
	for _, m := range said.Act.Mishaps {
		if !strings.HasPrefix(m.Order, "ord_") || m.Wrong == "" || m.Done == "" || m.Now == "" {
			t.Errorf("it says %+v", m)
		}
	}
	if v := said.Act.Verify; len(said.Act.Mishaps) != 5 || v.Orders != 6 || v.Count != 0 {
		t.Errorf("%d mishaps, and verify says %+v", len(said.Act.Mishaps), v)
	}
}

// TestDemoRefuses what can not be done before it does anything.
func TestDemoRefuses(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "none")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--orders", "0"}, 2, "--orders is from 1 to"},
		{[]string{"--orders", "-1"}, 2, "--orders"},
		{[]string{"--orders", "1000001"}, 2, "--orders is from 1 to"},
		{[]string{"--orders", "many"}, 2, "--orders"},
		{[]string{"--seed", "-1"}, 2, "--seed"},
		{[]string{"--report", filepath.Join(folder, "day.html")}, 3, "there is no folder"},
	} {
		var stdout, stderr bytes.Buffer
		code := cli.Program{Stdout: &stdout, Stderr: &stderr}.Run(t.Context(), append([]string{"demo"}, c.args...))
		refused(t, answer{code, stdout.String(), stderr.String()}, c.code, c.says)
	}
}

// TestDemoThatCanNotKeepItsReport says so in a sentence, and cleans up.
func TestDemoThatCanNotKeepItsReport(t *testing.T) {
	t.Parallel()
	cmd, temporary := demo(t, "--orders", "1", "--seed", "2", "--report", t.TempDir())
	a := run(t, cmd)
	if a.code != 2 || !strings.Contains(strings.Join(strings.Fields(a.stderr), " "), "is a folder") || left(t, temporary) != "" {
		t.Errorf("exit code %d, it leaves %q: %s", a.code, left(t, temporary), a.stderr)
	}
}

// TestDemoWhoseReaderLeaves ends without a word and without its databases.
func TestDemoWhoseReaderLeaves(t *testing.T) {
	t.Parallel()
	for name, readUntil := range map[string]string{"at once": "", "in the story": "PROCESSED", "on the day": "placed:"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd, temporary := demo(t, "--orders", "1000000", "--seed", "1", "--report", filepath.Join(t.TempDir(), "day.html"))
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdout := startReading(t, cmd, readUntil)
			if err := stdout.Close(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it says below how it ended
			if code := cmd.ProcessState.ExitCode(); code != 1 || stderr.Len() > 0 {
				t.Errorf("%s, and says %q", cmd.ProcessState, stderr.String())
			}
			if got := left(t, temporary); got != "" {
				t.Errorf("it leaves %s", got)
			}
		})
	}
}

// TestDemoThatIsInterrupted ends soon, and without its databases.
func TestDemoThatIsInterrupted(t *testing.T) {
	t.Parallel()
	cmd, temporary := demo(t, "--orders", "1000000", "--seed", "1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout := startReading(t, cmd, "A small shop's day")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(stdout)
	if err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 5 || stderr.String() != "doorstep: interrupted\n" {
		t.Errorf("%s:\n%s%s", cmd.ProcessState, rest, stderr.String())
	}
	if got := left(t, temporary); got != "" {
		t.Errorf("it leaves %s", got)
	}
}

// startReading starts the command and reads what it says up to the text.
func startReading(t testing.TB, cmd *exec.Cmd, until string) io.ReadCloser {
	t.Helper()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	for line := ""; !strings.Contains(line, until); {
		if line, err = lines.ReadString('\n'); err != nil {
			t.Fatalf("it says no %q: %v", until, err)
		}
	}
	return stdout
}

var aTenth = regexp.MustCompile(`(?m)^  placed: +([0-9]+) %, at [0-9:]{5} shop time$`)

// TestDemoSaysHowFarItIs: in ten lines at most that end with the whole, and
// with a bar in their place on a terminal.
func TestDemoSaysHowFarItIs(t *testing.T) {
	t.Parallel()
	for orders, want := range map[int]string{
		1:  "100",
		3:  "30 60 100",
		10: "10 20 30 40 50 60 70 80 90 100",
		23: "10 20 30 40 50 60 70 80 90 100",
	} {
		t.Run(fmt.Sprint(orders), func(t *testing.T) {
			t.Parallel()
			a := runDemo(t, orders)
			var got []string
			for _, m := range aTenth.FindAllStringSubmatch(a.stdout, -1) {
				got = append(got, m[1])
			}
			if strings.Join(got, " ") != want {
				t.Errorf("it says %v, want %s:\n%s%s", got, want, a.stdout, a.stderr)
			}
		})
	}
}

// runDemo runs a demo in this process, on no terminal.
func runDemo(t testing.TB, orders int) answer {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := cli.Program{Stdout: &stdout, Stderr: &stderr}.Run(t.Context(), []string{
		"demo", "--orders", fmt.Sprint(orders), "--seed", "1", "--report", filepath.Join(t.TempDir(), "day.html")})
	return answer{code, stdout.String(), stderr.String()}
}

func TestDemoOnATerminal(t *testing.T) {
	t.Parallel()
	report := filepath.Join(t.TempDir(), "day.html")
	got := newShop(t, "sqlite").seen(80, nil, "demo", "--orders", "20", "--seed", "1", "--report", report)
	if aTenth.MatchString(got) || !strings.Contains(got, "\x1b[1mA small shop's day") {
		t.Errorf("on a terminal:\n%q", got)
	}
	if !regexp.MustCompile(`  placed  ?\[[=>-]+\] +[0-9]+ %`).MatchString(got) {
		t.Errorf("no bar:\n%q", got)
	}
	if !strings.Contains(got, "20 orders to their end") {
		t.Errorf("no end:\n%q", got)
	}
}
