package house_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// silentPackages names each directory of Go files without a package comment.
func silentPackages(t *testing.T, files tree) []string {
	speaks := map[string]bool{}
	for file, source := range files {
		if path.Ext(file) != ".go" || strings.Contains(file, "testdata/") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		dir := path.Dir(file)
		speaks[dir] = speaks[dir] || strings.TrimSpace(parsed.Doc.Text()) != ""
	}
	var violations []string
	for _, dir := range slices.Sorted(maps.Keys(speaks)) {
		if !speaks[dir] {
			violations = append(violations, fmt.Sprintf("package %s has no comment that says what it is for", dir))
		}
	}
	return violations
}

var (
	codeBlock  = regexp.MustCompile("(?ms)^ *```.*?^ *```|`[^`\n]*`")
	inlineLink = regexp.MustCompile(`\]\(<?([^)\s>]+)`)
	namedLink  = regexp.MustCompile(`(?m)^ {0,3}\[[^\]]+\]:\s+<?(\S+?)>?(?:\s|$)`)
	elsewhere  = regexp.MustCompile(`^(?:[a-z][a-z0-9+.-]*:|//|#)`)
)

// deadLinks names each link in a markdown document to a file that git does not
// track.
func deadLinks(_ *testing.T, files tree) []string {
	var violations []string
	paths := withDirectories(files)
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(file) != ".md" {
			continue
		}
		for _, target := range linkTargets(files[file]) {
			if !paths[resolve(file, target)] {
				violations = append(violations, fmt.Sprintf("%s links to %s, which is not there", file, target))
			}
		}
	}
	return violations
}

func withDirectories(files tree) map[string]bool {
	paths := map[string]bool{".": true}
	for file := range files {
		for ; file != "."; file = path.Dir(file) {
			paths[file] = true
		}
	}
	return paths
}

// linkTargets returns the targets of a document's links, but for those to other
// sites and within the document.
func linkTargets(document string) []string {
	document = codeBlock.ReplaceAllString(document, "")
	links := slices.Concat(inlineLink.FindAllStringSubmatch(document, -1), namedLink.FindAllStringSubmatch(document, -1))
	var targets []string
	for _, link := range links {
		if !elsewhere.MatchString(link[1]) {
			targets = append(targets, link[1])
		}
	}
	return targets
}

func resolve(file, target string) string {
	target, _, _ = strings.Cut(target, "#")
	if strings.HasPrefix(target, "/") {
		return path.Join(".", strings.TrimLeft(target, "/"))
	}
	return path.Join(path.Dir(file), target)
}

// workplace matches what only the machine of an author knows: absolute paths and
// the hosts of package registries. It is put together from pieces so that this
// file does not match it.
var workplace = regexp.MustCompile(`(?m)(?:^|[^\w.*})/-])/(?:` + strings.Join([]string{"wo" + "rk", "ro" + "ot", "ho" + "me"}, "|") + `)/` +
	`|` + strings.Join([]string{"proxy." + `golang\.org`, "sum." + `golang\.org`, "registry." + `npmjs\.(?:org|com)`, "deb." + `debian\.org`, "pypi" + `\.org`}, "|"))

// workplaceWords names each line of a text file that tells where it was written.
func workplaceWords(_ *testing.T, files tree) []string {
	var violations []string
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if strings.Contains(files[file], "\x00") {
			continue // not text
		}
		for _, at := range workplace.FindAllStringIndex(files[file], -1) {
			line := 1 + strings.Count(files[file][:at[1]], "\n")
			violations = append(violations, fmt.Sprintf("%s:%d says %q, which only its author's machine knows", file, line, strings.TrimSpace(files[file][at[0]:at[1]])))
		}
	}
	return violations
}
