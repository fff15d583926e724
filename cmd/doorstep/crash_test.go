package main_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"doorstep"
	"doorstep/access"
	"doorstep/internal/db/dbtest"
	"doorstep/inventory"
	"doorstep/policy"
	"doorstep/process"
)

var (
	long   = flag.Bool("crash.long", false, "crash test: 300 kills and 9,000 orders per engine unless told otherwise")
	kills  = flag.Int("crash.kills", 0, "crash test: at least so many kills per engine (30)")
	orders = flag.Int("crash.orders", 0, "crash test: about so many orders per engine (1,200)")
	seed   = flag.Uint64("crash.seed", 0, "crash test: where what is ordered is drawn from; the moments of the kills stay the machine's (from the time)")
)

// TestCrash kills the real program again and again while it works, starts it
// again, and holds what it has acknowledged against its books and against those
// of the simulated gateway and carrier.
func TestCrash(t *testing.T) {
	t.Parallel()
	everyRowIsAimedAt(t)
	program := build(t)
	all := newLedger(t, program)
	dbtest.Engines(t, func(t *testing.T, engine string) {
		all.run(t, engine, "shop", func(s *shop) { s.crash(parts(engine)) })
		all.run(t, engine, "short lives", func(s *shop) {
			s.sim = []string{"--sim-key-life", "1s", "--sim-decline", "0.2", "--sim-label-refuse", "0.2", "--sim-authorisation-life", "3s"}
			s.crash(shortLives(engine))
		})
		all.run(t, engine, "mishaps", func(s *shop) {
			s.sim, s.moody = []string{"--sim-key-life", "1s", "--sim-authorisation-life", "3s"}, true
			s.crash(mishaps(engine))
		})
	})
	t.Run("take over", func(t *testing.T) {
		t.Parallel()
		takeOver(newShop(t, program, dbtest.Postgres))
	})
}

// crash kills the program under each of the policies, lets it finish, and looks
// whether everything is right.
func (s *shop) crash(parts []part) {
	plan := newPlan()
	for _, p := range parts {
		s.survive(p, plan)
	}
	if s.moody {
		s.retryStuck()
	}
	s.finish()
	s.audit()
}

// takeOver kills one of two programs on one database: what it had in hand the
// other one does, when its leases have ended.
func takeOver(s *shop) {
	s.part, s.latency = parts(dbtest.Postgres)[0], 500*time.Millisecond // so that it dies asking
	s.setPolicy(s.part.policy)
	dies, stays := s.start(), s.start()
	s.attend("work for both", func() {
		s.place()
		s.send(dies)
		s.send(stays)
	}, func() bool { return s.placed > 50 && dies.asking() >= 5 && len(stays.begins) >= 5 })
	dies.kill()
	s.attend("the end of one", func() {}, func() bool { return dies.ended })
	before := maps.Clone(stays.begins)
	s.book.unsent(dies)
	s.settle(stays)
	s.stop(stays)

	asked := 0
	for it, m := range dies.inHand {
		if m != begun {
			continue // its answer may have been written
		}
		asked++
		if stays.begins[it] == before[it] {
			s.Errorf("%+v was in the dead one's hand, and the other did not take it over", it)
		}
	}
	if asked == 0 {
		s.Error("the dead one had asked nothing")
	}
	s.audit()
	s.Logf("one of two died with %d steps in hand, %d of them without an answer; %d orders, %d commands", len(dies.inHand), asked, s.placed, len(s.book.all))
}

// plan is how much is done to an engine.
type plan struct {
	kills  int
	orders int // per life of the program
}

func newPlan() plan {
	p := plan{kills: 30, orders: 1200}
	if *long {
		p = plan{kills: 300, orders: 9000}
	}
	if *kills > 0 {
		p.kills = *kills
	}
	if *orders > 0 {
		p.orders = *orders
	}
	p.orders = max(1, p.orders/p.kills)
	return p
}

// part is a part of a run under one policy, which brings its own steps.
type part struct {
	name   string
	share  int // of the kills, in hundredths
	policy policy.Policy
	aims   []aim // moments at which it is killed at least once
	manual bool  // every other order is paid elsewhere
}

