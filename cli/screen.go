package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// defaultWidth is how many columns there are where no terminal says so, and minWidth the
// fewest that are made use of.
const (
	defaultWidth = 80
	minWidth     = 40
)

// screen shows answers: aligned text for people, or JSON.
type screen struct {
	w      io.Writer
	width  int // columns
	colour bool
	json   bool
	err    error // the first of writing
}

func (p Program) newScreen(flags *globals) *screen {
	s := &screen{w: p.Stdout, width: defaultWidth, json: flags.JSON}
	if p.on != nil {
		s.width, s.colour = max(p.on.columns, minWidth), p.on.colour && !flags.NoColor
		return s
	}
	if f, ok := p.Stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width >= minWidth {
			s.width = width
		}
		no, _ := p.Env("NO_COLOR") // https://no-color.org: set and not empty
		s.colour = !flags.NoColor && no == ""
	}
	return s
}

// printf writes text for people.
func (s *screen) printf(format string, args ...any) {
	if s.err == nil {
		_, s.err = fmt.Fprintf(s.w, format, args...)
	}
}

// show writes v as JSON, or as text by calling text, and returns the first
// error of writing.
func (s *screen) show(v any, text func()) error {
	if !s.json {
		text()
		return s.err
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	s.printf("%s\n", b)
	return s.err
}

// line writes v as one line of JSON.
func (s *screen) line(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.printf("%s\n", b)
	return s.err
}

// heading writes the title of a section, after an empty line.
func (s *screen) heading(format string, args ...any) {
	s.printf("\n%s\n", s.paint(bold, s.fit(fmt.Sprintf(format, args...), s.width)))
}

// paragraph writes text in lines that fit, indented.
func (s *screen) paragraph(text string) {
	for _, line := range strings.Split(text, "\n") {
		for _, part := range wrap(printable(line), s.width-2) {
			s.printf("  %s\n", part)
		}
	}
}

// item writes one of several things, so that its further lines stand apart from
// the next one.
func (s *screen) item(text string) {
	for i, part := range wrap(printable(text), s.width-4) {
		if i == 0 {
			s.printf("  %s\n", part)
			continue
		}
		s.printf("    %s\n", part)
	}
}

// hanging writes text in lines that fit, all but the first of them indented by
// two columns more.
func (s *screen) hanging(indent, text string) {
	for i, line := range strings.Split(printable(text), "\n") {
		for j, part := range fold(line, s.width-len(indent)-2) {
			if i+j > 0 {
				part = "  " + part
			}
			s.printf("%s%s\n", indent, part)
		}
	}
}

// wrap breaks a line at spaces, and within a word only where it is longer than
// a whole line.
func wrap(line string, width int) []string {
	var words []string
	for _, word := range strings.Fields(line) {
		for columns(word) > width {
			head := widths.Truncate(word, width, "")
			words, word = append(words, head), word[len(head):]
		}
		words = append(words, word)
	}
	return fill(words, width)
}

// fold breaks a line at spaces only: a path that is broken can not be copied.
func fold(line string, width int) []string { return fill(strings.Split(line, " "), width) }

// fill makes lines of words.
func fill(words []string, width int) []string {
	var lines []string
	now := ""
	for i, word := range words {
		switch {
		case i == 0:
			now = word
		case columns(now)+1+columns(word) <= width:
			now += " " + word
		default:
			lines, now = append(lines, now), word
		}
	}
	return append(lines, now)
}

// widths measures text in columns. It does not depend on the locale, so that
// the same answer looks the same everywhere.
var widths = &runewidth.Condition{StrictEmojiNeutral: true}

func columns(s string) int { return widths.StringWidth(s) }

// fit shortens text to so many columns.
func (s *screen) fit(text string, width int) string {
	return widths.Truncate(text, max(width, 1), "…")
}

// printable replaces what would control the terminal, or turn the direction of
// a line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return '�'
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
}

// colour is a terminal's (ECMA-48, select graphic rendition).
type colour string

const (
	bold   colour = "1"
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	plain  colour = ""
)

// moods says what colour a status has.
var moods = map[string]colour{
	"delivered": green, "succeeded": green, "solved": green,
	"failed": red, "has failed": red, "stuck": red, "declined": red, "refused": red,
	"cancelled": yellow, "open": yellow, "unknown": yellow, "cancelling": yellow, "held": yellow,
}

func (s *screen) paint(c colour, text string) string {
	if !s.colour || c == plain || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// status paints a status by what it means.
func (s *screen) status(text string) string { return s.paint(moods[strings.TrimSpace(text)], text) }

// moment is a time for people: UTC, to the minute.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

// instant is a time for people: UTC, to the second.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// words turns a code such as out_of_stock into words.
func words[S ~string](code S) string { return strings.ReplaceAll(string(code), "_", " ") }

// count is a number of things in words.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
