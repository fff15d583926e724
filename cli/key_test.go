package cli_test

import (
	"strings"
	"testing"

	"doorstep/internal/db/dbtest"
)

// TestAKeyStandsForWhatWasTyped sends commands again under their keys, after
// what they leave to the shop has changed: they are the same commands still.
func TestAKeyStandsForWhatWasTyped(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.SQLite)
	s.must(stock, "stock", "import", "-")
	order := place("--sku", "CUP", "--shipping", "3.95", "--key", "k1")
	s.must("", order...)
	s.must(strings.NewReplacer("GBP,4.50", "EUR,5.50").Replace(stock), "stock", "import", "-")
	if got := s.must("", append(order, "--json")...); !strings.Contains(got, `"replayed": true`) || !strings.Contains(got, `"total": 845`) {
		t.Errorf("the order sent again:\n%s", got)
	}
	for _, other := range [][]string{{"--currency", "GBP"}, {"--shipping", "3.96"}, {"--city", "Elsewhere"}} {
		if a := s.run("", append(order, other...)...); a.code != 4 {
			t.Errorf("with %v it is the same order: %+v", other, a)
		}
	}

	change := []string{"policy", "set", "silence=48h", "--key", "k2"}
	first := s.must("", change...)
	s.must("", "policy", "set", "silence=72h", "carrier=manual")
	if again := s.must("", change...); again != first {
		t.Errorf("the change sent again:\n%swas\n%s", again, first)
	}
	if got := s.must("", "policy", "get", "silence"); got != "silence=72h0m0s\n" {
		t.Errorf("in force is %s", got)
	}
	if a := s.run("", "policy", "set", "silence=49h", "--key", "k2"); a.code != 4 {
		t.Errorf("another change under the key: %+v", a)
	}
	file := []string{"policy", "set", "-", "--key", "k3"}
	first = s.must(`{"silence": "96h"}`, file...)
	if again := s.must(`{"silence": "96h"}`, file...); again != first {
		t.Errorf("the file sent again:\n%swas\n%s", again, first)
	}
	if a := s.run(`{"silence": "97h"}`, file...); a.code != 4 {
		t.Errorf("another file under the key: %+v", a)
	}
}
