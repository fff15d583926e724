package cli_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestTheAPIIsServed: the first start writes a key that opens the API, and what was
// answered before the end is there after it.
func TestTheAPIIsServed(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, engine string) {
		db := realShop(t, engine)
		s := serve(t, db, "--listen", "127.0.0.1:0", "--json")
		api, file := s.serves(t)
		if file == "" {
			t.Fatalf("no first key was made: %s", s.said)
		}
		if s.cmd.Dir != "" && !strings.HasPrefix(file, "/") {
			file = s.cmd.Dir + "/" + file
		}
		t.Cleanup(func() { _ = os.Remove(file) })
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("the key's file is %s", info.Mode())
		}
		secret, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		placed := call(t, http.MethodPost, api+"/v1/orders", strings.TrimSpace(string(secret)), anOrder(`{"sku":"CUP","quantity":1}`))
		of, _ := placed["order"].(map[string]any)
		if of["status"] != "processed" {
			t.Fatalf("placed: %v", placed)
		}
		if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		s.end(t)
		if a := run(t, program(t, db, "order", "show", of["id"].(string), "--json")); a.code != 0 || !strings.Contains(a.stdout, `"actor": "key:key_`) {
			t.Errorf("after the end: %+v", a)
		}
		again := serve(t, db, "--listen", "127.0.0.1:0", "--json")
		if _, key := again.serves(t); key != "" {
			t.Errorf("started again it has made another first key: %s", again.said)
		}
		if err := again.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		again.end(t)
	})
}

// serves returns where a server has its API, and the file with the first key.
func (s *server) serves(t *testing.T) (api, key string) {
	t.Helper()
	var said struct {
		API      string `json:"api"`
		FirstKey string `json:"first_key"`
	}
	if err := json.Unmarshal([]byte(s.said), &said); err != nil || said.API == "" {
		t.Fatalf("the server says %q (%v)", s.said, err)
	}
	return said.API, said.FirstKey
}

// call asks the API, and returns its answer.
func call(t *testing.T, method, url, secret, body string) (answer map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return answer
}
