package house_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	database   = "internal/db"
	migrations = database + "/migrations"
)

// databaseTables belong to internal/db, whether or not its SQL names them.
var databaseTables = []string{"meta", "counts"}

var (
	sqlComment  = regexp.MustCompile(`--[^\n]*|(?s:/\*.*?\*/)`)
	createTable = regexp.MustCompile(`(?i)\bCREATE\s+(?:\w+\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?"?(\w+)`)
	alterTable  = regexp.MustCompile(`(?i)\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?"?(\w+)`)
	reference   = regexp.MustCompile(`(?i)\bREFERENCES\s+"?(\w+)`)

	// SQL is written with its keywords in capitals; whole statements that are
	// not are recognised too.
	fragment  = regexp.MustCompile(`\b(?:FROM|INTO|UPDATE|JOIN|USING|TABLE)\s`)
	statement = regexp.MustCompile(`(?i)^\s*(?:select\b[^;]*\bfrom|insert\s+into|delete\s+from|update\s+\w+\s+set)\s`)
	// tableList is what follows a keyword: names with their aliases.
	tableList = regexp.MustCompile(`(?i)\b(?:FROM|INTO|UPDATE|JOIN|USING|TABLE)\s+(?:ONLY\s+)?("?\w+"?(?:(?:\s+AS)?\s+\w+)?(?:\s*,\s*"?\w+"?(?:(?:\s+AS)?\s+\w+)?)*)`)
)

// strayTables names each table that a second package names in its SQL.
func strayTables(t *testing.T, files tree) []string {
	var violations []string
	rooms := tableRooms(t, files)
	for _, table := range slices.Sorted(maps.Keys(rooms)) {
		if len(rooms[table]) > 1 {
			violations = append(violations, fmt.Sprintf(
				"table %s is named in the SQL of %s: one table, one room", table, strings.Join(rooms[table], " and ")))
		}
	}
	return violations
}

// strayReferences names each foreign key that leads out of its table's room.
func strayReferences(t *testing.T, files tree) []string {
	var violations []string
	rooms := tableRooms(t, files)
	for _, file := range migrationFiles(files) {
		for sql := range strings.SplitSeq(sqlComment.ReplaceAllString(files[file], ""), ";") {
			for _, link := range references(sql) {
				if !slices.Equal(rooms[link.from], rooms[link.to]) {
					violations = append(violations, fmt.Sprintf("%s: table %s of %v refers to %s of %v: no foreign keys across rooms",
						file, link.from, rooms[link.from], link.to, rooms[link.to]))
				}
			}
		}
	}
	return violations
}

type link struct{ from, to string }

// references returns the foreign keys that one statement declares.
func references(sql string) []link {
	subject := createTable.FindStringSubmatch(sql)
	if subject == nil {
		subject = alterTable.FindStringSubmatch(sql)
	}
	if subject == nil {
		return nil
	}
	var links []link
	for _, m := range reference.FindAllStringSubmatch(sql, -1) {
		if m[1] != subject[1] {
			links = append(links, link{from: subject[1], to: m[1]})
		}
	}
	return links
}

func migrationFiles(files tree) []string {
	var paths []string
	for file := range files {
		if strings.HasPrefix(file, migrations+"/") && path.Ext(file) == ".sql" {
			paths = append(paths, file)
		}
	}
	slices.Sort(paths)
	return paths
}

// tableRooms maps each table to the packages whose SQL names it.
func tableRooms(t *testing.T, files tree) map[string][]string {
	t.Helper()
	rooms := map[string][]string{}
	for _, file := range migrationFiles(files) {
		for _, m := range createTable.FindAllStringSubmatch(sqlComment.ReplaceAllString(files[file], ""), -1) {
			rooms[m[1]] = nil
		}
	}
	if len(rooms) == 0 {
		t.Fatalf("no table is created in %s", migrations)
	}
	for _, table := range databaseTables {
		rooms[table] = []string{database}
	}
	for file, source := range files {
		if !namesTablesFreely(file) {
			addRooms(rooms, path.Dir(file), tablesNamed(t, file, source))
		}
	}
	return rooms
}

// namesTablesFreely says whether a file is no Go file of a room: tests corrupt
// and look at whatever they have to.
func namesTablesFreely(file string) bool {
	return path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") ||
		strings.HasPrefix(file, migrations+"/") || strings.HasPrefix(file, database+"/dbtest/")
}

func addRooms(rooms map[string][]string, room string, tables []string) {
	for _, table := range tables {
		named, isTable := rooms[table]
		if isTable && !slices.Contains(named, room) {
			rooms[table] = slices.Sorted(slices.Values(append(named, room)))
		}
	}
}

// tablesNamed returns the words that stand where SQL names a table, in the
// string literals of a Go file.
func tablesNamed(t *testing.T, file, source string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		if expression, ok := n.(ast.Expr); ok {
			names = append(names, tablesIn(text(expression))...)
		}
		return true
	})
	return names
}

// text returns the string that literals joined by + make; what is no literal
// stands in it as an empty pair of brackets.
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return s
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return text(e.X) + text(e.Y)
		}
	case *ast.ParenExpr:
		return text(e.X)
	}
	return "()"
}

// tablesIn returns the names that stand for tables in a string, if it is SQL.
func tablesIn(s string) []string {
	if !fragment.MatchString(s) && !statement.MatchString(s) {
		return nil
	}
	var names []string
	for _, m := range tableList.FindAllStringSubmatch(s, -1) {
		for entry := range strings.SplitSeq(m[1], ",") {
			names = append(names, strings.Trim(strings.Fields(entry)[0], `"`))
		}
	}
	return names
}
