package webhook

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/internal/vault"
)

// Config says how events are sent.
type Config struct {
	// Allowed are hosts that may be sent events though they are not reached over the
	// Internet.
	Allowed Hosts
	Node    string        // names this node, unlike any other
	Answer  time.Duration // how long an answer is waited for, 15 s when 0
	Log     *slog.Logger  // nil logs nothing
	Secrets *vault.Vault  // opens those of the endpoints
}

// Sender sends events to the endpoints of a shop, each for itself. Several nodes may have
// one each: an endpoint is sent to by one of them at a time.
type Sender struct {
	db     *db.DB
	cfg    Config
	client *http.Client
	leases atomic.Int64

	stop context.CancelFunc
	wg   sync.WaitGroup
	mu   sync.Mutex
	busy map[string]bool // endpoints that are being sent to from here
}

// The bounds of time.
const (
	abreast    = 8                     // subjects that are sent at once to an endpoint
	sendWithin = time.Minute           // after which what is left of a batch waits for the next
	leaseFor   = 2 * time.Minute       // longer than a batch takes
	lookEvery  = time.Second           // for what is due, and what other nodes have written
	restFor    = 20 * time.Millisecond // at least, between two looks
)

// NewSender returns a sender that is not started yet.
func NewSender(d *db.DB, cfg Config) *Sender {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Sender{db: d, cfg: cfg, client: newClient(cfg.Allowed, cmp.Or(cfg.Answer, answerWithin)), busy: map[string]bool{}}
}

// Start sends what there is to be sent, and what comes, until Stop. On a database that one
// process holds, it first ends the leases that a dead one left.
func (s *Sender) Start(ctx context.Context) error {
	if s.db.Engine() == "sqlite" {
		if _, err := db.Update(ctx, s.db, nil, func(tx *db.Tx) (struct{}, error) {
			endLeases(tx)
			return struct{}{}, nil
		}); err != nil {
			return fmt.Errorf("end old leases of webhooks: %w", err)
		}
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.wg.Go(func() { s.run(ctx) })
	return nil
}

// Stop cuts off what is being sent, and returns when what came of the rest is written.
func (s *Sender) Stop() {
	if s.stop != nil {
		s.stop()
	}
	s.wg.Wait()
	s.client.CloseIdleConnections()
}

func (s *Sender) run(ctx context.Context) {
	s.db.AtEachRing(ctx, restFor, lookEvery, func() {
		if err := s.round(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "webhooks could not be looked at: they are tried again", "error", err)
		}
	})
}

// round begins to send to every endpoint that is not being sent to from here.
func (s *Sender) round(ctx context.Context) error {
	all, err := db.View(ctx, s.db, All)
	if err != nil {
		return err
	}
	for _, e := range all {
		if e.State == Enabled && s.take(e.ID) {
			s.wg.Go(func() {
				defer s.leave(e.ID)
				s.sendAll(ctx, e.ID)
			})
		}
	}
	return nil
}

func (s *Sender) take(endpoint string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[endpoint] {
		return false
	}
	s.busy[endpoint] = true
	return true
}

func (s *Sender) leave(endpoint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, endpoint)
}

// sendAll sends to an endpoint until there is nothing more to send now.
func (s *Sender) sendAll(ctx context.Context, endpoint string) {
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = s.Pass(ctx, endpoint); err != nil && ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "a webhook could not be sent to: it is tried again", "webhook", endpoint, "error", err)
		}
	}
}

// errLost says that an endpoint is sent to by someone else by now, or was rewound.
var errLost = errors.New("webhook: the lease was lost")

func lost(err error) error {
	if err != nil {
		return err
	}
	return errLost
}

