package vault_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"doorstep/fault"
	"doorstep/internal/vault"
)

func open(t *testing.T, key, file string) *vault.Vault {
	t.Helper()
	v, err := vault.New(key, file)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func seal(t *testing.T, v *vault.Vault, purpose, secret string) vault.Sealed {
	t.Helper()
	s, err := v.Seal(purpose, secret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// refused looks for a refusal.
func refused(t *testing.T, code fault.Code, err error) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Errorf("%v, which is no %s", err, code)
	}
}

// TestWhatIsSealed opens for the one purpose, under the one key, as it was sealed.
func TestWhatIsSealed(t *testing.T) {
	t.Parallel()
	const secret = "made-up secret"
	key := vault.NewKey()
	v := open(t, key, "")
	sealed, again := seal(t, v, "this", secret), seal(t, v, "this", secret)
	if strings.Contains(string(sealed), secret) || sealed == again {
		t.Errorf("%q was sealed as %q, and as %q", secret, sealed, again)
	}
	for _, s := range []vault.Sealed{sealed, again} {
		if got, err := open(t, key, "").Open("this", s); err != nil || got != secret {
			t.Errorf("%q opens as %q: %v", s, got, err)
		}
	}
	for name, of := range map[string]struct {
		v       *vault.Vault
		purpose string
		s       vault.Sealed
	}{
		"another purpose": {v, "that", sealed},
		"another key":     {open(t, vault.NewKey(), ""), "this", sealed},
		"damaged":         {v, "this", sealed[:len(sealed)-2]},
		"not sealed":      {v, "this", secret},
		"no key":          {open(t, "", filepath.Join(t.TempDir(), "none")), "this", sealed},
	} {
		got, err := of.v.Open(of.purpose, of.s)
		if refused(t, fault.Unavailable, err); got != "" {
			t.Errorf("%s: it opens as %q", name, got)
		}
	}
	for _, none := range []string{"short", "AAAA", key + "AAAA"} {
		_, err := vault.New(none, "")
		refused(t, fault.Invalid, err)
	}
}

// TestAFileIsMadeOnce when it is needed, for its owner alone, also by many at once.
func TestAFileIsMadeOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	all := make([][]byte, 20)
	var wg sync.WaitGroup
	for i := range all {
		v := open(t, "", file)
		wg.Go(func() {
			made, err := v.Derive("this")
			if err != nil {
				t.Error(err)
			}
			all[i] = made
		})
	}
	wg.Wait()
	for _, made := range all {
		if string(made) != string(all[0]) {
			t.Error("there was more than one key")
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v: %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(file + "*"); err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
	other, err := open(t, "", file).Derive("that")
	if err != nil || string(other) == string(all[0]) {
		t.Errorf("two purposes have one key: %v", err)
	}
	if err := os.WriteFile(file, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = open(t, "", file).Derive("this")
	refused(t, fault.Unavailable, err)
}