// parts are chosen so that every step that takes place outside of a transaction
// occurs in one of them, and so do most of those that do not: to make a row fire
// for certain, add what customers or people do for it (follow, react), and the row
// to the part in whose policy it fires.
func parts(engine string) []part {
	later := hasty()
	later.Capture = policy.CaptureOnHandOver
	later.AwaitStock, later.PayBackorders = policy.Duration(time.Second), policy.PayWhenShippable
	later.HoldRules = []policy.HoldRule{{Kind: policy.AmountOver, Currency: "GBP", Amount: 2000}}
	byHand := hasty()
	byHand.Carrier = "manual"
	soon := policy.Duration(time.Second)
	byHand.AwaitPayment, byHand.AwaitHandOver, byHand.Silence, byHand.LostAfter = soon, soon, soon, 2*soon
	byHand.ReturnWithin = soon
	return []part{
		{"captured at once", 50, hasty(), slices.Concat(
			asking(process.StepAuthorise, process.StepBuyLabel, process.StepTrack, process.StepVoidLabel, process.StepRefund, process.StepCheckRefund),
			waiting(process.StepCloseTicket),
			firing(engine, process.StepFree, process.StepPlanShipments, process.StepHandOver, process.StepDecide, process.StepFinishCancel, process.StepFinishChange,
				process.StepGiveBack, process.StepReleaseStock, process.StepFailUnpaid, process.StepFailUnshipped, process.StepReport, process.StepDecideAgain,
				process.StepPark, process.StepResume, process.StepLetGo, process.StepHoldAgain)), false},
		{"captured on hand-over", 30, later, slices.Concat(asking(process.StepCapture, process.StepVoidPayment), waiting(process.StepFill, process.StepAwaitStock), firing(engine, process.StepHoldByRule)), false},
		{"by hand", 20, byHand, slices.Concat(
			waiting(process.StepAwaitPayment, process.StepAwaitHandOver, process.StepAwaitDelivery, process.StepAwaitRemedy, process.StepAwaitReturn, process.StepAwaitRefund),
			firing(engine, process.StepReportAstray, process.StepReportRefund)), true},
	}
}

// shortLives are of a shop in which nothing lasts: neither its patience nor the
// keys of its providers. It is a shop of its own, because no provider honours its
// keys for longer at one time than at another.
func shortLives(engine string) []part {
	p := hasty()
	soon := policy.Duration(time.Second)
	p.Capture = policy.CaptureOnHandOver
	p.PayWithin, p.HoldUnshipped, p.AuthorisationMargin, p.PaymentRetries = soon, 5*soon, soon, policy.Schedule{2 * soon}
	return []part{{"nothing lasts", 30, p, slices.Concat(
		asking(process.StepLookAgain, process.StepRenew, process.StepUndo), waiting(process.StepExpirePayment, process.StepAwaitCarrier, process.StepKeep),
		firing(engine, process.StepHoldUnshipped, process.StepSolveHold, process.StepWithdraw)), false}}
}

// everyRowIsAimedAt looks for rows of the table that no part aims at, on no engine
// in the short run, and on one of them in the long run.
func everyRowIsAimedAt(t *testing.T) {
	t.Helper()
	aimed := map[process.Step]int{}
	for _, engine := range engines {
		own := map[process.Step]bool{}
		for _, p := range slices.Concat(parts(engine), shortLives(engine), mishaps(engine)) {
			for _, a := range p.aims {
				own[a.step] = true
			}
		}
		for step := range own {
			aimed[step]++
		}
	}
	for _, row := range process.Table() {
		if n := aimed[row.Step]; n == 0 || *long && n < len(engines) {
			t.Errorf("no kill is aimed at the row %s", row.Step)
		}
	}
}

// hasty is a policy under which everything that is tried again is tried again
// as soon as a policy may have it.
func hasty() policy.Policy {
	const ms = policy.Duration(time.Millisecond)
	p := policy.Default()
	p.PaymentRetries, p.RefundRetries = policy.Schedule{50 * ms, 100 * ms}, policy.Schedule{50 * ms, 100 * ms}
	p.LabelRetries = policy.Schedule{50 * ms, 100 * ms, 200 * ms}
	p.Ask.First, p.Ask.Most = 1000*ms, 1000*ms
	p.Breaker.Pause = 1000 * ms
	p.TrackEvery, p.CheckRefund, p.CloseSolved = 1000*ms, 1000*ms, 1000*ms
	p.HoldUnshipped = 0 // what no carrier takes fails at once, but where a part says otherwise
	return p
}

