package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/process"
)

// manyDeed is what can be done about several orders at once.
type manyDeed struct {
	name    string // in the address
	verb    string // as it is offered
	does    string // what comes of it
	grave   bool
	fields  []field
	preview func(ctx context.Context, p *process.Process, by process.Command, o order.Order) (affected, error)
	do      func(ctx context.Context, p *process.Process, by process.Command, o order.Order, form url.Values) error
}

var manyDeeds = []manyDeed{
	{
		name: "hold", verb: "Hold", does: "What is due of them waits until they are released; money on its way back, and parcels that have left, are seen to.",
		fields: []field{
			{Name: "reason", Label: "Why, as a word", Kind: "text", Words: []string{"fraud_suspected", "address_unclear", "customer_asks"}, Required: true},
			{Name: "text", Label: "For others to read", Kind: "prose"},
		},
		preview: func(_ context.Context, _ *process.Process, _ process.Command, o order.Order) (affected, error) {
			return ofOne(o, "It is held where it is: no money moves, and no goods."), process.WhyNoHold(o)
		},
		do: func(ctx context.Context, p *process.Process, by process.Command, o order.Order, form url.Values) error {
			return made(p.Hold(ctx, by, o.ID, form.Get("reason"), form.Get("text")))
		},
	},
	{
		name: "release", verb: "Release", does: "They go on from where they were held.",
		preview: func(ctx context.Context, p *process.Process, by process.Command, o order.Order) (affected, error) {
			_, err := p.Release(ctx, by.Rehearsal(), o.ID)
			would := new(process.Rehearsed)
			if !errors.As(err, &would) {
				return affected{}, err
			}
			was, now := "It was held for "+words(o.Held)+".", "It goes on, and what was waited for is waited for as long again as it was held."
			if would.After.Held != "" {
				now = "It is held for " + words(would.After.Held) + " from then on."
			}
			return ofOne(o, was, now), nil
		},
		do: func(ctx context.Context, p *process.Process, by process.Command, o order.Order, _ url.Values) error {
			return made(p.Release(ctx, by, o.ID))
		},
	},
	{
		name: "cancel", verb: "Cancel", does: cancelDoes, grave: true, fields: reasonField(matter{}),
		preview: func(ctx context.Context, p *process.Process, _ process.Command, o order.Order) (affected, error) {
			would, err := p.PreviewCancel(ctx, o.ID)
			one := ofOne(o, undoings(would.Undoing)...)
			one.Undoing = &would.Undoing
			return one, err
		},
		do: func(ctx context.Context, p *process.Process, by process.Command, o order.Order, form url.Values) error {
			return made(p.Cancel(ctx, by, o.ID, form.Get("reason")))
		},
	},
}

// page is what is asked before it is done about so many orders, of a list that is
// narrowed down so.
func (d manyDeed) page(n int, list string) several {
	what := d.verb + " " + count(int64(n), "order")
	s := several{Heading: d.verb + " orders", Does: d.does, Grave: d.grave, Post: "/orders/" + d.name, Back: "/orders", Whence: "the orders", Fields: slices.Clone(d.fields)}
	if n > 0 {
		s.Heading, s.Button = what+"?", what
	}
	if q, err := url.ParseQuery(list); err == nil {
		q = asked(q, narrowings...)
		s.List, s.Back = q.Encode(), "/orders"+query(q, "", "")
	}
	return s
}

// ofOne is what is done about one order of several.
func ofOne(o order.Order, effects ...string) affected {
	return affected{Version: o.Version, Name: "Order " + number(o.Number), Path: orderPath(o), Effects: effects}
}

// manyPage says what a deed would do about the orders that were chosen.
func (c *Console) manyPage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	d, known := pick(manyDeeds, func(d manyDeed) bool { return d.name == q.Get("do") })
	if !known {
		return fault.New(fault.Invalid, "it is not said what is to be done")
	}
	return c.askOfMany(w, r, d, q["item"], q.Get("list"), nil)
}

// askOfMany shows what a deed would do about orders, and why it was not done.
func (c *Console) askOfMany(w http.ResponseWriter, r *http.Request, d manyDeed, items []string, list string, problem error) error {
	user := signedInOf(r.Context()).User
	if err := user.Permit().Check(access.Orders); err != nil {
		return err
	}
	items, err := chosen(items)
	if err != nil {
		return err
	}
	var page several
	err = page.look(items, func(item string) (affected, error) {
		o, err := c.process.FindOrder(r.Context(), item)
		if err != nil {
			return affected{}, err
		}
		return d.preview(r.Context(), c.process, process.Command{By: user.Actor(), May: user.Permit()}, o)
	})
	if err != nil {
		return err
	}
	as := d.page(len(page.Would), list)
	as.Would, as.Refused = page.Would, page.Refused
	as.typed(r.PostForm, problem)
	return c.showSeveral(w, r, "orders", as, problem)
}

// typed keeps in the fields what was typed, and what is wrong with it.
func (s *several) typed(form url.Values, problem error) {
	for i := range s.Fields {
		f := &s.Fields[i]
		f.Value = form.Get(f.Name)
		if e := fault.As(problem); e != nil {
			if wrong, is := pick(e.Fields, func(w fault.Field) bool { return w.Path == f.Name }); is {
				f.Wrong = wrong.Message
			}
		}
	}
}

// doMany does what was decided about the orders that were chosen. What was typed amiss is
// asked for again before anything is done.
func (c *Console) doMany(d manyDeed) page {
	return func(w http.ResponseWriter, r *http.Request) error {
		items, err := chosen(r.PostForm["item"])
		if err != nil {
			return err
		}
		page := d.page(0, r.PostForm.Get("list"))
		err = page.do(r, items, func(by process.Command, item string) (affected, error) {
			o, err := c.process.FindOrder(r.Context(), item)
			if err == nil {
				err = d.do(r.Context(), c.process, by, o, r.PostForm)
			}
			return ofOne(o, manyDone[d.name]), err
		})
		if err != nil {
			return err
		}
		if amiss, is := pick(page.Refused, func(one refusal) bool { return one.Why.Code == fault.Invalid }); is && len(page.Done) == 0 {
			return c.askOfMany(w, r, d, items, page.List, amiss.Why)
		}
		if err := page.problem(len(items), "order"); err != nil {
			return c.showSeveral(w, r, "orders", page, err)
		}
		q, _ := url.ParseQuery(page.List) // it was encoded here
		http.Redirect(w, r, "/orders"+query(q, "done", "many-"+d.name), http.StatusSeeOther)
		return nil
	}
}

// manyDone is what has come of a deed about one of several.
var manyDone = map[string]string{"hold": "It is held.", "release": "It goes on.", "cancel": "It is being cancelled."}
