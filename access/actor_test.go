package access_test

import (
	"testing"

	"doorstep/access"
)

func TestAProviderIsNamed(t *testing.T) {
	t.Parallel()
	if got := access.Provider("simulated"); got != "provider:simulated" {
		t.Errorf("the actor is %q", got)
	}
}
