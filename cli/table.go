package cli

import (
	"slices"
	"strings"
)

// column is one column of a table.
type column struct {
	title  string
	right  bool // figures
	shrink bool // it gives way when the table is too wide
	status bool // it is painted by what it means
}

// table is aligned text that fits the screen.
type table struct {
	screen  *screen
	columns []column
	indent  string
	rows    [][]string
}

func (s *screen) table(indent string, columns ...column) *table {
	return &table{screen: s, columns: columns, indent: indent}
}

func (t *table) add(cells ...string) {
	for i := range cells {
		cells[i] = strings.ReplaceAll(printable(cells[i]), "\n", " ")
	}
	t.rows = append(t.rows, cells)
}

// print writes the titles, where there are any, and the rows.
func (t *table) print() {
	widths := t.widths()
	titles := make([]string, len(t.columns))
	titled := false
	for i, c := range t.columns {
		titles[i] = c.title
		titled = titled || c.title != ""
	}
	if titled {
		t.printRow(titles, widths, bold)
	}
	for _, row := range t.rows {
		t.printRow(row, widths, plain)
	}
}

const gap = 2

// smallest is how narrow a column that gives way becomes, unless figures need
// more.
const smallest = 6

// widths are those of the columns, narrowed so that all of them fit: one that
// gives way and has nothing to say is left out first.
func (t *table) widths() []int {
	widths := make([]int, len(t.columns))
	total := len(t.indent) - gap
	for i, c := range t.columns {
		widths[i] = columns(c.title)
		for _, row := range t.rows {
			widths[i] = max(widths[i], columns(row[i]))
		}
		total += widths[i] + gap
	}
	for i, c := range t.columns {
		if total > t.screen.width && c.shrink && t.empty(i) {
			total -= widths[i] + gap
			widths[i] = 0
		}
	}
	total = t.narrow(widths, total, smallest)
	t.narrow(widths, total, 1)
	return widths
}

// narrow takes from the columns that give way, of the widest first and down to
// the floor, until the total fits, and returns what it is then. Figures are
// never cut.
func (t *table) narrow(widths []int, total, floor int) int {
	for ; total > t.screen.width; total-- {
		widest := -1
		for i, c := range t.columns {
			if c.shrink && !c.right && widths[i] > floor && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return total
}

// empty says whether a column has nothing to say.
func (t *table) empty(i int) bool {
	return !slices.ContainsFunc(t.rows, func(row []string) bool { return row[i] != "" })
}

func (t *table) printRow(cells []string, widths []int, c colour) {
	var line strings.Builder
	line.WriteString(t.indent)
	for i, cell := range cells {
		if widths[i] == 0 {
			continue
		}
		cell = t.screen.fit(cell, widths[i])
		pad := strings.Repeat(" ", max(widths[i]-columns(cell), 0))
		painted := t.screen.paint(c, cell)
		if t.columns[i].status && c == plain {
			painted = t.screen.status(cell)
		}
		if t.columns[i].right {
			painted = pad + painted
		} else if i < len(cells)-1 {
			painted += pad
		}
		line.WriteString(painted)
		if i < len(cells)-1 {
			line.WriteString(strings.Repeat(" ", gap))
		}
	}
	t.screen.printf("%s\n", strings.TrimRight(line.String(), " "))
}
