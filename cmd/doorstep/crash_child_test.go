package main_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"doorstep/cli/intake"
	"doorstep/process"
)

// build builds the program as it is shipped.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "doorstep")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	return path
}

// child is one life of the program, and what it has said of itself.
type child struct {
	process *os.Process
	stdin   io.WriteCloser
	gone    chan struct{} // closed when the process is no more

	serving    bool
	inHand     map[item]moment // what it works on, by its log
	begins     map[item]int    // how often it has begun to
	unanswered map[string]*command
	fired      map[process.Step]bool // the rows that have, where it has an ear
	died       aim                   // of which row, if of any
	ended      bool
	err        error // how it ended; set before ended is
}

// item is what a step is carried out for.
type item struct {
	Step    string `json:"step"`
	Owner   string `json:"owner"`
	Subject string `json:"subject"`
}

// logLine is a line of the program's log.
type logLine struct {
	item
	Level   string `json:"level"`
	Message string `json:"msg"`
	Error   string `json:"error"`
	Serving string `json:"serving"` // said once, when it runs
	Moment  moment `json:"moment"`  // of a row
	text    string
}

// happening is one thing that a program has said, or its end.
type happening struct {
	of     *child
	log    *logLine
	answer *intake.Result
	stray  string // a line that is neither
	ended  bool
}

// The providers are slow, so that a kill finds them being asked, and silent
// and moody at times.
var simulated = []string{
	"--sim-timeouts", "0.08", "--sim-unreachable", "0.03",
	"--sim-decline", "0.04", "--sim-label-trouble", "0.05", "--sim-label-refuse", "0.03",
}

// start starts the program and waits until it serves.
func (s *shop) start() *child { return s.startTo(aim{}) }

// startTo starts the program, to die at a row if the aim is one.
func (s *shop) startTo(die aim) *child {
	s.Helper()
	args := slices.Concat([]string{
		"serve", "--listen", "off", "--db", s.url, "--outside", s.outside, "--intake", "-", "--json", "--log-level", "debug",
		"--lease", "2s", "--ask-timeout", "1s", "--stop-within", "30s", "--sim-latency", s.latency.String(),
	}, simulated, s.sim)
	c := &child{gone: make(chan struct{}), inHand: map[item]moment{}, begins: map[item]int{}, unanswered: map[string]*command{}, fired: map[process.Step]bool{}}
	cmd := exec.Command(s.program, args...)
	if die.ofRow() || s.moody || die.moment == answered && s.tally.missed[die] > 0 {
		cmd = exec.Command(os.Args[0], args...)
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s", dieAt, die.step, die.moment), fmt.Sprintf("%s=%t", haveMoods, s.moody))
	}
	started := make(chan error, 1)
	go s.accompany(c, cmd, started)
	if err := <-started; err != nil {
		s.Fatal(err)
	}
	s.children = append(s.children, c)
	s.attend("the program's start", func() {}, func() bool { return c.serving || c.ended })
	if c.ended && c.died.step == "" { // a row may fire before it says that it serves
		s.Fatalf("the program did not start: %v", c.err)
	}
	return c
}

// accompany starts a process, passes on what it says, and waits for its end.
func (s *shop) accompany(c *child, cmd *exec.Cmd, started chan<- error) {
	// The child dies with the thread that has started it: this one, which stays
	// with it, and ends with the tests in whatever way they end.
	runtime.LockOSThread()
	defer close(c.gone)
	cmd.SysProcAttr = dieWithParent()
	out, err := launch(c, cmd)
	started <- err
	if err != nil {
		return
	}
	var readers sync.WaitGroup
	readers.Go(func() { s.lines(out.answers, c, answerOf) })
	readers.Go(func() { s.lines(out.log, c, logOf) })
	readers.Wait()
	c.err = cmd.Wait()
	s.tell(happening{of: c, ended: true})
}

type outputs struct{ answers, log io.Reader }

func launch(c *child, cmd *exec.Cmd) (o outputs, err error) {
	if c.stdin, err = cmd.StdinPipe(); err != nil {
		return o, err
	}
	if o.answers, err = cmd.StdoutPipe(); err != nil {
		return o, err
	}
	if o.log, err = cmd.StderrPipe(); err != nil {
		return o, err
	}
	err = cmd.Start()
	c.process = cmd.Process
	return o, err
}

func (s *shop) tell(h happening) {
	select {
	case s.news <- h:
	case <-s.quit:
	}
}

// lines passes on each whole line: what a kill has cut off was not said.
func (s *shop) lines(from io.Reader, c *child, read func(string) happening) {
	r := bufio.NewReader(from)
	for {
		text, err := r.ReadString('\n')
		if err != nil {
			return
		}
		h := read(strings.TrimSpace(text))
		h.of = c
		s.tell(h)
	}
}

func answerOf(text string) happening {
	var a intake.Result
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return happening{stray: text}
	}
	return happening{answer: &a}
}

func logOf(text string) happening {
	var l logLine
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return happening{stray: text}
	}
	l.text = text
	return happening{log: &l}
}

// note keeps what the program has in hand.
func (c *child) note(l logLine) {
	switch l.Message {
	case "step begins":
		c.inHand[l.item] = begun
		c.begins[l.item]++
	case "step is answered":
		c.inHand[l.item] = answered
	case "step ends":
		delete(c.inHand, l.item)
	case "row fires":
		c.fired[process.Step(l.Step)] = true
	case "row kills":
		c.died = aim{process.Step(l.Step), l.Moment}
	}
	c.serving = c.serving || l.Serving != ""
}

// asking is in how many steps a provider is being asked.
func (c *child) asking() (n int) {
	for _, m := range c.inHand {
		if m == begun {
			n++
		}
	}
	return n
}

// killed says whether it was ended by SIGKILL, and not by itself.
func (c *child) killed() bool {
	var exit *exec.ExitError
	if !errors.As(c.err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signal() == syscall.SIGKILL
}

func (c *child) kill() { _ = c.process.Kill() } // it may have ended by itself

func (c *child) terminate() { _ = c.process.Signal(syscall.SIGTERM) }

// window is how many commands may be without an answer. So many lines are no
// reason for a pipe to be full.
const window = 12

// send sends what waits to be sent.
func (s *shop) send(c *child) {
	for len(c.unanswered) < window && !c.ended {
		k := s.book.take()
		if k == nil {
			return
		}
		c.unanswered[k.key] = k
		_, _ = c.stdin.Write(k.line) // a program that is dead already does not answer
		if s.mark != nil && k.places() {
			s.mark.placed()
		}
	}
}
