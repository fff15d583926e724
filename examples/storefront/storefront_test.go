package main_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"doorstep/internal/tourtest"
)

// TestTheReadmeIsTrue types what README.md says, against the program as it is shipped;
// only the ports are others.
func TestTheReadmeIsTrue(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin, "doorstep/cmd/doorstep", "doorstep/examples/storefront").CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	building, typed, _ := strings.Cut(tourtest.Lines(t, "README.md", ""), "\n")
	if building != "go build -o bin/ ./cmd/doorstep ./examples/storefront" {
		t.Fatalf("README begins with %q", building)
	}
	server, storefront := "127.0.0.1:"+tourtest.FreePort(t), "127.0.0.1:"+tourtest.FreePort(t)
	typed = strings.NewReplacer("127.0.0.1:8420", server, "127.0.0.1:8421", storefront).Replace(typed)
	said := tourtest.Type(t, typed, []string{filepath.Join(bin, "doorstep"), filepath.Join(bin, "storefront")},
		"DOORSTEP_LISTEN="+server, "DOORSTEP_URL=http://"+server, "STOREFRONT_LISTEN="+storefront)
	at := 0
	for _, want := range []string{
		`{"error":"there is no such order"}`,
		`{"order":1001,"status":"processed"}`, `{"order":1001,"status":"processed"}`, `{"order":1001,"status":"shipped"}`,
		`{"error":"it is not signed"}`, `{"error":"out_of_stock","short":[{"sku":"CUP",`,
	} {
		found := strings.Index(said[at:], want)
		if found < 0 {
			t.Fatalf("it does not come to %s:\n%s", want, said)
		}
		at += found + len(want)
	}
}