// shop is one database, the programs that run on it, and what they were told.
type shop struct {
	*testing.T
	program, engine, url, outside string

	latency time.Duration // of the providers
	sim     []string      // more of how the providers behave
	moody   bool          // it has providers that contradict themselves, and each life is fed what makes its row fire
	rng     *rand.Rand
	news    chan happening
	quit    chan struct{} // closed when nobody hears the news any more
	book    *book
	tally   *tally
	mark    *mark // at what a program is to be killed
	part    part
	waiting map[string]string // tickets that a person sees to later, by order
	placed  int               // orders
	version int64             // of the policy
	begun   time.Time
	disk    *disk  // that may be full; nil when none is to be
	left    string // what is still waited for

	children []*child
}

func newShop(t *testing.T, program, engine string) *shop {
	t.Helper()
	return newShopAt(t, program, engine, dbtest.URL(t, engine))
}

func newShopAt(t *testing.T, program, engine, url string) *shop {
	t.Helper()
	from := *seed
	if from == 0 {
		from = uint64(time.Now().UnixNano())
	}
	t.Logf("-crash.seed %d", from)
	s := &shop{
		T: t, program: program, engine: engine, url: url, outside: t.TempDir(), latency: 40 * time.Millisecond,
		rng: rand.New(rand.NewPCG(from, 0)), news: make(chan happening, 4096), quit: make(chan struct{}),
		waiting: map[string]string{}, book: newBook(), tally: newTally(), begun: time.Now(),
	}
	t.Cleanup(s.end)
	s.open(func(ctx context.Context, p *process.Process, by process.Command) error {
		if _, err := p.SetLocation(ctx, by, inventory.Location{ID: inventory.MainLocation, Name: "Main", Country: "GB"}); err != nil {
			return err
		}
		for _, g := range goods {
			if _, err := p.DefineSKU(ctx, by, g.SKU); err != nil {
				return err
			}
		}
		_, err := p.AllowBackorders(ctx, by, waitedFor, true)
		return err
	})
	for _, g := range goods {
		s.receive(g.Code, g.stock)
	}
	return s
}

// end ends every program that still runs, also when the test has failed.
func (s *shop) end() {
	close(s.quit)
	for _, c := range s.children {
		c.kill()
		<-c.gone
	}
}

// open changes the shop while no program runs on it.
func (s *shop) open(change func(context.Context, *process.Process, process.Command) error) {
	s.Helper()
	ctx := context.Background()
	cfg := doorstep.Config{DB: s.url, Outside: s.outside}
	if s.moody {
		s.must(addMoods(&cfg))
	}
	shop, err := doorstep.Open(ctx, cfg)
	s.must(err)
	err = change(ctx, shop.Process, process.Command{By: access.Operator})
	if err = errors.Join(err, shop.Close()); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) setPolicy(to policy.Policy) {
	s.Helper()
	s.open(func(ctx context.Context, p *process.Process, by process.Command) error {
		r, err := p.SetPolicy(ctx, by, s.version, to)
		s.version = r.Value.Number
		return err
	})
}

// survive kills the program until each of the part's aims was hit.
func (s *shop) survive(p part, of plan) {
	s.Helper()
	s.part = p
	s.setPolicy(p.policy)
	least := max(len(p.aims), (of.kills*p.share+99)/100)
	most := 4 * (least + len(p.aims))
	if s.moody {
		most = 5 * least // each is fed what it is for
	}
	for n := 1; n <= least || len(s.tally.missing(p.aims)) > 0; n++ {
		if n > most {
			s.Errorf("%s: %d kills never hit %v", p.name, most, s.tally.missing(p.aims))
			return
		}
		s.live(s.next(n), of.orders)
	}
}

// next chooses at what the program is killed next: two times out of three at
// something that was not hit yet, otherwise while an order is being placed, when
// it was acknowledged, or at any moment.
func (s *shop) next(n int) aim {
	if missing := s.tally.missing(s.part.aims); (n%3 != 0 || s.moody) && len(missing) > 0 {
		return missing[n%len(missing)]
	}
	free := []moment{placing, promised, anyMoment}
	return aim{moment: free[s.rng.IntN(len(free))]}
}

