package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"doorstep"
	"doorstep/access"
	"doorstep/api"
	"doorstep/cli/intake"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/mail"
)

// serveVerb runs the process.
type serveVerb struct {
	Intake      string        `help:"Carry out commands from this file, one JSON object per line; - for standard input." placeholder:"FILE"`
	Concurrency int           `help:"How many of these commands are under way at once." default:"64" placeholder:"N"`
	UntilIdle   bool          `help:"Stop when the input has ended and nothing is due any more."`
	IdleWithin  time.Duration `help:"With --until-idle: how long that may take once the input has ended." default:"10m" placeholder:"TIME"`
	StopWithin  time.Duration `help:"How long to finish what is in hand when told to stop." default:"30s" placeholder:"TIME"`
	AskTimeout  time.Duration `help:"How long the gateway and the carrier are waited for." default:"10s" placeholder:"TIME"`
	Lease       time.Duration `help:"How long a step is kept from other processes on the same database, longer than --ask-timeout: what a dead one had in hand is taken up after that." default:"30s" placeholder:"TIME"`

	WebhookAllow []string `name:"webhook-allow" help:"Hosts that webhooks may be sent to though they are not reached over the Internet, as they stand in the address." placeholder:"HOST"`
	MailServer   string   `help:"What sends mails to customers: smtp://user@host:587 or smtps://user@host:465; the password is DOORSTEP_MAIL_PASSWORD. Without it they are written to a file beside the database." placeholder:"URL"`
	MailFrom     string   `help:"The mail address that mails come from." placeholder:"ADDRESS"`

	sender mail.Sender // nil for none

	listening
	simulated
}

// Help is the detail of the verb's help.
func (serveVerb) Help() string {
	return `Runs until SIGINT or SIGTERM, and then finishes the steps in hand. What it could not finish is taken up at the next start.

With --until-idle it ends by itself as soon as nothing is due or in hand, which without --intake may be at once, and with exit code 5 when that takes longer than --idle-within. What becomes due later, such as to ask where a parcel is, waits for the next start.

With --intake each command is answered by a line of JSON on standard output when what it did is durable. The commands of one run may be carried out in any order: send what depends on another when that one's answer is there. The same key sent again gives the first answer.

    {"key":"a1","do":"place","order":{…as for order place…}}
    {"key":"a2","do":"cancel","order":"web/A-17","reason":"ordered twice"}
    {"key":"a3","do":"ticket","order":"1001","category":"damaged","body":"…"}
    {"key":"a4","do":"receive","sku":"CUP","location":"main","quantity":100}
    {"key":"a5","do":"record_payment","order":"1001","reference":"statement 7"}
    {"key":"a6","do":"record_refund","order":"1001","refund":"rfd_…",…}
    {"key":"a7","do":"hand_over","shipment":"shp_…","tracking_number":"…"}
    {"key":"a8","do":"delivered","shipment":"shp_…"}   (or lost, found, reship)
    {"key":"a9","do":"return","order":"1001","reason":"unwanted"}
    {"key":"b1","do":"receive_return","return":"ret_…"}   (or cancel_return)
    {"key":"b2","do":"exchange","order":"1001","sku":"CUP","quantity":1,…}
    {"key":"b3","do":"edit","order":"1001","change":{"lines":[{"line":1,…}]}}
    {"key":"b4","do":"resolve","ticket":"tkt_…","body":"…"}

    {"key":"a1","line":1,"ok":true,"status":"processed","order":"ord_…"}
    {"key":"a2","line":2,"ok":false,"code":"not_found","message":"…"}

Examples:

    doorstep serve
    doorstep serve --intake commands.ndjson --until-idle > results.ndjson
    my-shop | doorstep serve --intake - --db postgres://shop@db/shop
    doorstep serve --sim-decline 0.05 --sim-timeouts 0.02 --sim-latency 300ms`
}

// Run serves.
func (v *serveVerb) Run(s *session) error {
	if err := v.check(); err != nil {
		return err
	}
	traces, told, err := s.tracing()
	if err != nil {
		return err
	}
	defer told()
	v.traces = traces
	if err := v.mails(s); err != nil {
		return err
	}
	shop, err := s.open(false, v.configure)
	if err != nil {
		return err
	}
	if shop.Runner == nil {
		return errors.Join(invalid("a shop on virtual time can not be served"), shop.Close())
	}
	if err = shop.Runner.Start(s.ctx); err == nil {
		shop.Figures.Start(s.ctx)
		err = shop.Webhooks.Start(s.ctx)
	}
	if err == nil {
		err = v.serve(s, shop)
	}
	return v.stop(shop, err)
}

// mails says what sends mails, where a server was named.
//
// Errors: invalid.
func (v *serveVerb) mails(s *session) error {
	if v.MailServer == "" {
		return nil
	}
	password := s.program.variable("DOORSTEP_MAIL_PASSWORD")
	sender, err := mail.NewServer(v.MailServer, password, v.MailFrom)
	if err != nil {
		return err
	}
	v.sender = sender
	return nil
}

func (v *serveVerb) check() error {
	switch {
	case v.Concurrency < 1:
		return invalid("--concurrency is at least 1")
	case v.AskTimeout <= 0:
		return invalid("--ask-timeout is longer than nothing")
	case v.Lease <= v.AskTimeout:
		return invalid("--lease (%s) is longer than --ask-timeout (%s)", v.Lease, v.AskTimeout)
	}
	return v.listening.check()
}

