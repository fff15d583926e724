// Package doorstep wires the rooms into one program: everything between
// checkout and doorstep. The command line opens it, and so does another Go
// program that embeds it.
package doorstep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"doorstep/clock"
	"doorstep/event"
	"doorstep/fault"
	"doorstep/id"
	"doorstep/insight/figures"
	"doorstep/internal/db"
	"doorstep/internal/vault"
	"doorstep/internal/work"
	"doorstep/mail"
	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/process"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
	"doorstep/webhook"

	"go.opentelemetry.io/otel/trace"
)

// Config says which shop is opened, and how. The zero value is a shop in the
// file doorstep.db of the working directory, with simulated providers.
type Config struct {
	// DB is a file, or a postgres:// URL.
	DB string
	// Outside is the folder in which the simulated gateway and carrier keep their
	// books, beside the database when empty. They are the outside world: they
	// outlive the process, and several processes share them; but for InMemory.
	Outside string
	// ReadOnly opens for reading only, also beside a process that holds the
	// database. No step is run.
	ReadOnly bool
	// Virtual runs the shop on this clock, from Seed; nil is real time.
	Virtual *clock.Virtual
	Seed    uint64

	Gateway gateway.Config // how the simulated gateway behaves
	Carrier carrier.Config // how the simulated carrier behaves
	// Second is one more simulated carrier, under a name of its own; nil for none.
	Second *carrier.Config

	// Gateways and Carriers are further providers, of a program that embeds the
	// shop, each under a name of its own: a policy or an order names which is
	// asked. They are not closed with the shop.
	Gateways []payment.Gateway
	Carriers []shipping.Carrier

	// WebhookHosts are those that a webhook may name though they are not reached over
	// the Internet.
	WebhookHosts []string

	// SecretsKey is the key with which the secrets that the database keeps are sealed: 32
	// random bytes in base64. Empty is the one in SecretsKeyFile, which is made when it is
	// needed first: beside the database when that is empty, or doorstep.secrets-key in the
	// working directory where the database is on a server.
	SecretsKey, SecretsKeyFile string

	// Mail sends what is written to customers; nil writes it to a file that only its owner
	// can read, beside the database or doorstep.mail in the working directory.
	Mail mail.Sender

	// Workers is how many steps are worked on at once, 64 when 0.
	Workers int
	// Lease is how long a step is kept from other nodes, 30 s when 0. It is longer
	// than AskTimeout, how long a provider is waited for, 10 s when 0.
	Lease, AskTimeout time.Duration
	Log               *slog.Logger
	// Done is told of each step that was worked on and the machine's time it took.
	Done func(step string, took time.Duration)
	// Asked is told of each question to a provider: see process.Deps. Committed is told
	// of each commit of the database: see db.Config.
	Asked     func(kind process.ProviderKind, provider string, came process.Outcome, took time.Duration)
	Committed func(updates int, took time.Duration)
	// Fired is told of each row of the process table that fires: see process.Deps.
	Fired func(step process.Step, owner string) (durable func())
	// Tracer is told of each step and each question: see process.Deps.
	Tracer trace.Tracer
}

// InMemory is an Outside that ends with the shop: what measures the process has
// the simulated providers write nothing to the disk.
const InMemory = ":memory:"

// DefaultDB is the shop of a Config that names none.
const DefaultDB = "doorstep.db"

const defaultLease = 30 * time.Second

// Shop is an open shop.
type Shop struct {
	DB      *db.DB
	Process *process.Process
	Gateway *gateway.Gateway // the simulated one
	Carrier *carrier.Carrier // the simulated one
	Runner  *work.Runner     // runs the process in real time, between Start and Stop
	// Webhooks sends events to those who want to be told, between Start and Stop.
	Webhooks *webhook.Sender
	// Figures are what is known of the shop without a look at its log. They are counted
	// between Start and Stop.
	Figures *figures.Figures
	Virtual *work.Virtual // runs it on virtual time, nil in real time

	closers []io.Closer
}