// live lets the program run and work, and kills it.
func (s *shop) live(at aim, orders int) {
	s.Helper()
	c := s.startTo(at)
	s.book.repeat(s.rng, 3)
	s.mark = newMark(at, s.tally.missed[at], c, s.rng)
	tick := 0
	s.attend("a kill at "+at.String(), func() {
		if s.moody {
			s.lured(s.lure(), tick)
		} else {
			for range min(2, orders) {
				orders--
				s.place()
			}
		}
		tick++
		s.send(c)
		s.mark.pass()
	}, func() bool { return c.ended })
	s.mark.disarm()
	if !c.killed() {
		s.Errorf("it was to be killed at %s and ended by itself: %v", s.mark.at, c.err)
	}
	before := s.tally.hit[at]
	if s.tally.killed(s.mark.at, c); at.step != "" && s.tally.hit[at] == before {
		s.tally.missed[at]++
	}
	s.book.unsent(c)
	s.mark = nil
}

// attention is how often the shop does something of its own accord.
const attention = 20 * time.Millisecond

// patience bounds whatever is waited for.
const patience = 2 * time.Minute

// attend hears what the programs say, and calls do in between, until done.
func (s *shop) attend(what string, do func(), done func() bool) {
	s.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(attention)
	defer tick.Stop()
	for !done() {
		select {
		case h := <-s.news:
			s.hear(h)
		case <-tick.C:
			do()
		case <-deadline.C:
			s.Fatalf("%s: not within %s%s", what, patience, s.left)
		}
	}
}

// hear takes note of what a program says, and answers as its customers and the
// people of the shop would.
func (s *shop) hear(h happening) {
	c := h.of
	switch {
	case h.log != nil:
		if h.log.Level == "ERROR" && !s.disk.explains(h.log.Error) {
			s.Errorf("the program says: %s", h.log.text)
		}
		c.note(*h.log)
		if s.mark != nil {
			s.mark.see(*h.log)
		}
		s.react(*h.log)
	case h.answer != nil:
		if s.mark != nil && c.unanswered[h.answer.Key].places() {
			s.mark.promised()
		}
		delete(c.unanswered, h.answer.Key)
		if s.disk.refuses(h.answer) {
			s.book.again(h.answer.Key)
			return
		}
		k, err := s.book.answered(*h.answer)
		if err != nil {
			s.Error(err)
			return
		}
		s.follow(k)
	case h.stray != "":
		s.Errorf("the program says: %s", h.stray)
	case h.ended:
		c.ended = true
	}
}

// finish lets the program do everything that is left, without a kill, and what
// is left for people to do, and asks it to stop.
func (s *shop) finish() {
	s.Helper()
	s.part = part{name: "the end"}
	p := hasty()
	p.CloseSolved = policy.Default().CloseSolved // a ticket of an order that owes something waits for what people do
	s.setPolicy(p)
	c := s.start()
	s.book.repeat(s.rng, 20)
	s.settle(c)
	s.stop(c)
}

// settle waits until everything is answered and nothing is due, and does what
// people have to, until there is nothing more.
func (s *shop) settle(c *child) {
	s.Helper()
	s.receive(waitedFor, plenty) // no one waits in the end
	s.receive(countedLess, plenty)
	for {
		s.attend("an answer to every command", func() { s.send(c) }, func() bool { return c.ended || s.book.done() && len(c.unanswered) == 0 })
		var left books
		s.attend("the end of all that is due", func() {
			left = s.read()
			s.left = fmt.Sprintf(": due are %+v, stuck are %+v", left.due, left.stuck)
		}, func() bool { return c.ended || left.idle() })
		s.left = ""
		if c.ended {
			s.Fatalf("the program ended by itself: %v", c.err)
		}
		if s.chores(left) == 0 {
			return
		}
	}
}

// stop asks the program to end, which it does within its own deadline.
func (s *shop) stop(c *child) {
	s.Helper()
	c.terminate()
	s.attend("the end after SIGTERM", func() {}, func() bool { return c.ended })
	if c.err != nil {
		s.Errorf("asked to stop, the program ended with %v", c.err)
	}
}
