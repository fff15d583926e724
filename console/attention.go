package console

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"doorstep/fault"
	"doorstep/money"
	"doorstep/process"
)

// The bounds of what is shown of what needs attention: of each cause where all are
// shown, of the one that is asked for, and of each in a file. What is there for longest
// comes first, and the next one is there when it was seen to.
const (
	attentionOfEach = 25
	attentionOfOne  = mostChosen
	attentionInFile = 2000
)

// matters are what needs attention for one cause, the most money at risk first.
type matters struct {
	Cause process.Cause
	Items []process.Matter
	More  int64 // that are not shown
}

// AtRisk is what is at risk by them, of each order once: "" for nothing.
func (m matters) AtRisk() string {
	seen, sums := map[string]bool{}, map[money.Currency]int64{}
	for _, it := range m.Items {
		if it.AtRisk > 0 && !seen[it.Order] {
			sums[it.Currency] += it.AtRisk
		}
		seen[it.Order] = true
	}
	var all []string
	for currency, sum := range sums {
		all = append(all, money.Of(sum, currency).String())
	}
	slices.Sort(all)
	return strings.Join(all, " and ")
}

// rank puts what has the most money at risk first, and of as much what is there for
// longest. Money of two currencies is not compared.
func rank(all []process.Matter) {
	slices.SortStableFunc(all, func(a, b process.Matter) int {
		if none := a.AtRisk == 0; none != (b.AtRisk == 0) {
			if none {
				return 1
			}
			return -1
		}
		if a.AtRisk == 0 {
			return a.Since.Compare(b.Since)
		}
		return cmp.Or(cmp.Compare(a.Currency, b.Currency), cmp.Compare(b.AtRisk, a.AtRisk), a.Since.Compare(b.Since))
	})
}

// attentionList is what the page shows of what needs attention.
type attentionList struct {
	Causes []process.Cause
	Cause  process.Cause // "" for all
	Groups []matters
	Ways   []process.Way
}

// Empty says whether nothing needs attention.
func (l attentionList) Empty() bool {
	return !slices.ContainsFunc(l.Groups, func(m matters) bool { return len(m.Items) > 0 })
}

// Export is the address of the list as a file.
func (l attentionList) Export() string {
	return "/attention.csv" + query(url.Values{}, "cause", string(l.Cause))
}

// Saying is what a way does about a matter, as people are shown it.
func (attentionList) Saying(w process.Way, m process.Matter) string {
	if w == process.WayRetry && m.Cause == process.CauseHeld {
		return "Release"
	}
	return wayNames[w]
}

// SayingMany is what a way does about what is chosen.
func (attentionList) SayingMany(w process.Way) string {
	return map[process.Way]string{process.WayRetry: "Try again or release", process.WaySkip: wayNames[w], process.WayCompensate: "Cancel the orders"}[w]
}

// wayNames are what people are shown of a way.
var wayNames = map[process.Way]string{process.WayRetry: "Try again", process.WaySkip: "Pass over", process.WayCompensate: "Cancel the order"}

func (c *Console) attention(w http.ResponseWriter, r *http.Request) error {
	list := attentionList{Causes: process.Causes, Ways: process.Ways}
	var err error
	if list.Cause, err = causeOf(r); err == nil {
		most := attentionOfEach
		if list.Cause != "" {
			most = attentionOfOne
		}
		list.Groups, err = c.mattersOf(r.Context(), list.Cause, most)
	}
	return c.show(w, r, "attention", shown{Title: "Attention", Here: "attention", Page: list}, err)
}

// causeOf is the cause that an address asks for, "" for all.
//
// Errors: invalid.
func causeOf(r *http.Request) (process.Cause, error) {
	of := process.Cause(r.URL.Query().Get("cause"))
	if of != "" && !slices.Contains(process.Causes, of) {
		var check fault.Check
		check.Add("cause", "unknown", "one of %v", process.Causes)
		return "", check.Err("what needs attention")
	}
	return of, nil
}

// mattersOf are up to most matters of a cause, or of each ("").
func (c *Console) mattersOf(ctx context.Context, of process.Cause, most int) ([]matters, error) {
	var groups []matters
	for _, cause := range process.Causes {
		if of != "" && of != cause {
			continue
		}
		a, err := c.process.Attention(ctx, cause, most)
		if err != nil {
			return nil, err
		}
		rank(a.Items)
		groups = append(groups, matters{cause, a.Items, a.More})
	}
	return groups, nil
}

// attentionCount is how much needs attention, as the navigation shows it, "" for nothing.
// A page is shown without it where it can not be had.
func (c *Console) attentionCount(ctx context.Context) string {
	const most = 99
	n, err := c.process.CountAttention(ctx, most+1)
	switch {
	case err != nil:
		c.log.WarnContext(ctx, "what needs attention can not be counted", "error", err)
		return ""
	case n > most:
		return "99+"
	}
	return number(n)
}

