package scenario

import (
	"embed"
	"path"
	"strings"

	"doorstep/fault"
)

//go:embed shipped/*.json
var shipped embed.FS

// Names are the scenarios that come with the program, by name.
func Names() []string {
	files, err := shipped.ReadDir("shipped")
	if err != nil {
		panic("scenario: the files that come with the program: " + err.Error())
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(f.Name(), ".json")
	}
	return names
}

// File returns the file of a scenario that comes with the program, as it is
// written.
//
// Errors: not_found.
func File(name string) ([]byte, error) {
	data, err := shipped.ReadFile(path.Join("shipped", name+".json"))
	if err != nil {
		return nil, fault.New(fault.NotFound, "no scenario %.60q comes with the program: there are %s", name, strings.Join(Names(), ", "))
	}
	return data, nil
}

// Find returns a scenario that comes with the program.
//
// Errors: not_found.
func Find(name string) (Scenario, error) {
	data, err := File(name)
	if err != nil {
		return Scenario{}, err
	}
	return Parse(data)
}
