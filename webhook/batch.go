package webhook

import (
	"maps"
	"slices"
	"time"

	"doorstep/access"
	"doorstep/event"
	"doorstep/internal/db"
)

// The bounds of what an endpoint is sent in one go.
const (
	feedPage   = 64 // events of the feed
	heldPage   = 16 // subjects that are held and due
	heldEvents = 16 // events of each of those
	// mostHeld is how many subjects may be held: with more, the endpoint is taken to be
	// away, and no more of the feed is read for it.
	mostHeld = 100
)

// batch is what an endpoint is sent in one go.
type batch struct {
	endpoint Endpoint
	lease    string
	lines    []*line
	later    map[string]held // subjects that are held, with as last what the feed has of them now
	cursor   event.Cursor    // behind what was read of the feed
}

// line is events of one subject, which are sent one after the other, and what came of it.
type line struct {
	held          // how the subject is held; where it is not, next is the first version here
	isHeld  bool  // whether it is
	through int64 // up to which version the line goes
	events  []event.Event
	tried   []Delivery
}

// read reads what an endpoint is to be sent now.
func read(r db.Reader, e Endpoint) (*batch, error) {
	b := &batch{endpoint: e, cursor: e.cursor, later: map[string]held{}}
	due, err := heldDue(r, e.ID, heldPage)
	if err != nil {
		return nil, err
	}
	for _, h := range due {
		events, err := event.Part(r, h.subject, h.next, int(min(heldEvents, h.last-h.next+1)))
		if err != nil {
			return nil, err
		}
		b.lines = append(b.lines, &line{held: h, isHeld: true, through: h.next + int64(len(events)) - 1, events: events})
	}
	if n, err := countHeld(r, e.ID, mostHeld); err != nil || n >= mostHeld {
		return b, err
	}
	return b, b.readFeed(r)
}

// readFeed reads on in the feed. What is held already waits with the rest of its subject.
func (b *batch) readFeed(r db.Reader) error {
	entries, err := event.Entries(r, b.cursor, feedPage)
	if err != nil || len(entries) == 0 {
		return err
	}
	b.cursor = entries[len(entries)-1].Cursor
	var subjects []string
	for _, x := range entries {
		subjects = append(subjects, x.Subject)
	}
	waiting, err := heldOf(r, b.endpoint.ID, subjects)
	if err != nil {
		return err
	}
	fresh := map[string]*line{}
	for _, x := range entries {
		if h, is := waiting[x.Subject]; is {
			h.last = x.Version
			waiting[x.Subject], b.later[x.Subject] = h, h
			continue
		}
		l := fresh[x.Subject]
		if l == nil {
			l = &line{held: held{subject: x.Subject, next: x.Version}}
			fresh[x.Subject], b.lines = l, append(b.lines, l)
		}
		l.through, l.last, l.events = x.Version, x.Version, append(l.events, x.Event)
	}
	return nil
}

// empty says whether there is nothing to do.
func (b *batch) empty() bool { return len(b.lines) == 0 && b.cursor == b.endpoint.cursor }

// note writes what came of a batch, and returns the endpoint as it is then. It may run
// again, and leaves the batch as it is.
//
// Errors: errLost when someone else sends to the endpoint by now.
func (b *batch) note(tx *db.Tx) (Endpoint, error) {
	e, err := Get(tx, b.endpoint.ID)
	if err != nil {
		return e, err
	}
	e.cursor = b.cursor
	lines, later := b.copies()
	for _, l := range lines {
		for i := range l.tried {
			d := &l.tried[i]
			e.sent++
			if d.N = e.sent; d.Accepted {
				e.AnsweredAt = d.At
			}
		}
	}
	if mine, err := sentTo(tx, e, b.lease); err != nil || !mine {
		return e, lost(err)
	}
	why := Why("")
	for _, l := range lines {
		if h, more := later[l.subject]; more {
			l.last = h.last
			delete(later, l.subject)
		}
		if ends := l.settle(tx, e); ends != "" {
			why = ends
		}
		keep(tx, e.ID, l.tried)
	}
	for _, h := range later {
		h.put(tx, e.ID)
	}
	if why != "" && e.State == Enabled {
		e.State, e.Why = Disabled, why
		e.Change(tx, EventDisabled, access.Process)
	}
	return e, nil
}

// copies are the lines of a batch, and what is later, to be changed.
func (b *batch) copies() (lines []*line, later map[string]held) {
	for _, l := range b.lines {
		one := *l
		one.tried = slices.Clone(l.tried)
		lines = append(lines, &one)
	}
	return lines, maps.Clone(b.later)
}

// settle writes how the subject of a line is held from now on, if it is, and says why the
// endpoint is to be disabled because of it, "" when it is not.
func (l *line) settle(tx *db.Tx, e Endpoint) (why Why) {
	failed := l.advance(tx.Now())
	if failed != nil {
		switch {
		case failed.Status == statusGone:
			why = Gone
		case l.tries <= int64(len(schedule)):
			l.due = tx.Now().Add(schedule[l.tries-1])
		case e.AnsweredAt.After(l.since): // it takes others: this one it does not want
			failed.GivenUp = true
			l.next, l.tries = l.next+1, 0
		default:
			why = Failing
		}
	}
	switch {
	case l.next <= l.last:
		l.put(tx, e.ID)
	case l.isHeld:
		l.drop(tx, e.ID)
	}
	return why
}

// advance moves next behind what was taken, or is not wanted, and returns the try that
// was in vain, nil when none was.
func (l *line) advance(now time.Time) *Delivery {
	before, taken := l.next, 0
	for _, d := range l.tried {
		if d.Accepted {
			taken++
		}
	}
	if l.next = l.through + 1; taken < len(l.events) {
		l.next = l.events[taken].Version
	}
	l.due = now
	if taken == len(l.tried) { // the rest was not tried
		if l.next != before {
			l.tries, l.since = 0, now
		}
		return nil
	}
	if l.next != before || l.tries == 0 {
		l.tries, l.since = 0, now
	}
	l.tries++
	return &l.tried[taken]
}

// Change writes the endpoint as it has become, by someone, with the event that says so.
func (e *Endpoint) Change(tx *db.Tx, t event.Type, by access.Actor) {
	e.Version++
	Save(tx, *e)
	e.Say(tx, t, by)
}

// Say writes an event of the endpoint, at its version.
func (e *Endpoint) Say(tx *db.Tx, t event.Type, by access.Actor) {
	var data any
	if e.Why != "" {
		data = map[string]Why{"why": e.Why}
	}
	event.Append(tx, event.Event{Subject: e.ID, Version: e.Version, Entity: e.ID, Type: t, To: string(e.State), Actor: by, At: tx.Now(), Data: event.Data(data)})
}
