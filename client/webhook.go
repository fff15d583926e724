package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// longestDelivery bounds what is read of a delivery, in bytes.
const longestDelivery = 1 << 20

// Receiver verifies what a server sends to a webhook, by the Standard Webhooks
// specification (https://www.standardwebhooks.com).
type Receiver struct{ secrets []*standardwebhooks.Webhook }

// NewReceiver returns one that knows the secret of a webhook; two while it is rotated.
func NewReceiver(secrets ...string) (*Receiver, error) {
	if len(secrets) == 0 {
		return nil, errors.New("doorstep: a receiver needs the secret of its webhook")
	}
	r := &Receiver{}
	for _, secret := range secrets {
		s, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return nil, fmt.Errorf("doorstep: the secret of a webhook: %w", err)
		}
		r.secrets = append(r.secrets, s)
	}
	return r, nil
}

// Delivery is an event that was sent to a webhook.
type Delivery struct {
	ID        string    `json:"-"` // the same each time that the event is sent
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Event     Event     `json:"data"`
}

// Read reads a delivery and verifies it. It may come more than once, under the same ID: a
// receiver keeps those that it has seen. Answer with any 2xx once it is kept.
//
// Errors: that it is not signed with a secret, is older than 5 minutes, or is no event.
// Nothing is to be believed of it then: answer with 401.
func (r *Receiver) Read(req *http.Request) (Delivery, error) {
	body, err := io.ReadAll(io.LimitReader(req.Body, longestDelivery))
	if err != nil {
		return Delivery{}, fmt.Errorf("doorstep: a delivery: %w", err)
	}
	if err := r.verify(req.Header, body); err != nil {
		return Delivery{}, fmt.Errorf("doorstep: a delivery: %w", err)
	}
	d := Delivery{ID: req.Header.Get("webhook-id")}
	if err := json.Unmarshal(body, &d); err != nil {
		return Delivery{}, fmt.Errorf("doorstep: a delivery: %w", err)
	}
	return d, nil
}

func (r *Receiver) verify(header http.Header, body []byte) (err error) {
	for _, secret := range r.secrets {
		if err = secret.Verify(body, header); err == nil {
			return nil
		}
	}
	return err
}
