package report

import (
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"html/template"
	"strings"
)

var (
	//go:embed page/page.html
	pageHTML string
	//go:embed page/compare.html
	compareHTML string
	//go:embed page/end.html
	endHTML string // of both pages
	//go:embed page/page.css
	pageCSS string
	//go:embed page/draw.js
	drawJS string
	//go:embed assets/chart.umd.min.js
	chartJS string
)

// document and comparison are the pages' templates.
var (
	document   = parsed(pageHTML)
	comparison = parsed(compareHTML)
)

func parsed(html string) *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"count": count, "plural": plural, "share": share, "words": words, "duration": duration, "decimal": decimal,
	}).Parse(html + endHTML))
}

// scripts are what runs in the page. No text of the data is among them.
var scripts = []template.JS{template.JS(Library()), template.JS(drawJS)} //nolint:gosec // our own files

// Library is Chart.js without the pointer to its source map, which a browser's
// tools would look for beside the page.
func Library() string {
	before, _, _ := strings.Cut(chartJS, "//# sourceMappingURL=")
	return before
}

// contentPolicy forbids every request, and every script but the page's own.
// Source: Content Security Policy Level 3, 2.3.1.
func contentPolicy() string {
	var b strings.Builder
	b.WriteString("default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src 'unsafe-inline'; script-src")
	for _, s := range scripts {
		sum := sha256.Sum256([]byte(s))
		b.WriteString(" 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'")
	}
	return b.String()
}
