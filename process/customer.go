package process

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"
	"time"

	"doorstep/access"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/mail"
	"doorstep/order"
)

// A customer follows an order by a link that nobody can guess: the order's number, and what
// only who has the key of the shop's secrets can make of it. Whoever was given the link sees
// where the order is. To act takes a second proof: a code that is sent to the order's mail
// address, since links are forwarded.

// Tracking is what leads to the page of an order that its customer sees.
type Tracking struct {
	Order string `json:"order"`
	Token string `json:"token"`
	Path  string `json:"path"` // behind the address of this server
}

// TrackPath is that of the pages of orders that customers see.
const TrackPath = "/track/"

// TrackingOf returns what leads to the page of an order, the same whenever it is asked for.
//
// Errors: not_found; unavailable when there is no key of the shop's secrets.
func (p *Process) TrackingOf(ctx context.Context, what string) (Tracking, error) {
	o, err := p.FindOrder(ctx, what)
	if err != nil {
		return Tracking{}, err
	}
	return p.Tracking(o)
}

// Tracking is what leads to the page of an order, as TrackingOf.
//
// Errors: unavailable.
func (p *Process) Tracking(o order.Order) (Tracking, error) {
	key, err := p.secrets.Derive("customers")
	if err != nil {
		return Tracking{}, err
	}
	token := trackToken(key, o)
	return Tracking{o.ID, token, TrackPath + token}, nil
}

// trackToken has 128 bits that can not be guessed.
func trackToken(key []byte, o order.Order) string {
	return strconv.FormatInt(o.Number, 10) + "-" + sealOf(key, "track", o.ID)
}

// sealOf is what only who has the key can make of texts: 128 bits.
func sealOf(key []byte, texts ...string) string {
	mac := hmac.New(sha256.New, key)
	for _, text := range texts {
		mac.Write([]byte(text + "\x00"))
	}
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:16]))
}

// Tracked returns the order to whose page a token leads.
//
// Errors: not_found; unavailable.
func (p *Process) Tracked(ctx context.Context, token string) (order.Order, error) {
	nowhere := fault.New(fault.NotFound, "there is no order at this link: look whether it was copied whole")
	number, _, found := strings.Cut(token, "-")
	if n, err := strconv.ParseInt(number, 10, 64); err != nil || !found || n < 1 {
		return order.Order{}, nowhere
	}
	key, err := p.secrets.Derive("customers")
	if err != nil {
		return order.Order{}, err
	}
	o, err := p.FindOrder(ctx, number)
	if fault.Is(err, fault.NotFound) || err == nil && !hmac.Equal([]byte(trackToken(key, o)), []byte(token)) {
		err = nowhere
	}
	if err != nil {
		return order.Order{}, err
	}
	return o, nil
}

// SendCode mails a code to an order's customer, by which they can act for a while. It is
// drawn and counted before it is sent: one that could not be sent has been.
//
// Errors: not_found; conflict when the order has no mail address, or as many codes were sent
// as are within a day; unavailable when the mail could not be sent.
func (p *Process) SendCode(ctx context.Context, orderID string) error {
	key, err := p.secrets.Derive("customers")
	if err != nil {
		return err
	}
	code := access.NewCode()
	m, err := db.Update(ctx, p.db, []db.Lock{access.CodeLock(orderID)}, func(tx *db.Tx) (m mail.Message, err error) {
		o, err := order.Find(tx, orderID)
		if err != nil {
			return m, err
		}
		contact, err := order.KnownContact(tx, o.ID)
		if err != nil {
			return m, err
		}
		if contact.Mail == "" {
			return m, fault.New(fault.Conflict, "no mail address is known of this order: ask the shop")
		}
		m = mail.Message{To: contact.Mail, Subject: fmt.Sprintf("%s is your code for order %d", code, o.Number),
			Text: fmt.Sprintf("Your code for order %d is %s.\n\nType it where you asked for it: it can be used for %d minutes.\n\n"+
				"If you did not ask for a code, someone who has the link to your order did.\nThey can do nothing without it. Do not give it to anyone.\n",
				o.Number, code, access.CodeLife/time.Minute)}
		return m, access.SaveCode(tx, key, o.ID, code)
	})
	if err != nil {
		return err
	}
	return p.mail.Send(ctx, m)
}

// ProofLife is for how long who has proved that an order is theirs can act.
const ProofLife = time.Hour

// Prove returns what proves for a while that an order is someone's, in the place of the code
// that was mailed to them.
//
// Errors: forbidden when it is another code, or was used, has expired, or others were tried
// too often.
func (p *Process) Prove(ctx context.Context, orderID, code string) (proof string, until time.Time, err error) {
	key, err := p.secrets.Derive("customers")
	if err != nil {
		return "", until, err
	}
	type used struct {
		is bool
		at time.Time
	}
	u, err := db.Update(ctx, p.db, []db.Lock{access.CodeLock(orderID)}, func(tx *db.Tx) (u used, err error) {
		u.at = tx.Now()
		u.is, err = access.UseCode(tx, key, orderID, strings.TrimSpace(code))
		return u, err
	})
	if err != nil {
		return "", until, err
	}
	if !u.is {
		return "", until, fault.New(fault.Forbidden, "this is not the code, or it can not be used any more: have another one sent")
	}
	until = u.at.Add(ProofLife)
	ends := strconv.FormatInt(until.Unix(), 10)
	return ends + "-" + sealOf(key, "proof", orderID, ends), until, nil
}

// Proved says whether it was proved that an order is someone's, and still is.
func (p *Process) Proved(orderID, proof string) (bool, error) {
	key, err := p.secrets.Derive("customers")
	if err != nil {
		return false, err
	}
	ends, _, _ := strings.Cut(proof, "-")
	if !hmac.Equal([]byte(ends+"-"+sealOf(key, "proof", orderID, ends)), []byte(proof)) {
		return false, nil
	}
	at, err := strconv.ParseInt(ends, 10, 64)
	return err == nil && p.db.Clock().Now().Before(time.Unix(at, 0)), err
}
