package console

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"doorstep/access"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/process"
)

// overview is what the page of an order shows.
type overview struct {
	process.Overview
	Names map[access.Actor]string

	WhyNoHold, WhyNoRelease error // nil for what can be done

	Tracking string // the page that the customer sees

	May access.Permit // what who looks at it may do

	Typed map[string]string // as it was sent, where it was not done
}

// AttemptsOf are the questions about a payment to its gateway.
func (v overview) AttemptsOf(payment payment.Payment) (all []payment.Attempt) {
	for _, a := range v.Attempts {
		if a.Payment == payment.ID {
			all = append(all, a)
		}
	}
	return all
}

// RefundsOf are the refunds of a payment.
func (v overview) RefundsOf(payment payment.Payment) (all []payment.Refund) {
	for _, f := range v.Refunds {
		if f.Payment == payment.ID {
			all = append(all, f)
		}
	}
	return all
}

// LineName is what a line of the order is called.
func (v overview) LineName(line int64) string {
	for _, l := range v.Lines {
		if l.Line == line {
			return l.Name
		}
	}
	return ""
}

// happening is an event, and what the order's status became by it, "" where it stayed.
type happening struct {
	event.Event
	Became string
}

// Latest is the timeline, the newest first.
func (v overview) Latest() []happening {
	all, status := make([]happening, len(v.Timeline)), ""
	for i, e := range v.Timeline {
		h := happening{Event: e}
		if e.Status != status {
			h.Became, status = e.Status, e.Status
		}
		all[len(all)-1-i] = h
	}
	return all
}

// By is who has acted, as people are shown it.
func (v overview) By(actor any) string { return nameOf(v.Names, actor) }

// nameOf is the name of an actor who is a user, or else what they are.
func nameOf(names map[access.Actor]string, actor any) string {
	var a access.Actor
	switch is := actor.(type) {
	case access.Actor:
		a = is
	case string:
		a = access.Actor(is)
	}
	if name := names[a]; name != "" {
		return name
	}
	if a == access.Process {
		return "Doorstep"
	}
	return strings.TrimPrefix(string(a), string(access.Provider("")))
}

func (c *Console) order(w http.ResponseWriter, r *http.Request) error {
	return c.orderWith(w, r, nil)
}

// orderWith shows an order, and why what was asked for was not done, with what was typed.
func (c *Console) orderWith(w http.ResponseWriter, r *http.Request, problem error) error {
	v, err := c.overview(r)
	if err != nil {
		return err
	}
	if problem != nil {
		for name := range r.PostForm {
			v.Typed[name] = r.PostForm.Get(name)
		}
	}
	return c.show(w, r, "order", shown{Title: "Order " + strconv.FormatInt(v.Order.Number, 10), Here: "orders", Page: v}, problem)
}

// overview reads the order that the path names, and what can be done about it.
//
// Errors: not_found.
func (c *Console) overview(r *http.Request) (overview, error) {
	return c.overviewOf(r, r.PathValue("order"))
}

// overviewOf is overview of the order that is named.
//
// Errors: not_found.
func (c *Console) overviewOf(r *http.Request, what string) (overview, error) {
	v := overview{Typed: map[string]string{}, May: signedInOf(r.Context()).User.Permit()}
	var err error
	if v.Overview, err = c.process.Show(r.Context(), what); err != nil {
		return v, err
	}
	if at, err := c.process.Tracking(v.Order); err == nil { // else there is no key, which keeps nobody from their work
		v.Tracking = at.Path
	}
	v.WhyNoHold, v.WhyNoRelease = process.WhyNoHold(v.Order), process.WhyNoRelease(v.Order)
	var actors []access.Actor
	for _, e := range v.Timeline {
		actors = append(actors, e.Actor)
	}
	v.Names, err = c.process.Names(r.Context(), actors)
	return v, err
}

// change is a change of something that a form asks for.
type change[T any] func(ctx context.Context, p *process.Process, by process.Command, id string, form func(field string) string) (process.Result[T], error)

// orderChanges are what is done about an order from its own page, by the last word of the
// path: deeds have a page each.
var orderChanges = map[string]change[order.Order]{
	"hold": func(ctx context.Context, p *process.Process, by process.Command, id string, form func(string) string) (process.Result[order.Order], error) {
		return p.Hold(ctx, by, id, form("reason"), form("text"))
	},
	"release": func(ctx context.Context, p *process.Process, by process.Command, id string, _ func(string) string) (process.Result[order.Order], error) {
		return p.Release(ctx, by, id)
	},
	"notes": func(ctx context.Context, p *process.Process, by process.Command, id string, form func(string) string) (process.Result[order.Order], error) {
		return p.Note(ctx, by, id, form("text"))
	},
}

// changeOrder carries out a change of the order as it was seen, and shows it: when it has
// changed since, it is shown as it is now, and nothing is done.
func (c *Console) changeOrder(do change[order.Order]) page {
	return func(w http.ResponseWriter, r *http.Request) error {
		o, err := c.process.FindOrder(r.Context(), r.PathValue("order"))
		if err != nil {
			return err
		}
		by, err := commandAt(r)
		if err == nil {
			_, err = do(r.Context(), c.process, by, o.ID, r.PostForm.Get)
		}
		if err != nil {
			return c.orderWith(w, r, err)
		}
		return done(w, r, orderPath(o), lastWord(r.URL.Path))
	}
}

// commandAt is command for what must still be as the form has shown it.
//
// Errors: invalid when the form does not say what it has shown.
func commandAt(r *http.Request) (process.Command, error) {
	version, err := strconv.ParseInt(r.PostForm.Get("version"), 10, 64)
	if err != nil || version < 1 {
		return process.Command{}, fault.New(fault.Invalid, "the form does not say which version it has shown: load the page again")
	}
	return command(r).At(version), nil
}

// lastWord is the last part of a path.
func lastWord(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