// Open opens a shop.
//
// Errors: see db.Open; invalid when a further provider has no name of its own, or
// a lease would end while a provider is waited for.
func Open(ctx context.Context, cfg Config) (*Shop, error) {
	s := &Shop{}
	if err := s.open(ctx, cfg); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Shop) open(ctx context.Context, cfg Config) (err error) {
	if err := cfg.checkNames(); err != nil {
		return err
	}
	url := cmp.Or(cfg.DB, DefaultDB)
	var shopTime clock.Clock = clock.Wall{}
	ids := id.Random()
	if cfg.Virtual != nil {
		shopTime, ids = cfg.Virtual, id.Seeded(cfg.Seed)
	}
	if s.DB, err = db.Open(ctx, db.Config{URL: url, Clock: shopTime, ReadOnly: cfg.ReadOnly, Virtual: cfg.Virtual != nil, Committed: cfg.Committed}); err != nil {
		return err
	}
	s.closers = append(s.closers, s.DB)
	secrets, err := vault.New(cfg.SecretsKey, cmp.Or(cfg.SecretsKeyFile, Beside(url, "secrets-key")))
	if err != nil {
		return err
	}
	deps := process.Deps{DB: s.DB, Secrets: secrets, Mail: cfg.Mail, IDs: ids, Log: cfg.Log, AskTimeout: cfg.AskTimeout, Asked: cfg.Asked, Fired: cfg.Fired, Tracer: cfg.Tracer, WebhookHosts: cfg.WebhookHosts}
	if cfg.ReadOnly {
		deps.KnownGateways, deps.KnownCarriers = named(gateway.Name, cfg.Gateways), append(named(carrier.Name, cfg.Carriers), cfg.second()...)
	} else if deps.Gateways, deps.Carriers, err = s.providers(cfg, url, shopTime); err != nil {
		return err
	}
	if lease, ask := cmp.Or(cfg.Lease, defaultLease), cmp.Or(cfg.AskTimeout, process.AskTimeout); lease <= ask {
		return fault.New(fault.Invalid, "a lease of %s is not longer than the %s that a provider is waited for", lease, ask)
	}
	if cfg.Lease > work.MaxLease {
		return fault.New(fault.Invalid, "a lease of %s is longer than %s", cfg.Lease, work.MaxLease)
	}
	if deps.Mail == nil {
		deps.Mail = mail.NewFile(Beside(url, "mail"))
	}
	node := id.Random().New("node", time.Now())
	deps.Queue = work.NewQueue(node, cmp.Or(cfg.Lease, defaultLease))
	s.Webhooks = webhook.NewSender(s.DB, webhook.Config{Allowed: cfg.WebhookHosts, Node: node, Log: cfg.Log, Secrets: secrets})
	if !cfg.ReadOnly {
		if _, err := db.Update(ctx, s.DB, []db.Lock{event.SettleLock()}, func(tx *db.Tx) (struct{}, error) {
			return struct{}{}, event.Settle(tx)
		}); err != nil {
			return err
		}
	}
	s.Process = process.New(deps)
	s.Figures = figures.New(s.DB, s.Process, node, cfg.Log)
	s.closers = append([]io.Closer{s.Process}, s.closers...)
	run := work.Config{Handle: s.Process.Handle, Failed: s.Process.Failed, Workers: cfg.Workers, Log: cfg.Log, Done: cfg.Done, Begin: s.Process.Trace}
	if cfg.Virtual != nil {
		s.Virtual = work.NewVirtual(s.DB, deps.Queue, cfg.Virtual, run)
		return nil
	}
	s.Runner = work.NewRunner(s.DB, deps.Queue, run)
	return nil
}

// Beside is the file that belongs to a shop's database, by what it is: beside that, or in
// the working directory where the database is on a server.
func Beside(database, what string) string {
	if OnServer(database) {
		return "doorstep." + what
	}
	if real, err := filepath.EvalSymlinks(database); err == nil {
		database = real
	}
	return database + "." + what
}

// OnServer says whether a database is a server's, and not a file.
func OnServer(database string) bool { return strings.Contains(database, "://") }

