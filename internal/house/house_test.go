// Package house checks what the linters cannot see: that each SQL table has one
// room, that foreign keys stay inside a room, that every package says what it is
// for, that links in the documents lead somewhere, and that no file tells where
// it was written.
package house_test

import (
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A tree is the content of the repository's files by their path from its top.
type tree map[string]string

// A check names each thing in a tree that breaks one rule.
type check func(t *testing.T, files tree) []string

func TestHouse(t *testing.T) {
	t.Parallel()
	files := repository(t)
	for name, check := range map[string]check{
		"one room names a table":                   strayTables,
		"foreign keys stay in a room":              strayReferences,
		"packages say what they are for":           silentPackages,
		"links lead somewhere":                     deadLinks,
		"files do not say where they were written": workplaceWords,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, violation := range check(t, files) {
				t.Error(violation)
			}
		})
	}
}

// repository reads every file that git tracks and that is in the work tree.
func repository(t *testing.T) tree {
	t.Helper()
	const top = "../.."
	list := exec.Command("git", "ls-files", "-z")
	list.Dir = top
	out, err := list.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	files := tree{}
	for path := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		content, err := fs.ReadFile(os.DirFS(top), path)
		if os.IsNotExist(err) {
			continue // removed, and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		files[path] = string(content)
	}
	if len(files) == 0 {
		t.Fatal("git tracks no file")
	}
	return files
}
