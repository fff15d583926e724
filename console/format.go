package console

import (
	"crypto/rand"
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"doorstep/access"
	"doorstep/money"
	"doorstep/order"
)

// funcs are what templates can say of values.
func funcs(a *assets) template.FuncMap {
	return template.FuncMap{
		"asset":   a.path,
		"money":   func(minor int64, c money.Currency) string { return money.Of(minor, c).String() },
		"decimal": func(minor int64, c money.Currency) string { return money.Of(minor, c).Decimal() },
		"ago":     func(t time.Time) clock { return since(t, now()) },
		"instant": instant,
		"due": func(text string) clock { // of a step, as process.Next has it
			t, _ := time.Parse(time.RFC3339, text)
			return since(t, now())
		},
		"sentence":  capital,
		"words":     words,
		"title":     func(code any) string { return capital(words(code)) },
		"tone":      tone,
		"took":      took,
		"ageOf":     ageOf,
		"count":     count,
		"join":      join,
		"key":       func() string { return "console-" + rand.Text() }, // of a form: what it commands is done once
		"stockPath": stockPath,
		"roles":     func() []access.Role { return access.Roles },
		"scopes":    func() []access.Scope { return access.AllScopes },
		"address": func(a order.Address) string {
			return join("\n", a.Name, a.Line1, a.Line2, join(" ", a.PostalCode, a.City), join(", ", a.Region, a.Country))
		},
	}
}

// clock is a time as pages show it: how long ago it is, and exactly.
type clock struct{ Machine, Exact, Relative string }

const exactly = "2006-01-02 15:04:05 MST"

// since is a time as it is said at another: ago, or to come. What is more than a week
// away is said by its date.
func since(t, at time.Time) clock {
	if t.IsZero() {
		return clock{}
	}
	t = t.UTC()
	c := clock{Machine: t.Format(time.RFC3339), Exact: t.Format(exactly)}
	away := at.Sub(t)
	switch words := inWords(away.Abs()); {
	case away.Abs() < time.Minute:
		c.Relative = "now"
	case away.Abs() >= 7*24*time.Hour:
		c.Relative = t.Format("2 Jan 2006")
	case away > 0:
		c.Relative = words + " ago"
	default:
		c.Relative = "in " + words
	}
	return c
}

// instant is a time that is said exactly, such as of an event among others.
func instant(t time.Time) clock {
	c := since(t, now())
	if !t.IsZero() {
		c.Relative = t.UTC().Format("2 Jan 15:04:05")
	}
	return c
}

// inWords is a time in its largest unit.
func inWords(d time.Duration) string {
	switch {
	case d < time.Minute:
		return count(int64(d/time.Second), "second")
	case d < time.Hour:
		return count(int64(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return count(int64(d/time.Hour), "hour")
	}
	return count(int64(d/(24*time.Hour)), "day")
}

// count is a number of things in words, of which the plural is with an s.
func count(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// words is a code as people read it.
func words(code any) string {
	return strings.NewReplacer("_", " ", ".", " ").Replace(fmt.Sprint(code))
}

func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

// join joins those parts that are not empty.
func join(sep string, parts ...string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, sep)
}

// tones say what a state means for the shop: it is as it should be, goes on, waits for
// someone, or has gone wrong. The others say nothing.
var tones = map[string]string{
	"delivered": "good", "succeeded": "good", "captured": "good", "solved": "good", "active": "good", "found": "good",
	"processed": "calm", "paid": "calm", "shipped": "calm", "processing": "calm", "authorised": "calm", "requires_capture": "calm", "label_bought": "calm", "labelled": "calm",
	"in_transit": "calm", "out_for_delivery": "calm", "pre_transit": "calm", "left": "calm", "reserved": "calm", "new": "calm",
	"open": "wait", "pending": "wait", "on_hold": "wait", "held": "wait", "unknown": "wait", "backordered": "wait", "refunding": "wait", "requires_action": "wait", "late": "wait",
	"cancelling": "wait", "changing": "wait", "invited": "wait", "partly_left": "wait", "partly_shipped": "wait", "reshipping": "wait", "due": "wait", "stuck": "bad",
	"failed": "bad", "declined": "bad", "lost": "bad", "damaged": "bad", "missing": "bad", "failure": "bad", "return_to_sender": "bad", "partly_lost": "bad", "disabled": "bad",
}

func tone(state any) string { return tones[fmt.Sprint(state)] }
