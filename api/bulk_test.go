package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
)

// bulk sends lines of orders.
func (s *server) bulk(body io.Reader) *http.Response {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), "POST", s.url+"/v1/orders/bulk", body)
	must(s.t, err)
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("Authorization", "Bearer "+s.secret)
	res, err := http.DefaultClient.Do(req)
	must(s.t, err)
	s.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

type bulkResult struct {
	Line     int
	Status   int
	Replayed bool
	Placed   struct{ Order struct{ ID, Status string } }
	Problem  struct{ Code string }
}

func oneLine(order string) string { return strings.Join(strings.Fields(order), " ") + "\n" }

func (s *server) bulkResults(body string) map[int]bulkResult {
	s.t.Helper()
	res := s.bulk(strings.NewReader(body))
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/x-ndjson" {
		s.t.Fatalf("the answer is %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	all := map[int]bulkResult{}
	for lines := bufio.NewReader(res.Body); ; {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return all
		}
		must(s.t, err)
		var r bulkResult
		must(s.t, json.Unmarshal(line, &r))
		s.documented(res.Request, res, response{status: res.StatusCode, body: line})
		all[r.Line] = r
	}
}

func TestManyOrdersArePlacedAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		s.stock("CUP", 450, 1000)
		var lines strings.Builder
		for n := range 200 {
			lines.WriteString(oneLine(placing(fmt.Sprint(n))))
		}
		first := s.bulkResults(lines.String())
		again := s.bulkResults(lines.String())
		for n := 1; n <= 200; n++ {
			if first[n].Status != 201 || first[n].Replayed || !again[n].Replayed || again[n].Placed.Order.ID != first[n].Placed.Order.ID {
				t.Fatalf("line %d: %+v, then %+v", n, first[n], again[n])
			}
		}

		got := s.bulkResults("{}\n\n" + oneLine(strings.Replace(placing("0"), `"total":1295`, `"total":1`, 1)) + "[\n" + oneLine(placing("new")) + oneLine(placing("5")))
		for line, want := range map[int]struct {
			status int
			code   string
		}{1: {422, "invalid"}, 3: {409, "conflict"}, 4: {422, "invalid"}, 5: {201, ""}, 6: {201, ""}} {
			if r := got[line]; r.Status != want.status || r.Problem.Code != want.code {
				t.Errorf("line %d is %+v, not %v", line, r, want)
			}
		}
		if len(got) != 5 || !got[6].Replayed {
			t.Errorf("the results are %+v", got)
		}
		long := s.bulkResults(oneLine(placing("short")) + `{"note":"` + strings.Repeat("x", 1<<20) + `"}`)
		if len(long) != 2 || long[1].Status != 201 || long[2].Problem.Code != "too_large" {
			t.Errorf("behind a line that is too long: %+v", long)
		}
		s.want(s.ask("POST", "/v1/orders/bulk", placing("A-1")), 415, "unsupported_media_type")
		s.want(s.askAs(s.key(access.Read), "POST", "/v1/orders/bulk", placing("A-1"), "Content-Type", "application/x-ndjson"), 403, "forbidden")
	})
}

// TestAResultComesBeforeTheNextLine sends a line only when the one before was answered.
func TestAResultComesBeforeTheNextLine(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	in, out := io.Pipe()
	go func() { _, _ = io.WriteString(out, oneLine(placing("0"))) }()
	res := bufio.NewScanner(s.bulk(in).Body)
	for n := range 3 {
		if !res.Scan() || !strings.Contains(res.Text(), `"status":201`) {
			t.Fatalf("line %d is answered with %s (%v)", n, res.Text(), res.Err())
		}
		if n < 2 {
			_, err := io.WriteString(out, oneLine(placing(fmt.Sprint(n+1))))
			must(t, err)
		}
	}
	must(t, out.Close())
	if res.Scan() {
		t.Errorf("at the end comes %s", res.Text())
	}
}
