// Package attempt is one question to a provider under a key of its own, written
// down before it is asked: what the attempts of all providers have in common.
package attempt

import (
	"errors"
	"time"

	"doorstep/state"
)

// Attempt is one question to a provider. Asked again under its key, it is the
// same attempt and has the same answer, as long as the key lives.
type Attempt struct {
	Key      string    `json:"key"`
	Order    string    `json:"order"`
	N        int64     `json:"n"` // counts from 1 the attempts that are about the same
	Status   Status    `json:"status"`
	Ref      string    `json:"ref,omitempty"` // the provider's reference
	OpenedAt time.Time `json:"opened_at"`
	KeyUntil time.Time `json:"key_until"` // past this the key is no longer asked with, only looked up
	ClosedAt time.Time `json:"closed_at,omitzero"`
}

// Status is what became of an attempt.
type Status string

// The statuses of an attempt.
const (
	Open      Status = "open"    // it will be or is being asked
	Unknown   Status = "unknown" // it was asked, and no answer came
	Succeeded Status = "succeeded"
	Declined  Status = "declined"
	Expired   Status = "expired"   // its key has expired, and the provider knows it not: it was never made
	Withdrawn Status = "withdrawn" // it was given up before it was ever asked
)

// Transitions is the one table of what an attempt can go through.
var Transitions = state.Table[Status, Status]{
	{From: Open, On: Unknown, To: Unknown},
	{From: Open, On: Succeeded, To: Succeeded},
	{From: Open, On: Declined, To: Declined},
	{From: Open, On: Expired, To: Expired},
	{From: Open, On: Withdrawn, To: Withdrawn},
	{From: Unknown, On: Unknown, To: Unknown},
	{From: Unknown, On: Succeeded, To: Succeeded},
	{From: Unknown, On: Declined, To: Declined},
	{From: Unknown, On: Expired, To: Expired},
}

// IsOpen says whether an attempt may still have an effect.
func (a *Attempt) IsOpen() bool { return a.Status == Open || a.Status == Unknown }

// Move moves an attempt by its table, and notes when it is closed.
//
// Errors: conflict when it can not become that.
func (a *Attempt) Move(to Status, at time.Time) error {
	next, err := Transitions.Next(a.Status, to)
	if err != nil {
		return err
	}
	if a.Status = next; !a.IsOpen() {
		a.ClosedAt = at
	}
	return nil
}

// What the errors of all providers' rooms wrap.
var (
	// ErrNotReached says that a request certainly did not arrive at the provider.
	ErrNotReached = errors.New("was not reached")
	// ErrNotKnown says that the provider knows no attempt with the key.
	ErrNotKnown = errors.New("knows no attempt with this key")
)
