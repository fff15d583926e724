package webhook_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"doorstep/clock"
	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/internal/vault"
	"doorstep/webhook"
)

// post is a message as it came.
type post struct {
	header http.Header
	body   []byte
	event  event.Event
}

func (p post) id() string { return p.header.Get("webhook-id") }

// receiver takes messages, on a loopback address.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	posts  []post
	answer func(http.ResponseWriter, post)
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		var m struct {
			Type      event.Type
			Timestamp time.Time
			Data      event.Event
		}
		if err == nil {
			err = json.Unmarshal(body, &m)
		}
		if err != nil || m.Type != m.Data.Type || !m.Timestamp.Equal(m.Data.At) {
			t.Errorf("%s: %v", body, err)
		}
		p := post{q.Header, body, m.Data}
		r.mu.Lock()
		r.posts = append(r.posts, p)
		answer := r.answer
		r.mu.Unlock()
		if answer != nil {
			answer(w, p)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// says has the receiver answer so from now on.
func (r *receiver) says(answer func(http.ResponseWriter, post)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func status(code int) func(http.ResponseWriter, post) {
	return func(w http.ResponseWriter, _ post) { w.WriteHeader(code) }
}

// got returns what came since it was asked last.
func (r *receiver) got() []post {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.posts
	r.posts = nil
	return got
}

// events names what came since it was asked last, by subject and version.
func (r *receiver) events() string {
	var ids []string
	for _, p := range r.got() {
		ids = append(ids, p.event.ID())
	}
	slices.Sort(ids) // subjects go side by side
	return strings.Join(ids, " ")
}

// bench is a shop's database with an endpoint.
type bench struct {
	t       *testing.T
	db      *db.DB
	url     string
	clock   *clock.Virtual
	sender  *webhook.Sender
	to      *receiver
	id      string
	secret  webhook.Secret
	secrets *vault.Vault
	last    map[string]int64 // version of each subject
}

func onBenches(t *testing.T, run func(*testing.T, *bench)) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		b := &bench{t: t, url: dbtest.URL(t, engine), clock: clock.NewVirtual(time.Now().UTC().Truncate(time.Second)), to: newReceiver(t), id: "whk_1", secret: webhook.NewSecret(), secrets: open(t, vault.NewKey()), last: map[string]int64{}}
		b.open(webhook.Hosts{"127.0.0.1"})
		b.update(func(tx *db.Tx) error {
			return webhook.Insert(tx, webhook.Endpoint{ID: b.id, Version: 1, Name: "made up", URL: b.to.URL, State: webhook.Enabled, CreatedBy: "operator", CreatedAt: tx.Now()}, b.sealed(b.secret))
		})
		run(t, b)
	})
}

// open opens the database with a sender that may reach the hosts.
func (b *bench) open(allowed webhook.Hosts) {
	b.t.Helper()
	d, err := db.Open(b.t.Context(), db.Config{URL: b.url, Clock: b.clock})
	b.must(err)
	b.t.Cleanup(func() { _ = d.Close() })
	b.db, b.sender = d, webhook.NewSender(d, webhook.Config{Allowed: allowed, Node: fmt.Sprint("node", time.Now().UnixNano()), Answer: time.Second, Secrets: b.secrets})
}

