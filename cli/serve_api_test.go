package cli_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"doorstep/internal/db/dbtest"
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

// TestTheFirstAdministratorsLink: the first start writes a link into the console, for its
// owner's eyes, and no other start does while it can be used.
func TestTheFirstAdministratorsLink(t *testing.T) {
	t.Parallel()
	db := realShop(t, dbtest.SQLite)
	s := serve(t, db, "--listen", "127.0.0.1:0", "--json")
	var said struct {
		API       string `json:"api"`
		FirstLink string `json:"first_link"`
	}
	if err := json.Unmarshal([]byte(s.said), &said); err != nil || said.FirstLink == "" {
		t.Fatalf("the server says %q (%v)", s.said, err)
	}
	info, err := os.Stat(said.FirstLink)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the link's file is %v (%v)", info, err)
	}
	link, err := os.ReadFile(said.FirstLink)
	if err != nil || !strings.HasPrefix(string(link), said.API+"/welcome/dsl_") {
		t.Fatalf("the link is %q (%v)", link, err)
	}
	res, err := http.Get(strings.TrimSpace(string(link)))
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("it leads to %+v (%v)", res, err)
	}
	_ = res.Body.Close()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.end(t)
	again := serve(t, db, "--listen", "127.0.0.1:0", "--json")
	if strings.Contains(again.said, "first_link") {
		t.Errorf("started again it has made another link: %s", again.said)
	}
	if err := again.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	again.end(t)
}
