// Package policy holds the shop's settings: what the process does where a rule
// of the shop decides. Every change is a new version; none is overwritten.
package policy

import (
	"slices"
	"time"

	"doorstep/fault"
)

// Policy is one version of the shop's settings.
type Policy struct {
	Gateway string `json:"gateway"` // the gateway of an order that names none
	Carrier string `json:"carrier"` // who ships
	// NextCarriers are asked one after the other where the carrier does not take a parcel.
	NextCarriers []string `json:"next_carriers"`
	Capture      Capture  `json:"capture"`  // when authorised money is taken
	HandOver     HandOver `json:"handover"` // what counts as handing a parcel over
	Split        bool     `json:"split"`    // whether an order may leave in several parcels: from several locations when none has all of it, and what is there before what is waited for (what may be waited for comes from wherever it is)
	// PayBackorders says when an order is asked to be paid that waits for goods.
	PayBackorders PayBackorders `json:"pay_backorders"`

	AuthorisationEnd    AuthorisationEnd `json:"authorisation_end"`    // what is done before an authorisation ends
	AuthorisationMargin Duration         `json:"authorisation_margin"` // how long before

	PaymentRetries Schedule `json:"payment_retries"` // after soft declines, each a new attempt
	LabelRetries   Schedule `json:"label_retries"`   // after temporary refusals, each a new attempt
	RefundRetries  Schedule `json:"refund_retries"`  // after soft declines of a refund, each a new attempt
	Ask            Backoff  `json:"ask"`             // when a provider gave no answer: the same attempt asked again

	Breaker Breaker `json:"breaker"` // when a provider that gives no answers is left alone

	AwaitStock    Duration `json:"await_stock"`    // how long an order waits for goods before a person is told
	AwaitPayment  Duration `json:"await_payment"`  // how long a payment made elsewhere is waited for before a person is told
	PayWithin     Duration `json:"pay_within"`     // how long stock is kept for an order that is not paid: then it fails
	AwaitHandOver Duration `json:"await_handover"` // how long a parcel may wait for a person, or for its first scan
	TrackEvery    Duration `json:"track_every"`    // how often a carrier is asked that suggests no time
	Silence       Duration `json:"silence"`        // how long a parcel may go without a scan before a ticket is opened
	LostAfter     Duration `json:"lost_after"`     // how long without a scan before it is given up as lost; 0 for never
	OnLost        OnLost   `json:"on_lost"`        // what is done about a parcel that is lost or damaged
	CheckRefund   Duration `json:"check_refund"`   // how long after a refund a gateway is asked whether the money has stayed with the customer
	ReturnWindow  Duration `json:"return_window"`  // how long after its delivery what was bought may be sent back
	ReturnWithin  Duration `json:"return_within"`  // how long a return is waited for before it expires
	OnReturn      OnReturn `json:"on_return"`      // what is done about the money for what came back
	CloseSolved   Duration `json:"close_solved"`   // how long a solved ticket stays open to a reply
	AnswerWithin  Duration `json:"answer_within"`  // how long a ticket may wait for a person before it is overdue
	// HoldUnshipped is how long an order that no carrier takes is held for a person
	// before it fails; with 0 it fails at once, unless a parcel of it has left.
	HoldUnshipped Duration     `json:"hold_unshipped"`
	OnComplaint   OnComplaint  `json:"on_complaint"`  // what a ticket does about goods that have arrived and are wrong
	TicketLimits  TicketLimits `json:"ticket_limits"` // what a ticket's decision may cost without a second person
	// HoldRules stop orders for a person before they are asked to be paid, or paid again.
	HoldRules []HoldRule `json:"hold_rules"`
}

// Capture says when authorised money is taken.
type Capture string

// The ways to capture.
const (
	CaptureAtOnce     Capture = "at_once"
	CaptureOnHandOver Capture = "on_handover" // after the label is bought, before the parcel leaves
)

// PayBackorders says when an order that waits for goods is asked to be paid.
type PayBackorders string

// The times of asking.
const (
	PayNow           PayBackorders = "now"            // as any other
	PayWhenShippable PayBackorders = "when_shippable" // when all of its goods are there
)

// AuthorisationEnd says what is done when authorised money is not taken yet and
// the authorisation is about to end.
type AuthorisationEnd string