// open opens a vault.
func open(t *testing.T, key string) *vault.Vault {
	v, err := vault.New(key, "")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sealed is a secret as the endpoint keeps it.
func (b *bench) sealed(s webhook.Secret) vault.Sealed {
	b.t.Helper()
	sealed, err := s.Seal(b.secrets, b.id)
	b.must(err)
	return sealed
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) update(do func(*db.Tx) error) {
	b.t.Helper()
	_, err := db.Update(b.t.Context(), b.db, []db.Lock{webhook.Lock(b.id)}, func(tx *db.Tx) (struct{}, error) { return struct{}{}, do(tx) })
	b.must(err)
}

// happens writes the next event of each of the subjects.
func (b *bench) happens(subjects ...string) {
	b.t.Helper()
	before := maps.Clone(b.last)
	b.update(func(tx *db.Tx) error {
		b.last = maps.Clone(before) // it may run again
		for _, s := range subjects {
			b.last[s]++
			event.Append(tx, event.Event{Subject: s, Version: b.last[s], Entity: s, Type: "made.up", Actor: "operator", At: tx.Now()})
		}
		return nil
	})
}

// send sends until there is no more to send now of what has happened.
func (b *bench) send() {
	b.t.Helper()
	b.show()
	for more := true; more; {
		var err error
		more, err = b.sender.Pass(b.t.Context(), b.id)
		b.must(err)
	}
}

// show waits until the feed has all that has happened: on PostgreSQL an event shows when
// no transaction of the whole server is older.
func (b *bench) show() {
	for b.shown() < b.all() {
	}
}

// all is how many events there are, and shown how many of them the feed has.
func (b *bench) all() (n int) {
	for _, v := range b.last {
		n += int(v)
	}
	return n
}

func (b *bench) shown() int {
	b.t.Helper()
	events, err := db.View(b.t.Context(), b.db, func(r db.Reader) ([]event.Entry, error) { return event.Entries(r, "", 100_000) })
	b.must(err)
	n := 0
	for _, e := range events {
		if e.Type == "made.up" {
			n++
		}
	}
	return n
}

func (b *bench) endpoint() webhook.Endpoint {
	b.t.Helper()
	e, err := db.View(b.t.Context(), b.db, func(r db.Reader) (webhook.Endpoint, error) { return webhook.Get(r, b.id) })
	b.must(err)
	return e
}

func (b *bench) deliveries() []webhook.Delivery {
	b.t.Helper()
	d, err := db.View(b.t.Context(), b.db, func(r db.Reader) ([]webhook.Delivery, error) { return webhook.Deliveries(r, b.id, 0, 1000) })
	b.must(err)
	return d
}

// want fails unless these events came, in any order of subjects.
func (b *bench) want(events string) {
	b.t.Helper()
	if got := b.to.events(); got != events {
		b.t.Errorf("%q came, not %q", got, events)
	}
}

func (b *bench) later(d time.Duration) { b.clock.MoveTo(b.clock.Now().Add(d)) }

func TestAnEventIsSentOnceAndSigned(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		b.happens("ord_a", "ord_a", "ord_b")
		b.send()
		got := b.to.got()
		if len(got) != 3 {
			t.Fatalf("%d messages came", len(got))
		}
		library, err := standardwebhooks.NewWebhook(string(b.secret))
		b.must(err)
		ids := map[string]bool{}
		for _, p := range got {
			ids[p.id()] = true
			if err := library.Verify(p.body, p.header); err != nil {
				t.Errorf("%s: %s", p.event.ID(), err)
			}
		}
		if len(ids) != 3 {
			t.Errorf("the messages are %v", ids)
		}
		b.send()
		b.want("")
		if d := b.deliveries(); len(d) != 3 || !d[0].Accepted || d[0].N != 3 || d[0].Try != 1 || d[0].Status != 200 || !ids[d[0].Message] {
			t.Errorf("the deliveries are %+v", d)
		}
	})
}

// TestAnOrderThatFailsHoldsOnlyItself has one order's event not taken.
func TestAnOrderThatFailsHoldsOnlyItself(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		b.to.says(func(w http.ResponseWriter, p post) {
			if p.event.ID() == "ord_a.2" {
				w.WriteHeader(500)
			}
		})
		b.happens("ord_a", "ord_a", "ord_b", "ord_a", "ord_b")
		b.send()
		first := b.to.got()
		if len(first) != 4 {
			t.Errorf("%d messages came", len(first))
		}
		b.happens("ord_a", "ord_b")
		b.send()
		b.want("ord_b.3")
		b.later(webhook.Schedule[0])
		b.send()
		again := b.to.got()
		if len(again) != 1 || again[0].event.ID() != "ord_a.2" || !slices.ContainsFunc(first, func(p post) bool { return p.id() == again[0].id() && p.event.ID() == "ord_a.2" }) {
			t.Errorf("it came again as %+v", again)
		}
		b.to.says(nil)
		b.later(webhook.Schedule[1])
		b.send()
		var order []string
		for _, p := range b.to.got() {
			order = append(order, p.event.ID())
		}
		if fmt.Sprint(order) != "[ord_a.2 ord_a.3 ord_a.4]" {
			t.Errorf("then came %v", order)
		}
		b.happens("ord_a")
		b.send()
		b.want("ord_a.5")
	})
}

