package relay_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"doorstep/cli/relay"
	"doorstep/fault"
)

// TestAFileIsAskedForOnce: a command comes again with the file that it wants.
func TestAFileIsAskedForOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(relay.Handler(func(_ *http.Request, c relay.Command, stdout, stderr relay.Writer) (int, string) {
		data, there := c.Files["stock.csv"]
		if !there {
			return 0, "stock.csv"
		}
		_, _ = stdout.Write(data)
		_, _ = stderr.Write([]byte(c.Args[0]))
		return 4, ""
	}))
	defer server.Close()
	var out, errs bytes.Buffer
	read := 0
	code, err := relay.At(server.URL, "").Send(t.Context(), relay.Command{Args: []string{"import"}}, func(name string) ([]byte, error) {
		read++
		return []byte("\xff of " + name), nil
	}, &out, &errs)
	if err != nil || code != 4 || read != 1 || out.String() != "\xff of stock.csv" || errs.String() != "import" {
		t.Errorf("%d, %v, read %d times: %q and %q", code, err, read, out.String(), errs.String())
	}
}

// TestACommandMayTakeLong: what limits how long a request takes to arrive is not what ends
// the command.
func TestACommandMayTakeLong(t *testing.T) {
	t.Parallel()
	const limit = 50 * time.Millisecond
	server := httptest.NewUnstartedServer(relay.Handler(func(r *http.Request, _ relay.Command, _, _ relay.Writer) (int, string) {
		select {
		case <-r.Context().Done():
			return 1, ""
		case <-time.After(4 * limit):
			return 0, ""
		}
	}))
	server.Config.ReadTimeout, server.Config.WriteTimeout = limit, limit
	server.Start()
	defer server.Close()
	if code, err := relay.At(server.URL, "").Send(t.Context(), relay.Command{}, nil, io.Discard, io.Discard); code != 0 || err != nil {
		t.Errorf("it ends with %d, %v", code, err)
	}
}

// TestALostAnswerIsSaidToBeLost: half an answer is none.
func TestALostAnswerIsSaidToBeLost(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(relay.Handler(func(_ *http.Request, _ relay.Command, stdout, _ relay.Writer) (int, string) {
		_, _ = stdout.Write([]byte("half"))
		panic(http.ErrAbortHandler)
	}))
	var out bytes.Buffer
	_, err := relay.At(server.URL, "").Send(t.Context(), relay.Command{}, nil, &out, io.Discard)
	if fault.CodeOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "--key") || out.String() != "half" {
		t.Errorf("%q, and then %v", out.String(), err)
	}
	server.Close()
	if _, err := relay.At(server.URL, "").Send(t.Context(), relay.Command{}, nil, &out, io.Discard); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("no server: %v", err)
	}
	if relay.Beside(t.Context(), filepath.Join(t.TempDir(), "no.sock")) != nil {
		t.Error("there is a server where no socket is")
	}
}