// The ways to go on.
const (
	EndCapture AuthorisationEnd = "capture" // the money is taken, although nothing has left
	EndRenew   AuthorisationEnd = "renew"   // another authorisation is asked for, and the old one given up
	EndReport  AuthorisationEnd = "report"  // a person is told
)

// OnLost says what is done about a parcel that is lost or damaged. Of one that was
// not taken and comes back, a person decides.
type OnLost string

// The ways to go on.
const (
	OnLostAsk    OnLost = "ask"    // a person decides
	OnLostReship OnLost = "reship" // its goods are sent anew, if they are there
	OnLostRefund OnLost = "refund" // the money for what it held is given back
)

// OnReturn says what is done about the money for what a customer has sent back.
type OnReturn string

// The ways to go on.
const (
	OnReturnRefund OnReturn = "refund" // it is given back
	OnReturnAsk    OnReturn = "ask"    // a person decides
)

// OnComplaint says what a ticket does about goods that have arrived broken or wrong.
type OnComplaint string

// The ways to go on.
const (
	OnComplaintRefund OnComplaint = "refund" // their money is given back
	OnComplaintReturn OnComplaint = "return" // they are sent back first
)

// HandOver says what counts as handing a parcel over to the carrier.
type HandOver string

// The ways of handing over.
const (
	HandOverAtOnce    HandOver = "at_once"    // the label is the hand-over
	HandOverByPerson  HandOver = "by_person"  // a person says so
	HandOverFirstScan HandOver = "first_scan" // the carrier's first scan says so
)

// Schedule is how long to wait before each further attempt; when it is used
// up, there is none.
type Schedule []Duration

// Wait returns how long to wait before the next attempt after n have been
// made, and false when there is to be none.
func (s Schedule) Wait(made int) (time.Duration, bool) {
	if made < 1 || made > len(s) {
		return 0, false
	}
	return time.Duration(s[made-1]), true
}

// Backoff is how asking again is spaced: doubling from First up to Most, less
// up to a half by chance, at most Tries times and not longer than Within, after
// which a person is told. Within is best longer than twice a provider's key
// lives: by then it is known whether what can not be found was ever made. Tries
// is best more than fit into Within, so that they do not end before it. A provider that is certainly not
// reached is asked for as long as that lasts; a person is told after Within.
type Backoff struct {
	First  Duration `json:"first"`
	Most   Duration `json:"most"`
	Tries  int      `json:"tries"`
	Within Duration `json:"within"`
}

// Breaker is when a provider is left alone: after so many questions in a row
// that it did not answer, for as long as the pause; then one question tries
// whether it answers again. With no failures it is asked always.
type Breaker struct {
	Failures int      `json:"failures"`
	Pause    Duration `json:"pause"`
}

// Default is the policy of a shop that has set none.
func Default() Policy {
	minutes := func(n ...int) Schedule {
		s := make(Schedule, len(n))
		for i := range n {
			s[i] = Duration(time.Duration(n[i]) * time.Minute)
		}
		return s
	}
	const day = Duration(24 * time.Hour)
	return Policy{
		Gateway:      "simulated",
		Carrier:      "simulated",
		NextCarriers: []string{},
		Capture:      CaptureAtOnce,
		HandOver:     HandOverAtOnce,
		Split:        true,

		PayBackorders: PayNow,

		AuthorisationEnd:    EndRenew,
		AuthorisationMargin: day,

		PaymentRetries: minutes(5, 60),
		LabelRetries:   minutes(1, 10, 60),
		RefundRetries:  minutes(60, 24*60),
		Ask:            Backoff{First: Duration(time.Second), Most: Duration(5 * time.Minute), Tries: 1500, Within: Duration(50 * time.Hour)},
		Breaker:        Breaker{Failures: 5, Pause: Duration(time.Minute)},

		AwaitStock:    30 * day,
		AwaitPayment:  7 * day,
		PayWithin:     14 * day,
		AwaitHandOver: 3 * day,
		TrackEvery:    Duration(6 * time.Hour),
		Silence:       7 * day,
		LostAfter:     30 * day,
		OnLost:        OnLostAsk,
		CheckRefund:   7 * day,
		ReturnWindow:  30 * day,
		ReturnWithin:  30 * day,
		OnReturn:      OnReturnRefund,
		CloseSolved:   7 * day,
		AnswerWithin:  day,
		HoldUnshipped: 3 * day,

		OnComplaint:  OnComplaintRefund,
		TicketLimits: TicketLimits{Decision: []Amount{}, Customer: []Amount{}, Count: 3, Period: 30 * day, OrderAge: 60 * day},

		HoldRules: []HoldRule{},
	}
}