// TestAnEndpointThatKeepsFailingIsDisabled has it away for three days, and back.
func TestAnEndpointThatKeepsFailingIsDisabled(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		b.to.says(status(503))
		b.happens("ord_a")
		b.send()
		began := b.clock.Now()
		for _, wait := range webhook.Schedule {
			b.want("ord_a.1")
			b.later(wait - time.Microsecond)
			b.send()
			b.want("")
			b.later(time.Microsecond)
			b.send()
		}
		b.want("ord_a.1")
		e := b.endpoint()
		if took := b.clock.Now().Sub(began); e.State != webhook.Disabled || e.Why != webhook.Failing || took < 3*24*time.Hour {
			t.Errorf("after %s it is %+v", took, e)
		}
		told, err := db.View(t.Context(), b.db, func(r db.Reader) ([]event.Event, error) { return event.Timeline(r, b.id) })
		if err != nil || len(told) != 1 || told[0].Type != webhook.EventDisabled || string(told[0].Data) != `{"why":"failing"}` || told[0].Version != e.Version {
			t.Errorf("told is %+v, %v", told, err)
		}
		b.happens("ord_a", "ord_b")
		b.send()
		b.want("")
		b.to.says(nil)
		b.update(func(tx *db.Tx) error {
			webhook.TryAgain(tx, b.id)
			e.State, e.Why = webhook.Enabled, ""
			e.Change(tx, webhook.EventEnabled, "operator")
			return nil
		})
		b.send()
		if got := b.to.events(); !strings.HasPrefix(got, "ord_a.1 ord_a.2 ord_b.1") {
			t.Errorf("enabled again it was sent %s", got)
		}
	})
}

// TestWhatAnEndpointNeverTakesIsGivenUp has it refuse one event for three days, and take
// all others.
func TestWhatAnEndpointNeverTakesIsGivenUp(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		b.to.says(func(w http.ResponseWriter, p post) {
			if p.event.ID() == "ord_a.1" {
				w.WriteHeader(422)
			}
		})
		b.happens("ord_a", "ord_a")
		b.send()
		for _, wait := range webhook.Schedule {
			b.later(wait)
			b.happens("ord_b")
			b.send()
		}
		if got := b.to.events(); !strings.HasSuffix(got, fmt.Sprint("ord_b.", len(webhook.Schedule))) || strings.Count(got, "ord_a.1 ") != 1+len(webhook.Schedule) || !strings.Contains(got, "ord_a.2") {
			t.Errorf("%s came", got)
		}
		if e := b.endpoint(); e.State != webhook.Enabled {
			t.Errorf("it is %+v", e)
		}
		if n := len(slices.DeleteFunc(b.deliveries(), func(d webhook.Delivery) bool { return !d.GivenUp })); n != 1 {
			t.Errorf("%d were given up", n)
		}
	})
}

// TestWhatAnEndpointSaysIsUnderstood is the ways in which it can fail.
func TestWhatAnEndpointSaysIsUnderstood(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		elsewhere := newReceiver(t)
		for name, x := range map[string]struct {
			answer func(http.ResponseWriter, post)
			why    string
			status int
		}{
			"redirects": {func(w http.ResponseWriter, _ post) { w.Header().Set("Location", elsewhere.URL); w.WriteHeader(307) }, "redirects are not followed", 307},
			"stalls":    {func(_ http.ResponseWriter, _ post) { <-t.Context().Done() }, "no answer in time", 0},
			"refuses":   {status(400), "the answer was 400", 400},
			"cuts off":  {func(http.ResponseWriter, post) { panic(http.ErrAbortHandler) }, "EOF", 0},
		} {
			if name == "stalls" {
				over := make(chan struct{})
				t.Cleanup(func() { close(over) })
				x.answer = func(http.ResponseWriter, post) { <-over }
			}
			b.to.says(x.answer)
			b.happens("ord_" + name)
			b.send()
			if d := b.deliveries()[0]; d.Accepted || d.Why != x.why || d.Status != x.status {
				t.Errorf("%s: %+v", name, d)
			}
		}
		if got := elsewhere.events(); got != "" {
			t.Errorf("it was followed to where %s came", got)
		}
		b.to.got()
		b.to.says(nil)
		b.later(webhook.Schedule[0])
		b.send()
		b.want("ord_cuts off.1 ord_redirects.1 ord_refuses.1 ord_stalls.1")
		b.to.says(status(410))
		b.happens("ord_a")
		b.send()
		if e := b.endpoint(); e.State != webhook.Disabled || e.Why != webhook.Gone {
			t.Errorf("gone it is %+v", e)
		}
	})
}

// TestNothingPrivateIsReached has an endpoint on this machine, which no one has allowed:
// by its address, and by a name that leads there.
func TestNothingPrivateIsReached(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		b.must(b.db.Close())
		b.open(webhook.Hosts{"receiver.example"})
		for i, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"} {
			b.update(func(tx *db.Tx) error {
				e, err := webhook.Get(tx, b.id)
				e.URL = strings.Replace(b.to.URL, "127.0.0.1", host, 1)
				e.Version++
				webhook.Save(tx, e)
				return err
			})
			b.happens(fmt.Sprint("ord_", i))
			b.send()
			if d := b.deliveries()[0]; d.Accepted || d.Why != "the address is not of the public Internet" {
				t.Errorf("%s: %+v", host, d)
			}
		}
		b.want("")
	})
}

