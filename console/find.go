package console

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"doorstep/access"
	"doorstep/process"
)

// foundAtMost is how many of each kind are shown at most.
const foundAtMost = 8

// findings is what the page of a search for anything shows.
type findings struct {
	Search string
	Groups []group
}

// group are hits of one kind.
type group struct {
	Of   string
	Hits []hit
}

// hit is something that was found, where it is shown, and what tells it from others.
type hit struct {
	Name, Path, More string
	State            any // nil for none
}

// places are the pages that can be found by their names, of whoever may look at them.
var places = []struct {
	hit
	scope access.Scope
}{
	{hit{Name: "Today", Path: "/"}, access.Read},
	{hit{Name: "Orders", Path: "/orders"}, access.Read},
	{hit{Name: "Held orders", Path: "/orders?held=yes"}, access.Read},
	{hit{Name: "Attention", Path: "/attention"}, access.Read},
	{hit{Name: "Stock", Path: "/stock"}, access.Read},
	{hit{Name: "Tickets", Path: "/tickets"}, access.Read},
	{hit{Name: "Your account", Path: "/settings"}, access.Read},
	{hit{Name: "Canned answers", Path: "/settings/answers"}, access.Read},
	{hit{Name: "Users", Path: "/settings/users"}, access.Admin},
	{hit{Name: "API keys", Path: "/settings/keys"}, access.Admin},
}

// find shows what anything that was typed names.
func (c *Console) find(w http.ResponseWriter, r *http.Request) error {
	search := strings.TrimSpace(r.URL.Query().Get("q"))
	v := findings{Search: search}
	found, err := c.process.Find(r.Context(), search, foundAtMost)
	if err != nil {
		return err
	}
	v.add("SKUs", skusOf(found))
	v.add("Orders", hitsOf(found))
	v.add("Customers", customersOf(found))
	v.add("Tickets", ticketsOf(found))
	var named []hit
	for _, p := range places {
		if p.covers(search) && signedInOf(r.Context()).User.Permit().Allows(p.scope) {
			named = append(named, p.hit)
		}
	}
	v.add("Pages", named)
	return c.show(w, r, "find", shown{Title: "Find", Here: "find", Page: v}, nil)
}

func (v *findings) add(of string, hits []hit) {
	if len(hits) > 0 {
		v.Groups = append(v.Groups, group{of, hits})
	}
}

// covers says whether a word of the hit's name begins as the text does.
func (h hit) covers(text string) bool {
	name, text := strings.ToLower(h.Name), strings.ToLower(text)
	return strings.HasPrefix(name, text) || slices.ContainsFunc(strings.Fields(name), func(word string) bool { return strings.HasPrefix(word, text) })
}

func hitsOf(f process.Found) (hits []hit) {
	for _, o := range f.Orders {
		hits = append(hits, hit{fmt.Sprintf("Order %d", o.Number), orderPath(o), o.Reference.Source + "/" + o.Reference.Number, o.Status})
	}
	return hits
}

func customersOf(f process.Found) (hits []hit) {
	for _, id := range f.Customers {
		hits = append(hits, hit{Name: id, Path: "/orders?customer=" + url.QueryEscape(id), More: "their orders"})
	}
	return hits
}

func ticketsOf(f process.Found) (hits []hit) {
	for _, t := range f.Tickets {
		hits = append(hits, hit{capital(words(t.Category)), ticketPath(t.ID), t.ID, t.Status})
	}
	return hits
}

func skusOf(f process.Found) (hits []hit) {
	for _, s := range f.SKUs {
		hits = append(hits, hit{Name: s.Code, Path: stockPath(s.Code), More: s.Name}, hit{Name: "Orders of " + s.Code, Path: "/orders?sku=" + url.QueryEscape(s.Code)})
	}
	return hits
}
