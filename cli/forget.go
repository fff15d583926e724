package cli

import (
	"strconv"

	"doorstep"
	"doorstep/process"
)

// forgetVerb erases a customer.
type forgetVerb struct {
	Customer string `arg:"" help:"The shop's own identifier of the customer, or their mail address."`
	Preview  bool   `help:"Show what would be erased, and erase nothing."`
}

// Help is the detail of the verb's help.
func (forgetVerb) Help() string {
	return `Who they are and where they live goes from each of their orders, and so does what they and others wrote about these: notes, and what is said in tickets. What was ordered, paid, sent and decided stays, and so do the books. Each order has an event that says so, by which other systems learn of it.

It is refused as long as something of an order is still to come: goods, money, a parcel, or the answer to a ticket.

In the file of the database it is overwritten; a backup that was made before still has it. A customer who is known by an identifier and by a mail address elsewhere is forgotten by both, one after the other.

Examples:

    doorstep forget C-17 --preview
    doorstep forget made.up@example.com`
}

// forgotten is what was erased, or would be.
type forgotten struct {
	Preview bool `json:"preview"`
	process.Forgotten
}

// Run erases the customer.
func (v *forgetVerb) Run(s *session) error {
	by := keyed{}.command(s)
	if v.Preview {
		by = by.Rehearsal()
	}
	done := forgotten{Preview: v.Preview}
	err := s.writing(func(shop *doorstep.Shop) (err error) {
		done.Forgotten, err = shop.Process.Forget(s.ctx, by, v.Customer)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(done, func() { s.out.forgotten(done) })
}

func (s *screen) forgotten(f forgotten) {
	verb := "Erased"
	if f.Preview {
		verb = "This would erase"
	}
	also := ""
	if f.Tickets > 0 {
		also = ", also in " + count(int(f.Tickets), "ticket", "tickets")
	}
	s.paragraph(verb + " who placed " + count(len(f.Orders), "order", "orders") + ", and what was written about " + them(len(f.Orders)) + also + ":")
	for _, n := range f.Orders {
		s.printf("  %s\n", strconv.FormatInt(n, 10))
	}
}

func them(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}