// attentionCSV sends what needs attention as a file.
func (c *Console) attentionCSV(w http.ResponseWriter, r *http.Request) error {
	of, err := causeOf(r)
	if err != nil {
		return err
	}
	groups, err := c.mattersOf(r.Context(), of, attentionInFile)
	if err != nil {
		return err
	}
	out := csvFile(w, "attention.csv", "item", "cause", "order", "ticket", "sku", "step", "why", "since", "currency", "at_risk", "ways")
	for _, g := range groups {
		for _, m := range g.Items {
			writeRow(out, m.Item, string(m.Cause), number(m.Number), m.Ticket, m.SKU, string(m.Step), cmp.Or(m.Why, m.Instead), stamp(m.Since),
				string(m.Currency), atRisk(m), strings.Join(texts(m.Ways), " "))
		}
	}
	out.Flush()
	return nil // the browser has gone: no one else can be told
}

func atRisk(m process.Matter) string {
	if m.AtRisk == 0 {
		return ""
	}
	return money.Of(m.AtRisk, m.Currency).Decimal()
}

// number is that of an order, "" for none.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// attended is what is done about a matter, as the page shows it.
func attended(way process.Way, a process.Attended) affected {
	one := affected{Version: a.Version, Name: "Ticket", Path: ticketPath(a.Ticket)}
	switch {
	case a.Number != 0:
		one.Name, one.Path = "Order "+number(a.Number), "/orders/"+number(a.Number)
	case a.SKU != "":
		one.Name, one.Path = a.SKU, stockPath(a.SKU)
	}
	if a.Released != "" {
		one.Effects = append(one.Effects, "It is released: it was held for "+words(a.Released)+".")
	}
	for _, step := range a.Steps {
		one.Effects = append(one.Effects, capital(words(step))+map[process.Way]string{process.WayRetry: " is tried again.", process.WaySkip: " is passed over."}[way])
	}
	if a.Undoing != nil {
		one.Effects, one.Undoing = append(one.Effects, undoings(*a.Undoing)...), a.Undoing
	}
	return one
}

// wayDoes is what comes of a way.
var wayDoes = map[process.Way]string{
	process.WayRetry: "What was asked is asked again under its key: nothing is done twice.", process.WaySkip: "The order then goes on without it.",
	process.WayCompensate: cancelDoes,
}

// attending is the page on which a way is gone about what was chosen.
func attending(way process.Way) several {
	return several{Heading: wayNames[way], Does: wayDoes[way], Grave: way == process.WayCompensate, Post: "/attention/" + string(way), Back: "/attention", Whence: "what needs attention"}
}

// ask asks what is to be decided, once it is known what would be done. Some of it may be
// more than to release orders.
func (s *several) ask(way process.Way, onlyReleased bool) {
	n := int64(len(s.Would))
	switch {
	case n == 0:
		return
	case way == process.WayCompensate:
		s.Button = "Cancel " + count(n, "order")
	case onlyReleased:
		s.Button = "Release " + count(n, "order")
	default:
		s.Button = wayNames[way] + ": " + count(n, "matter")
	}
	s.Heading = s.Button + "?"
}

// attendPage says what a way would do about what was chosen.
func (c *Console) attendPage(w http.ResponseWriter, r *http.Request) error {
	way := process.Way(r.URL.Query().Get("way"))
	items, err := chosen(r.URL.Query()["item"])
	if err == nil && !slices.Contains(process.Ways, way) {
		err = fault.New(fault.Invalid, "it is not said what is to be done")
	}
	if err != nil {
		return err
	}
	page, onlyReleased := attending(way), true
	err = page.look(items, func(item string) (affected, error) {
		would, err := c.process.PreviewAttend(r.Context(), way, item)
		onlyReleased = onlyReleased && len(would.Steps) == 0
		return attended(way, would), err
	})
	if err != nil {
		return err
	}
	page.ask(way, onlyReleased)
	return c.showSeveral(w, r, "attention", page, nil)
}

// attend goes a way about what was chosen.
func (c *Console) attend(way process.Way) page {
	return func(w http.ResponseWriter, r *http.Request) error {
		items, err := chosen(r.PostForm["item"])
		if err != nil {
			return err
		}
		page := attending(way)
		err = page.do(r, items, func(by process.Command, item string) (affected, error) {
			done, err := c.process.Attend(r.Context(), by, way, item)
			return attended(way, done.Value), err
		})
		if err != nil {
			return err
		}
		if err := page.problem(len(items), "matter"); err != nil {
			return c.showSeveral(w, r, "attention", page, err)
		}
		return done(w, r, "/attention", string(way))
	}
}