// Validate checks a policy.
//
// Errors: invalid, with the path of every field that is wrong.
func (p Policy) Validate() error {
	var c fault.Check
	c.If(p.Gateway == "", "gateway", "required", "name a gateway")
	c.If(p.Carrier == "", "carrier", "required", "name a carrier")
	c.If(p.Capture != CaptureAtOnce && p.Capture != CaptureOnHandOver, "capture", "unknown", "at_once or on_handover")
	c.If(p.PayBackorders != PayNow && p.PayBackorders != PayWhenShippable, "pay_backorders", "unknown", "now or when_shippable")
	c.If(p.AuthorisationEnd != EndCapture && p.AuthorisationEnd != EndRenew && p.AuthorisationEnd != EndReport,
		"authorisation_end", "unknown", "capture, renew or report")
	c.If(p.HandOver != HandOverAtOnce && p.HandOver != HandOverByPerson && p.HandOver != HandOverFirstScan,
		"handover", "unknown", "at_once, by_person or first_scan")
	c.If(p.OnLost != OnLostAsk && p.OnLost != OnLostReship && p.OnLost != OnLostRefund, "on_lost", "unknown", "ask, reship or refund")
	c.If(p.OnReturn != OnReturnRefund && p.OnReturn != OnReturnAsk, "on_return", "unknown", "refund or ask")
	c.If(p.OnComplaint != OnComplaintRefund && p.OnComplaint != OnComplaintReturn, "on_complaint", "unknown", "refund or return")
	c.If(p.ReturnWindow < 0, "return_window", "out_of_range", "not negative")
	c.If(p.LostAfter != 0 && p.LostAfter < shortest, "lost_after", "out_of_range", "at least %s, or 0", time.Duration(shortest))
	c.If(p.Ask.Tries < 1, "ask.tries", "out_of_range", "at least 1")
	c.If(p.Ask.Most < p.Ask.First, "ask", "out_of_range", "first ≤ most")
	c.If(p.Breaker.Failures < 0 || p.Breaker.Failures > maxFailures, "breaker.failures", "out_of_range", "0 to %d", maxFailures)
	for _, d := range []struct {
		path string
		d    Duration
	}{
		{"ask.first", p.Ask.First}, {"ask.within", p.Ask.Within}, {"breaker.pause", p.Breaker.Pause},
		{"authorisation_margin", p.AuthorisationMargin}, {"await_stock", p.AwaitStock}, {"await_payment", p.AwaitPayment}, {"pay_within", p.PayWithin}, {"await_handover", p.AwaitHandOver}, {"track_every", p.TrackEvery},
		{"silence", p.Silence}, {"check_refund", p.CheckRefund}, {"return_within", p.ReturnWithin}, {"close_solved", p.CloseSolved}, {"answer_within", p.AnswerWithin},
	} {
		c.If(d.d < shortest, d.path, "out_of_range", "at least %s", time.Duration(shortest))
	}
	for _, s := range []struct {
		path string
		s    Schedule
	}{
		{"payment_retries", p.PaymentRetries}, {"label_retries", p.LabelRetries}, {"refund_retries", p.RefundRetries},
	} {
		c.If(slices.ContainsFunc(s.s, func(d Duration) bool { return d < 0 }), s.path, "out_of_range", "not negative")
	}
	p.TicketLimits.check(&c)
	checkHoldRules(&c, p.HoldRules)
	return c.Err("the policy")
}

// shortest bounds every wait that is begun anew when it is over. Each time costs
// a durable commit: with waits of nothing, a few orders would keep a shop busy
// for good. The waits of a schedule may be shorter, for each is used once.
const shortest = Duration(time.Second)

// maxFailures bounds what a breaker remembers.
const maxFailures = 1000

// Duration is a time span that reads and writes as "1h30m" in JSON.
type Duration time.Duration

// MarshalText writes the duration as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fault.New(fault.Invalid, "%.40q is no duration such as 1h30m", string(b))
	}
	*d = Duration(v)
	return nil
}