// TestNothingIsLostWhenTheShopIsKilled ends the database between a delivery and its noting.
func TestNothingIsLostWhenTheShopIsKilled(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		b.happens("ord_a", "ord_b")
		b.show()
		d := b.db
		b.to.says(func(http.ResponseWriter, post) { _ = d.Close() })
		if _, err := b.sender.Pass(t.Context(), b.id); err == nil {
			t.Fatal("it was noted")
		}
		before := b.to.got()
		b.to.says(nil)
		b.open(webhook.Hosts{"127.0.0.1"})
		if b.db.Engine() == "postgres" { // where another node waits for the lease to end
			b.update(func(tx *db.Tx) error {
				tx.Write(`UPDATE webhook_endpoints SET lease_until = 1`)
				return nil
			})
		}
		b.must(b.sender.Start(t.Context()))
		t.Cleanup(b.sender.Stop)
		var after []post
		for deadline := time.Now().Add(20 * time.Second); len(after) < 2 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			after = append(after, b.to.got()...)
		}
		for _, p := range before {
			if !slices.ContainsFunc(after, func(q post) bool { return q.id() == p.id() }) {
				t.Errorf("%s came as %s, and not again", p.event.ID(), p.id())
			}
		}
		if len(before) == 0 || len(after) != 2 {
			t.Errorf("before came %d, then %d", len(before), len(after))
		}
	})
}

// TestTwoSecretsSignWhileOneReplacesTheOther rotates.
func TestTwoSecretsSignWhileOneReplacesTheOther(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		next := webhook.NewSecret()
		b.update(func(tx *db.Tx) error {
			e, err := webhook.Get(tx, b.id)
			e.Rotate(b.sealed(next), tx.Now().Add(time.Hour))
			e.Change(tx, webhook.EventRotated, "operator")
			return err
		})
		for hours, valid := range []map[webhook.Secret]bool{{b.secret: true, next: true}, {b.secret: false, next: true}} {
			b.happens("ord_a")
			b.send()
			for _, p := range b.to.got() {
				for secret, want := range valid {
					library, err := standardwebhooks.NewWebhook(string(secret))
					b.must(err)
					if err := library.VerifyIgnoringTimestamp(p.body, p.header); (err == nil) != want {
						t.Errorf("after %d hours: %v", hours, err)
					}
				}
			}
			b.later(time.Hour)
		}
	})
}

// TestASecretThatCanNotBeOpened has what happens wait for the key that sealed it.
func TestASecretThatCanNotBeOpened(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		right := b.secrets
		b.secrets = open(t, vault.NewKey())
		b.must(b.db.Close())
		b.open(webhook.Hosts{"127.0.0.1"})
		b.happens("ord_a")
		b.send()
		if got := b.to.got(); len(got) > 0 {
			t.Errorf("sent with another key: %+v", got)
		}
		b.secrets = right
		b.must(b.db.Close())
		b.open(webhook.Hosts{"127.0.0.1"})
		b.later(time.Minute)
		b.send()
		if got := b.to.got(); len(got) != 1 {
			t.Errorf("sent with the key: %+v", got)
		}
	})
}

// TestAnEndpointThatIsAwayCostsLittle has more happen than is held for one.
func TestAnEndpointThatIsAwayCostsLittle(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		b.to.says(status(500))
		var orders []string
		for n := range 3 * webhook.MostHeld {
			orders = append(orders, fmt.Sprintf("ord_%03d", n))
		}
		b.happens(orders...)
		b.send()
		if n := len(b.to.got()); n < webhook.MostHeld || n > 2*webhook.MostHeld {
			t.Errorf("%d messages were tried", n)
		}
		b.to.says(nil)
		b.later(webhook.Schedule[0])
		b.send()
		if n := len(b.to.got()); n != len(orders) {
			t.Errorf("then %d of %d came", n, len(orders))
		}
	})
}

// TestEverythingCanBeReplayed rewinds to an event, and to the beginning.
func TestEverythingCanBeReplayed(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		b.happens("ord_a", "ord_b", "ord_a")
		b.send()
		first := b.to.got()
		for from, want := range map[string]string{"ord_b.1": "ord_a.2 ord_b.1", "": "ord_a.1 ord_a.2 ord_b.1"} {
			b.update(func(tx *db.Tx) error {
				to, err := event.Before(tx, from)
				webhook.Rewind(tx, b.id, to)
				return err
			})
			b.send()
			again := b.to.got()
			for _, p := range again {
				if !slices.ContainsFunc(first, func(q post) bool { return q.id() == p.id() && q.event.ID() == p.event.ID() }) {
					t.Errorf("%s came under another id", p.event.ID())
				}
			}
			b.to.posts = again
			b.want(want)
		}
	})
}
