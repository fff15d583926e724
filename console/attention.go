package console

import (
	"cmp"
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep/fault"
	"doorstep/money"
	"doorstep/process"
)

// The bounds of what is shown of what needs attention: of each cause where all are
// shown, of the one that is asked for, and of each in a file. What is there for longest
// comes first, and the next one is there when it was seen to.
const (
	attentionOfEach = 25
	attentionOfOne  = 200
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
			writeRow(out, m.Item, string(m.Cause), number(m.Number), m.Ticket, m.SKU, string(m.Step), cmp.Or(m.Why, m.Instead), m.Since.UTC().Format(time.RFC3339),
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

// csvFile begins a file (RFC 4180) with the titles of its columns.
func csvFile(w http.ResponseWriter, name string, columns ...string) *csv.Writer {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	out := csv.NewWriter(w)
	_ = out.Write(columns) // out.Error has it
	return out
}

// writeRow writes a row, of which no spreadsheet takes a cell for a formula.
func writeRow(out *csv.Writer, cells ...string) {
	for i := range cells {
		cells[i] = plain(cells[i])
	}
	_ = out.Write(cells) // out.Error has it
}

// attending is what the page shows on which a way is gone about what was chosen.
type attending struct {
	Way     process.Way
	Would   []process.Attended
	Done    []process.Attended
	Refused []refusal
}

// refusal is one of several about which nothing is done.
type refusal struct {
	Item string
	Why  *fault.Error
}

// Saying is what the button says that does it.
func (a attending) Saying() string { return strings.TrimSuffix(a.Heading(), "?") }

// Heading asks what is to be decided.
func (a attending) Heading() string {
	n := int64(len(a.Would))
	switch {
	case len(a.Done) > 0 || n == 0:
		return wayNames[a.Way]
	case a.Way == process.WayCompensate:
		return "Cancel " + count(n, "order") + "?"
	case !slices.ContainsFunc(a.Would, func(one process.Attended) bool { return len(one.Steps) > 0 }):
		return "Release " + count(n, "order") + "?"
	default:
		return wayNames[a.Way] + ": " + count(n, "matter") + "?"
	}
}

// Effects are what is done about one, as sentences.
func (attending) Effects(a process.Attended) (all []string) {
	if a.Released != "" {
		all = append(all, "It is released: it was held for "+words(a.Released)+".")
	}
	for _, step := range a.Steps {
		all = append(all, capital(words(step))+map[process.Way]string{process.WayRetry: " is tried again.", process.WaySkip: " is passed over."}[a.Way])
	}
	if a.Undoing != nil {
		all = append(all, undoings(*a.Undoing)...)
	}
	return all
}

// attendPage says what a way would do about what was chosen.
func (c *Console) attendPage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	page := attending{Way: process.Way(q.Get("way"))}
	items, err := chosen(q["item"])
	if err == nil && !slices.Contains(process.Ways, page.Way) {
		err = fault.New(fault.Invalid, "it is not said what is to be done")
	}
	if err != nil {
		return err
	}
	for _, item := range items {
		would, err := c.process.PreviewAttend(r.Context(), page.Way, item)
		if err := page.put(&page.Would, item, would, err); err != nil {
			return err
		}
	}
	return c.attendShown(w, r, page, nil)
}

func (c *Console) attendShown(w http.ResponseWriter, r *http.Request, page attending, problem error) error {
	return c.show(w, r, "attend", shown{Title: page.Heading(), Here: "attention", Page: page}, problem)
}

// chosen are what a form names, each once.
//
// Errors: invalid.
func chosen(items []string) ([]string, error) {
	var once []string
	for _, item := range items {
		if !slices.Contains(once, item) {
			once = append(once, item)
		}
	}
	if len(once) == 0 || len(once) > attentionOfOne {
		return nil, fault.New(fault.Invalid, "nothing was chosen: from 1 to %d can be", attentionOfOne)
	}
	return once, nil
}

// put keeps what is done about an item, or why it is not.
func (a *attending) put(to *[]process.Attended, item string, one process.Attended, err error) error {
	if err == nil {
		*to = append(*to, one)
		return nil
	}
	e := fault.As(err)
	if e == nil {
		return err
	}
	a.Refused = append(a.Refused, refusal{item, e})
	return nil
}

// attend goes a way about each of what was chosen, as it was seen and apart from the
// others: what can not be done of one keeps none of them back.
func (c *Console) attend(way process.Way) page {
	return func(w http.ResponseWriter, r *http.Request) error {
		items, err := chosen(r.PostForm["item"])
		if err != nil {
			return err
		}
		page, begun := attending{Way: way}, map[string]bool{}
		for i, item := range items {
			by := command(r)
			by.Key = join("/", by.Key, item)
			of := item[:max(0, strings.LastIndexByte(item, '/'))]
			if versions := r.PostForm["version"]; i < len(versions) && !begun[of] { // a second matter of an order is of what the first has left
				by.Version, _ = strconv.ParseInt(versions[i], 10, 64) // 0 of what is no order's
			}
			done, err := c.process.Attend(r.Context(), by, way, item)
			if fault.Is(err, fault.Forbidden) {
				return err
			}
			begun[of] = begun[of] || err == nil
			if err := page.put(&page.Done, item, done.Value, err); err != nil {
				return err
			}
		}
		if len(page.Refused) == 0 {
			return done(w, r, "/attention", string(way))
		}
		return c.attendShown(w, r, page, fault.New(page.Refused[0].Why.Code, "of %s nothing was done about %d", count(int64(len(items)), "matter"), len(page.Refused)))
	}
}