// Pass sends to an endpoint what it is to be sent now, up to a bound, and says whether
// there may be more.
func (s *Sender) Pass(ctx context.Context, endpoint string) (more bool, err error) {
	look := func(r db.Reader) (*batch, error) {
		e, err := Get(r, endpoint)
		if err != nil || e.State != Enabled {
			return &batch{}, err
		}
		return read(r, e)
	}
	if b, err := db.View(ctx, s.db, look); err != nil || b.empty() {
		return false, err
	}
	as := fmt.Sprintf("%s.%d", s.cfg.Node, s.leases.Add(1))
	b, err := db.Update(ctx, s.db, []db.Lock{Lock(endpoint)}, func(tx *db.Tx) (*batch, error) {
		if mine, err := lease(tx, endpoint, as, tx.LeaseNow().Add(leaseFor)); err != nil || !mine {
			return &batch{}, err
		}
		return look(tx)
	})
	if err != nil || b.endpoint.ID == "" {
		return false, err
	}
	b.lease = as
	s.send(ctx, b)
	// What was sent is written also when the sender stops.
	e, err := db.Update(context.WithoutCancel(ctx), s.db, []db.Lock{Lock(endpoint)}, b.note)
	if errors.Is(err, errLost) {
		return true, nil
	}
	if err == nil && e.State == Disabled {
		s.cfg.Log.WarnContext(ctx, "a webhook is disabled", "webhook", endpoint, "why", e.Why)
	}
	return err == nil, err
}

// send sends the lines of a batch, some at once, each in its order until an event is not
// taken.
func (s *Sender) send(ctx context.Context, b *batch) {
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	var g errgroup.Group
	g.SetLimit(abreast)
	for _, l := range b.lines {
		l.events = wanted(b.endpoint, l.events)
		g.Go(func() error {
			try := l.tries
			for _, e := range l.events {
				d, sent := s.deliver(ctx, b.endpoint, e)
				if !sent {
					return nil
				}
				d.Try, try = try+1, 0
				if l.tried = append(l.tried, d); !d.Accepted {
					return nil
				}
			}
			return nil
		})
	}
	_ = g.Wait() // none returns an error
}

func wanted(e Endpoint, events []event.Event) (want []event.Event) {
	for _, x := range events {
		if e.wants(x.Type) {
			want = append(want, x)
		}
	}
	return want
}

// message is the body of what is sent, as the specification has it.
type message struct {
	Type      event.Type  `json:"type"`
	Timestamp time.Time   `json:"timestamp"`
	Data      event.Event `json:"data"`
}

// statusGone is the answer of who wants nothing more.
const statusGone = http.StatusGone

// maxAnswer is how much of an answer is read, so that its connection can be used again.
const maxAnswer = 16 << 10

// deliver sends an event once, and says whether it did: not when it was cut off.
func (s *Sender) deliver(ctx context.Context, e Endpoint, what event.Event) (d Delivery, sent bool) {
	body, err := json.Marshal(message{what.Type, what.At, what})
	if err != nil {
		panic("webhook: an event that is no JSON: " + err.Error())
	}
	at, began := s.db.Clock().Now(), time.Now()
	d = Delivery{Event: what.ID(), Message: messageID(e.ID, what.ID()), Type: what.Type, At: at}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		d.Why = "the address can not be asked"
		return d, true
	}
	signed, err := e.signatures(s.cfg.Secrets, d.Message, at, body)
	if err != nil {
		s.cfg.Log.ErrorContext(ctx, "what a webhook is sent can not be signed", "webhook", e.ID, "error", err)
		d.Why = "its secret can not be opened"
		return d, true
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Doorstep")
	req.Header.Set("webhook-id", d.Message)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	req.Header.Set("webhook-signature", signed)
	res, err := s.client.Do(req)
	d.Took = time.Since(began).Milliseconds()
	if err != nil {
		d.Why = whyNot(err)
		return d, ctx.Err() == nil
	}
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswer) // what it says beyond its status does not matter
	_ = res.Body.Close()
	d.Status = res.StatusCode
	switch d.Accepted = res.StatusCode/100 == 2; {
	case d.Accepted:
	case res.StatusCode/100 == 3:
		d.Why = "redirects are not followed"
	default:
		d.Why = "the answer was " + strconv.Itoa(res.StatusCode)
	}
	return d, true
}

// maxWhy bounds what is kept of an error, in bytes.
const maxWhy = 200

// whyNot is why no answer came, for people.
func whyNot(err error) string {
	var timeout net.Error
	var wrapped *url.Error
	switch {
	case errors.Is(err, errPrivate):
		return errPrivate.Error()
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(err, &wrapped):
		err = wrapped.Err
	}
	text := err.Error()
	return strings.ReplaceAll(strings.ToValidUTF8(text[:min(len(text), maxWhy)], ""), "\x00", "")
}
