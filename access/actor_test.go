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

func TestAPersonIsAnIdentifier(t *testing.T) {
	t.Parallel()
	for actor, want := range map[access.Actor]bool{
		"operator": true, "agent:7": true, "user:01m8.a_b-c": true,
		"": false, "process": false, "customer": false, "customer:7": false, "importer": false, access.Provider("simulated"): false,
		"made.up@example.com": false, "agent:made.up@example.com": false, "Made Up": false, "agent:": false, ":7": false, "agent:7:8": false,
	} {
		if actor.IsPerson() != want {
			t.Errorf("%q is a person: %v", actor, !want)
		}
	}
}
