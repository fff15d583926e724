package console

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"doorstep/fault"
	"doorstep/money"
	"doorstep/process"
)

// mostChosen is how many can be chosen at once.
const mostChosen = 200

// several is the page on which one thing is done about several at once: first what it
// would do about each, and then what it did.
type several struct {
	Heading, Does, Button string
	Grave                 bool
	Post                  string // where the form is sent
	Back, Whence          string // where one comes from, and what is there
	List                  string // how the list is narrowed down from which one comes
	Fields                []field

	Would, Done []affected
	Refused     []refusal
}

// affected is one of several, and what is done about it.
type affected struct {
	Item    string // as the form names it
	Version int64  // of the order as it was seen, 0 of what is no order's
	Name    string
	Path    string
	Effects []string         // in sentences
	Undoing *process.Undoing // what is undone of it, nil where nothing is
}

// InAll is what would be undone of several together, each currency by itself.
func (s several) InAll() (comes []string) {
	sums, seen := map[money.Currency]process.Undoing{}, map[string]bool{}
	for _, one := range s.Would {
		if u := one.Undoing; u != nil && !seen[one.Path] {
			sums[u.Currency], seen[one.Path] = sums[u.Currency].Plus(*u), true
		}
	}
	if len(seen) < 2 {
		return nil
	}
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		comes = append(comes, undoings(sums[currency])...)
	}
	return slices.DeleteFunc(comes, func(says string) bool { return says == noMoney && len(sums) > 1 })
}

// refusal is one of several about which nothing is done.
type refusal struct {
	Item string
	Why  *fault.Error
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
	if len(once) == 0 || len(once) > mostChosen {
		return nil, fault.New(fault.Invalid, "nothing was chosen: from 1 to %d can be", mostChosen)
	}
	return once, nil
}

// put keeps what is done about one, or why nothing is.
func (s *several) put(to *[]affected, item string, one affected, err error) error {
	if err == nil {
		one.Item = item
		*to = append(*to, one)
		return nil
	}
	e := fault.As(err)
	if e == nil || e.Code == fault.Forbidden {
		return err
	}
	s.Refused = append(s.Refused, refusal{item, e})
	return nil
}

// look says of each what would be done about it.
func (s *several) look(items []string, would func(item string) (affected, error)) error {
	for _, item := range items {
		one, err := would(item)
		if err := s.put(&s.Would, item, one, err); err != nil {
			return err
		}
	}
	return nil
}

// do does it about each, as it was seen and apart from the others: what can not be done
// about one keeps none of them back.
func (s *several) do(r *http.Request, items []string, do func(by process.Command, item string) (affected, error)) error {
	begun := map[string]bool{}
	for i, item := range items {
		by := command(r)
		by.Key = join("/", by.Key, item)
		of := ownerOf(item)
		if versions := r.PostForm["version"]; i < len(versions) && !begun[of] { // a second matter of an order is of what the first has left
			by.Version, _ = strconv.ParseInt(versions[i], 10, 64) // 0 of what is no order's
		}
		one, err := do(by, item)
		begun[of] = begun[of] || err == nil
		if err := s.put(&s.Done, item, one, err); err != nil {
			return err
		}
	}
	return nil
}

// ownerOf is whose matter an item is: it says so before its last part.
func ownerOf(item string) string {
	if i := strings.LastIndexByte(item, '/'); i > 0 {
		return item[:i]
	}
	return item
}

// problem says how many were refused of so many, nil when none was.
func (s *several) problem(n int, thing string) error {
	if len(s.Refused) == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "of %s nothing was done about %d", count(int64(n), thing), len(s.Refused))
}

// showSeveral shows the page, and why something was not done.
func (c *Console) showSeveral(w http.ResponseWriter, r *http.Request, here string, page several, problem error) error {
	return c.show(w, r, "several", shown{Title: page.Heading, Here: here, Page: page}, problem)
}
