package process_test

import (
	"context"
	"fmt"
	"sync"

	"doorstep/payment"
	gateway "doorstep/payment/simulated"
	"doorstep/shipping"
	carrier "doorstep/shipping/simulated"
)

// errSilent is a time-out.
var errSilent = fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)

// reply is what a test has a provider say to one question.
type reply[A any] struct {
	answer A
	err    error
	reach  bool // the provider is asked all the same, and only its answer is lost
}

// script is what a test has a provider say, question by question; when it is
// used up, the provider answers for itself.
type script[A any] struct {
	mu      sync.Mutex
	replies []reply[A]
}

func (s *script[A]) say(replies ...reply[A]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = append(s.replies, replies...)
}

// forget drops what is not used up.
func (s *script[A]) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = nil
}

func (s *script[A]) next(ask func() (A, error)) (A, error) {
	s.mu.Lock()
	if len(s.replies) == 0 {
		s.mu.Unlock()
		return ask()
	}
	r := s.replies[0]
	s.replies = s.replies[1:]
	s.mu.Unlock()
	if r.reach {
		if _, err := ask(); err != nil {
			return r.answer, err
		}
	}
	return r.answer, r.err
}

// desk stands before the simulated gateway.
type desk struct {
	*gateway.Gateway
	authorise, capture, void, refund, lookup script[payment.Answer]

	away  bool // it is not reached
	asked int  // how often it was asked while it was away
}

// answer lets the gateway answer, unless it is away.
func (d *desk) answer(s *script[payment.Answer], ask func() (payment.Answer, error)) (payment.Answer, error) {
	if d.away {
		d.asked++
		return payment.Answer{}, payment.ErrNotReached
	}
	return s.next(ask)
}

func (d *desk) Authorise(ctx context.Context, r payment.Authorisation) (payment.Answer, error) {
	return d.answer(&d.authorise, func() (payment.Answer, error) { return d.Gateway.Authorise(ctx, r) })
}

func (d *desk) Capture(ctx context.Context, r payment.Followup) (payment.Answer, error) {
	return d.answer(&d.capture, func() (payment.Answer, error) { return d.Gateway.Capture(ctx, r) })
}

func (d *desk) Void(ctx context.Context, r payment.Followup) (payment.Answer, error) {
	return d.answer(&d.void, func() (payment.Answer, error) { return d.Gateway.Void(ctx, r) })
}

func (d *desk) Refund(ctx context.Context, r payment.Followup) (payment.Answer, error) {
	return d.answer(&d.refund, func() (payment.Answer, error) { return d.Gateway.Refund(ctx, r) })
}

func (d *desk) Lookup(ctx context.Context, key string) (payment.Answer, error) {
	return d.answer(&d.lookup, func() (payment.Answer, error) { return d.Gateway.Lookup(ctx, key) })
}

// The replies of a gateway.
var (
	gatewayDenies  = reply[payment.Answer]{err: payment.ErrNoAttempt}
	gatewaySilent  = reply[payment.Answer]{err: errSilent}
	gatewayLost    = reply[payment.Answer]{err: errSilent, reach: true}
	gatewayAway    = reply[payment.Answer]{err: payment.ErrNotReached}
	declinedSoftly = reply[payment.Answer]{answer: payment.Answer{Result: payment.Declined, Decline: payment.TryAgainLater}}
	declinedHard   = reply[payment.Answer]{answer: payment.Answer{Result: payment.Declined, Decline: payment.NotPermitted}}
)

// depot stands before the simulated carrier.
type depot struct {
	*carrier.Carrier
	buy   script[shipping.LabelAnswer]
	void  script[shipping.VoidAnswer]
	track script[shipping.Tracking]
	blind bool // it scans no parcel but as the test says
	sees  map[string][]shipping.Scan
}

// spare is another carrier.
type spare struct{ *depot }

func (spare) Name() string { return "spare" }

func (d *depot) BuyLabel(ctx context.Context, key string, p shipping.Parcel) (shipping.LabelAnswer, error) {
	return d.buy.next(func() (shipping.LabelAnswer, error) { return d.Carrier.BuyLabel(ctx, key, p) })
}

func (d *depot) VoidLabel(ctx context.Context, key, ref string) (shipping.VoidAnswer, error) {
	return d.void.next(func() (shipping.VoidAnswer, error) { return d.Carrier.VoidLabel(ctx, key, ref) })
}

func (d *depot) Track(ctx context.Context, number string) (shipping.Tracking, error) {
	if d.blind {
		return shipping.Tracking{Scans: d.sees[number]}, nil
	}
	return d.track.next(func() (shipping.Tracking, error) { return d.Carrier.Track(ctx, number) })
}

// The replies of a carrier.
var (
	labelSilent  = reply[shipping.LabelAnswer]{err: errSilent}
	labelAway    = reply[shipping.LabelAnswer]{err: shipping.ErrNotReached}
	labelTrouble = reply[shipping.LabelAnswer]{answer: shipping.LabelAnswer{Refusal: shipping.CarrierTrouble}}
	labelRefused = reply[shipping.LabelAnswer]{answer: shipping.LabelAnswer{Refusal: shipping.NoService}}
	voidAway     = reply[shipping.VoidAnswer]{err: shipping.ErrNotReached}
	voidSilent   = reply[shipping.VoidAnswer]{err: errSilent}
	trackerAway  = reply[shipping.Tracking]{err: shipping.ErrNotReached}
)