// checkNames holds the further providers to names of their own.
//
// Errors: invalid.
func (cfg Config) checkNames() error {
	var c fault.Check
	checkNames(&c, "gateways", cfg.Gateways, payment.Manual, payment.Free, gateway.Name)
	for _, name := range cfg.second() {
		c.Required("second", name, maxName, "a name")
		c.If(name == shipping.Manual || name == carrier.Name, "second", "duplicate", "a name that no other has: %q is taken", name)
	}
	checkNames(&c, "carriers", cfg.Carriers, append(cfg.second(), shipping.Manual, carrier.Name)...)
	return c.Err("the configuration")
}

// second is the name of the second carrier, where there is one.
func (cfg Config) second() []string {
	if cfg.Second == nil {
		return nil
	}
	return []string{cfg.Second.Name}
}

// named returns the name of the simulated provider and those of the further ones.
func named[P interface{ Name() string }](simulated string, further []P) []string {
	names := []string{simulated}
	for _, p := range further {
		names = append(names, p.Name())
	}
	return names
}

func checkNames[P interface{ Name() string }](c *fault.Check, path string, all []P, taken ...string) {
	for i, p := range all {
		at, name := fmt.Sprintf("%s[%d]", path, i), p.Name()
		c.Required(at, name, maxName, "a name")
		c.If(slices.Contains(taken, name), at, "duplicate", "a name that no other has: %q is taken", name)
		taken = append(taken, name)
	}
}

// maxName bounds a provider's name, in bytes, as an order may name it.
const maxName = 64

// providers opens the simulated ones, beside which are those of the configuration.
func (s *Shop) providers(cfg Config, url string, shopTime clock.Clock) ([]payment.Gateway, []shipping.Carrier, error) {
	books, err := booksIn(cmp.Or(cfg.Outside, OutsideOf(url)))
	if err != nil {
		return nil, nil, err
	}
	cfg.Gateway.Seed = cmp.Or(cfg.Gateway.Seed, cfg.Seed)
	cfg.Carrier.Seed = cmp.Or(cfg.Carrier.Seed, cfg.Seed)
	if s.Gateway, err = gateway.Open(books(gatewayBook), cfg.Gateway, shopTime); err != nil {
		return nil, nil, err
	}
	s.closers = append(s.closers, s.Gateway)
	if s.Carrier, err = carrier.Open(books(carrierBook), cfg.Carrier, shopTime); err != nil {
		return nil, nil, err
	}
	s.closers = append(s.closers, s.Carrier)
	carriers := append([]shipping.Carrier{s.Carrier}, cfg.Carriers...)
	if cfg.Second != nil {
		second := *cfg.Second
		second.Seed = cmp.Or(second.Seed, cfg.Seed)
		opened, err := carrier.Open(books(secondBook), second, shopTime)
		if err != nil {
			return nil, nil, err
		}
		s.closers, carriers = append(s.closers, opened), append(carriers, opened)
	}
	return append([]payment.Gateway{s.Gateway}, cfg.Gateways...), carriers, nil
}

// The files in which the simulated providers keep their books.
const (
	gatewayBook = "gateway.db"
	carrierBook = "carrier.db"
	secondBook  = "second-carrier.db"
)

// Books returns the files of a folder in which simulated providers keep their books.
func Books(folder string) (files []string) {
	for _, book := range []string{gatewayBook, carrierBook, secondBook} {
		files = append(files, filepath.Join(folder, book))
	}
	return files
}

// booksIn says where each book is kept: in the folder, which is made, or nowhere.
func booksIn(dir string) (func(book string) string, error) {
	if dir == InMemory {
		return func(string) string { return "" }, nil
	}
	return func(book string) string { return filepath.Join(dir, book) }, os.MkdirAll(dir, 0o755)
}

// OutsideOf returns the folder in which the simulated providers of a database
// keep their books when no other is named.
func OutsideOf(url string) string {
	if OnServer(url) {
		return "doorstep-outside"
	}
	return url + "-outside"
}

// Close stops what runs and closes everything, the database before the
// providers.
func (s *Shop) Close() error {
	if s.Runner != nil {
		s.Runner.Stop()
	}
	if s.Webhooks != nil {
		s.Webhooks.Stop()
	}
	if s.Figures != nil {
		s.Figures.Stop()
	}
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	s.closers = nil
	return errors.Join(errs...)
}
