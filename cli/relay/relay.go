// Package relay has what was typed in one process carried out by another, which holds the
// shop: the arguments go there, and what is to be shown comes back as it is written.
//
// It is HTTP: a POST with a Command, answered by a line of JSON for each piece of output.
// What is typed and what is shown change with the program, so that it is no part of the
// API: both ends are of one version.
package relay

import (
	"encoding/json"
	"net/http"
	"time"
)

// Path is where commands are posted.
const Path = "/cli/1"

// Command is what was typed, with what it takes of its surroundings.
type Command struct {
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env,omitempty"`     // the variables that stand for flags
	Columns int               `json:"columns,omitempty"` // of who looks at it
	Colour  bool              `json:"colour,omitempty"`
	Files   map[string][]byte `json:"files,omitempty"` // what it reads, by the names that were typed
}

// frame is a piece of an answer.
type frame struct {
	Out   []byte `json:"out,omitempty"`   // on standard output
	Err   []byte `json:"err,omitempty"`   // on standard error
	Wants string `json:"wants,omitempty"` // the last: nothing was done, for want of this file
	Exit  *int   `json:"exit,omitempty"`  // the last: it has ended
}

// Limits of what is posted and how long it may take to arrive, and of how long a piece of
// an answer may take to be read.
const (
	maxCommand = 128 << 20
	sentWithin = 5 * time.Minute
	readWithin = 30 * time.Second
)

// Run carries a command out and returns its exit code, or the file that it wants, if it
// has none of the name: then it has done nothing.
type Run func(r *http.Request, c Command, stdout, stderr Writer) (code int, wants string)

// Handler carries out what is posted.
func Handler(run Run) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c Command
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Now().Add(sentWithin)) // where it can not be set, the server's own holds
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxCommand)).Decode(&c); err != nil {
			http.Error(w, "this is no command", http.StatusBadRequest)
			return
		}
		_ = control.SetReadDeadline(time.Time{}) // which would end a command that takes longer
		w.Header().Set("Content-Type", "application/x-ndjson")
		a := &answer{w: json.NewEncoder(w), control: control}
		code, wants := run(r, c, func(p []byte) error { return a.write(frame{Out: p}) }, func(p []byte) error { return a.write(frame{Err: p}) })
		if wants != "" {
			_ = a.write(frame{Wants: wants}) // where it fails, no one is there to be told
			return
		}
		_ = a.write(frame{Exit: &code})
	})
}

// Writer writes by a function.
type Writer func(p []byte) error

func (f Writer) Write(p []byte) (int, error) {
	if err := f(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// answer writes frames as they come.
type answer struct {
	w       *json.Encoder
	control *http.ResponseController
}

func (a *answer) write(f frame) error {
	if err := a.control.SetWriteDeadline(time.Now().Add(readWithin)); err != nil {
		return err
	}
	if err := a.w.Encode(f); err != nil {
		return err
	}
	return a.control.Flush()
}
