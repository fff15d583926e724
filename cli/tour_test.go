package cli_test

import (
	"strings"
	"testing"

	"doorstep/internal/tourtest"
)

// TestTheTourIsTrue types what README says about the API, in an empty folder; only the
// port is another.
func TestTheTourIsTrue(t *testing.T) {
	t.Parallel()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	typed, port := tourtest.Lines(t, "../README.md", "## The API"), tourtest.FreePort(t)
	const standard = "127.0.0.1:8420"
	if strings.Count(typed, standard) != 2 || !strings.Contains(typed, " serve ") {
		t.Fatalf("README's tour is not what this test takes it for:\n%s", typed)
	}
	typed = strings.ReplaceAll(typed, standard, "127.0.0.1:"+port)
	said := tourtest.Type(t, typed, []string{path}, "DOORSTEP_LISTEN=127.0.0.1:"+port)
	for _, want := range []string{`"status":"processed"`, `"status":"shipped"`, `"tracking_number":"`, `"status":"solved"`, `"type":"order.processed"`} {
		if !strings.Contains(said, want) {
			t.Errorf("the tour does not come to %s", want)
		}
	}
	if strings.Contains(said, `"detail"`) || t.Failed() {
		t.Errorf("it says:\n%s", said)
	}
}