// configure says how the shop is opened that is served.
func (v *serveVerb) configure(cfg *doorstep.Config) {
	cfg.Lease, cfg.AskTimeout = v.Lease, v.AskTimeout
	cfg.WebhookHosts = v.WebhookAllow
	cfg.Mail = v.sender
	v.simulated.configure(cfg)
	v.meter = api.NewMeter()
	if v.traces != nil {
		cfg.Tracer = v.traces.Tracer("doorstep")
	}
	cfg.Done, cfg.Asked, cfg.Committed = v.meter.Done, v.meter.Asked, v.meter.Committed
}

// serve runs until the session ends, or until it is idle.
func (v *serveVerb) serve(s *session, shop *doorstep.Shop) (err error) {
	ending := make(chan struct{})
	socket, err := s.serveSocket(shop, ending)
	if err != nil {
		return err
	}
	served, first, err := v.open(s, shop, ending)
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), v.StopWithin)
		defer cancel()
		close(ending)
		err = errors.Join(err, served.stop(ctx), socket.stop(ctx))
	}()
	if err != nil {
		return err
	}
	if err := s.announce(shop, served, first); err != nil {
		return err
	}
	if v.Intake != "" {
		if err := v.take(s, shop); err != nil {
			return err
		}
	}
	if v.UntilIdle {
		return v.untilIdle(s, shop)
	}
	<-s.ctx.Done()
	return nil
}

// firsts are the files with what opens a new shop, "" when it was not made just now.
type firsts struct{ key, link string }

// open begins to serve the API and the console, where they are served.
func (v *serveVerb) open(s *session, shop *doorstep.Shop, ending <-chan struct{}) (served *apiServer, made firsts, err error) {
	if v.Listen == off {
		return nil, made, nil
	}
	if served, err = v.serveAPI(s, shop, ending); err != nil {
		return nil, made, err
	}
	if made.key, err = s.firstKey(shop); err == nil {
		made.link, err = s.firstLink(shop, served.URL)
	}
	return served, made, err
}

// serving is what is said when the process runs.
type serving struct {
	Serving    string        `json:"serving"` // the database, without its password
	Durability db.Durability `json:"durability"`
	API        string        `json:"api,omitempty"`        // its address
	FirstKey   string        `json:"first_key,omitempty"`  // the file with the first API key, when it was made just now
	FirstLink  string        `json:"first_link,omitempty"` // the file with the first administrator's link, the same
}

// announce says on standard error that the process runs: standard output
// belongs to the results.
func (s *session) announce(shop *doorstep.Shop, served *apiServer, made firsts) error {
	d, err := shop.DB.Durability(s.ctx)
	if err != nil {
		return err
	}
	name := databaseName(s.flags.DB)
	log := &screen{w: s.program.Stderr, json: s.flags.JSON}
	if s.flags.JSON {
		said := serving{Serving: name, Durability: d, FirstKey: made.key, FirstLink: made.link}
		if served != nil {
			said.API = served.URL
		}
		return log.line(said)
	}
	var settings []string
	for _, x := range d.Settings {
		settings = append(settings, x.Name+"="+x.Value)
	}
	log.printf("Serving %s on %s %s (%s).\n", name, d.Engine, d.Version, strings.Join(settings, ", "))
	if served != nil {
		log.printf("The console is at %s, the API at %s/v1, and explained at %s/docs.\n", served.URL, served.URL, served.URL)
	}
	if made.key != "" {
		log.printf("The first API key is in %s.\n", made.key)
	}
	if made.link != "" {
		log.printf("The link for the first administrator of the console is in %s.\n", made.link)
	}
	return log.err
}

// take carries out the commands of the input.
func (v *serveVerb) take(s *session, shop *doorstep.Shop) error {
	in, err := s.input(v.Intake)
	if err != nil {
		return err
	}
	n := intake.Intake{Process: shop.Process, By: access.Operator, Concurrency: v.Concurrency}
	err = n.Run(s.ctx, in, s.program.Stdout)
	return errors.Join(err, in.Close())
}

// untilIdle waits until nothing is due: neither waiting nor in hand.
//
// Errors: unavailable when that takes too long.
func (v *serveVerb) untilIdle(s *session, shop *doorstep.Shop) error {
	ctx, cancel := context.WithTimeout(s.ctx, v.IdleWithin)
	defer cancel()
	idle := false
	err := until(ctx, shop, func() (bool, error) {
		due, err := db.View(context.WithoutCancel(ctx), shop.DB, func(r db.Reader) ([]work.Item, error) { return work.Due(r, r.Now(), 1) })
		idle = len(due) == 0
		return idle, err
	})
	if err != nil || idle || s.ctx.Err() != nil {
		return err
	}
	return fault.New(fault.Unavailable, "there is still something due after %s", v.IdleWithin)
}

// stop finishes what is in hand and closes the shop, if that does not take too
// long: what is cut off then is taken up at the next start.
func (v *serveVerb) stop(shop *doorstep.Shop, err error) error {
	closed := make(chan error, 1)
	go func() { closed <- shop.Close() }()
	deadline := time.NewTimer(v.StopWithin)
	defer deadline.Stop()
	select {
	case e := <-closed:
		return errors.Join(err, e)
	case <-deadline.C:
		return errors.Join(err, fault.New(fault.Unavailable, "what was in hand did not end within %s; it is taken up at the next start", v.StopWithin))
	}
}

// databaseName names a database without the password that its URL may hold.
func databaseName(name string) string {
	at := strings.LastIndexByte(name, '@')
	scheme := strings.Index(name, "://")
	if scheme < 0 || at < scheme {
		return name
	}
	user, _, hasPassword := strings.Cut(name[scheme+3:at], ":")
	if !hasPassword {
		return name
	}
	return fmt.Sprintf("%s%s%s", name[:scheme+3], user, name[at:])
}
