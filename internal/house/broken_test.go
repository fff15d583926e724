package house_test

import (
	"slices"
	"strings"
	"testing"
)

// sound is a small house that breaks no rule.
func sound() tree {
	return tree{
		"README.md":         "Read [how](docs/how.md#start), [where](docs) and [more](https://example.com/x).\n\n```\n[not](a-link)\n```\n\n[named]: docs/how.md\n",
		"docs/how.md":       "Back [up](../README.md), or [there](#start), or [top](/README.md).\n",
		"order/row.go":      "// Package order is made up.\npackage order\n\nconst q = `SELECT o.id FROM orders o, lines AS l WHERE l.order_id = o.id`\n",
		"stock/row.go":      "// Package stock is made up.\npackage stock\n\nconst q = \"UPDATE levels SET n = n - 1\"\n\nvar err = \"cannot update orders\"\n",
		"stock/row_test.go": "package stock_test\n\nconst q = `DELETE FROM orders`\n",
		"internal/db/migrations/common/1.sql": "CREATE TABLE orders (id TEXT);\nCREATE TABLE lines (\n  id TEXT, -- REFERENCES levels\n  order_id TEXT REFERENCES orders (id));\n" +
			"CREATE TABLE levels (sku TEXT);\n",
	}
}

func TestSoundHousePasses(t *testing.T) {
	t.Parallel()
	for _, check := range []check{strayTables, strayReferences, silentPackages, deadLinks, workplaceWords} {
		if got := check(t, sound()); len(got) != 0 {
			t.Errorf("a sound house breaks a rule: %q", got)
		}
	}
}

func TestBrokenHouseIsNamed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		check   check
		file    string
		content string
		want    string
	}{
		{"a second room reads a table", strayTables, "sales/a.go", "package sales\n\nconst q = `SELECT 1 FROM orders`", "table orders is named in the SQL of order and sales"},
		{"by the second name of a list", strayTables, "sales/a.go", "package sales\n\nconst q = `SELECT 1 FROM x AS y, lines`", "table lines"},
		{"in small letters", strayTables, "sales/a.go", "package sales\n\nconst q = `select 1 from orders`", "table orders"},
		{"in pieces", strayTables, "sales/a.go", "package sales\n\nconst q = \"SELECT 1 \" + columns + \" FROM \" + (\"orders\")", "table orders"},
		{"in a join", strayTables, "sales/a.go", "package sales\n\nconst q = ` JOIN levels ON true`", "table levels"},
		{"quoted", strayTables, "sales/a.go", "package sales\n\nconst q = `INSERT INTO \"levels\" (n)`", "table levels"},
		{"the database's own", strayTables, "sales/a.go", "package sales\n\nconst q = `SELECT 1 FROM meta`", "table meta is named in the SQL of internal/db and sales"},
		{"a foreign key across rooms", strayReferences, "internal/db/migrations/sqlite/2.sql", "CREATE TABLE lines (sku TEXT REFERENCES levels (sku));", "lines of [order] refers to levels of [stock]"},
		{"one added later", strayReferences, "internal/db/migrations/sqlite/2.sql", "ALTER TABLE lines ADD COLUMN sku TEXT REFERENCES levels (sku);", "lines of [order] refers to levels of [stock]"},
		{"a package without a comment", silentPackages, "sales/a.go", "package sales", "package sales has no comment"},
		{"a dead link", deadLinks, "docs/why.md", "[x](how.md) [y](gone.md)", "docs/why.md links to gone.md"},
		{"a dead picture", deadLinks, "docs/why.md", "![x](pic.png \"title\")", "docs/why.md links to pic.png"},
		{"a dead named link", deadLinks, "docs/why.md", "see [x]\n\n[x]: gone.md", "docs/why.md links to gone.md"},
		{"a path of the workplace", workplaceWords, "docs/why.md", "one\nsee /" + "work/main", "docs/why.md:2 says"},
		{"a home directory", workplaceWords, "Makefile", "x=/" + "root/go", "Makefile:1 says"},
		{"a registry", workplaceWords, "go.env", "GOPROXY=https://proxy." + "golang.org", "go.env:1 says"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			files := sound()
			files[test.file] = test.content
			got := test.check(t, files)
			if len(got) != 1 || !strings.Contains(got[0], test.want) {
				t.Errorf("the check says %q; want one violation with %q", got, test.want)
			}
		})
	}
}

func TestRelativePathsAreNoWorkplace(t *testing.T) {
	t.Parallel()
	files := tree{"a.md": "internal/" + "work/queue.go ./" + "work/x **/" + "work/** ${base}/" + "work/ doorstep/" + "root/x"}
	if got := workplaceWords(t, files); !slices.Equal(got, nil) {
		t.Errorf("relative paths are taken for absolute ones: %q", got)
	}
}
