package cli

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strconv"

	"doorstep/internal/db"
)

// versionVerb says which program this is.
type versionVerb struct{}

// Help is the detail of the verb's help.
func (versionVerb) Help() string {
	return `Examples:

    doorstep version
    doorstep version --json`
}

// version is which program this is.
type version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of its source
	Changed  bool   `json:"changed,omitempty"`  // the source had changes that are in no revision
	Time     string `json:"time,omitempty"`     // of the revision
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Schema   int64  `json:"schema"` // the version that it brings databases to
}

// Run says the version.
func (*versionVerb) Run(s *session) error {
	v := thisVersion()
	return s.out.show(v, func() {
		revision := join(" ", v.Revision, v.Time)
		if v.Changed {
			revision += " with changes"
		}
		t := s.out.table("", column{}, column{shrink: true})
		t.add("doorstep", v.Version)
		t.add("revision", cmp.Or(revision, "unknown"))
		t.add("go", v.Go+" "+v.Platform)
		t.add("schema", strconv.FormatInt(v.Schema, 10))
		t.print()
	})
}

// thisVersion is what the build has kept (https://pkg.go.dev/runtime/debug#BuildInfo).
func thisVersion() version {
	v := version{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Schema: db.Newest()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = cmp.Or(info.Main.Version, v.Version)
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Changed = s.Value == "true"
		}
	}
	return v
}
