package cli

import (
	"doorstep"
	"doorstep/process"
	"doorstep/support"
)

type answerVerbs struct {
	Add    answerAdd    `cmd:"" help:"Keep an answer that is given again and again."`
	List   answerList   `cmd:"" help:"List them, by name."`
	Change answerChange `cmd:"" help:"Make one another."`
	Remove answerRemove `cmd:"" help:"Remove one."`
	Fill   answerFill   `cmd:"" help:"Show what one says in a ticket."`
}

// answerAdd keeps a canned answer.
type answerAdd struct {
	Name string `arg:"" help:"By what people choose it."`
	Text string `arg:"" help:"What it says, with blanks in braces."`
	keyed
}

// Help is the detail of the verb's help.
func (answerAdd) Help() string {
	return `The blanks are {first_name} and {name} of the customer, {order_number} and {reference} of the order, {tracking_number} and {carrier} of the parcel that left last, and {writer}, who answers.

Examples:

    doorstep answer add "Where it is" \
        "Dear {first_name}, it is on its way as {tracking_number}."`
}

// Run keeps the answer.
func (v *answerAdd) Run(s *session) error {
	return s.changeCanned(func(p *process.Process) (process.Result[support.Canned], error) {
		return p.AddCanned(s.ctx, v.command(s), support.CannedRequest{Name: v.Name, Body: v.Text})
	})
}

// changeCanned carries out a use case on a canned answer, and shows it.
func (s *session) changeCanned(do func(*process.Process) (process.Result[support.Canned], error)) error {
	return s.writing(func(shop *doorstep.Shop) error {
		r, err := do(shop.Process)
		if err != nil {
			return err
		}
		return s.out.show(r.Value, func() { s.out.canned(r.Value) })
	})
}

// canned writes a canned answer.
func (s *screen) canned(a support.Canned) {
	s.heading("%s  %s", a.ID, printable(a.Name))
	s.paragraph(a.Body)
}

// answerList lists the canned answers.
type answerList struct{}

// Help is the detail of the verb's help.
func (answerList) Help() string {
	return `Examples:

    doorstep answer list`
}

// Run lists the answers.
func (*answerList) Run(s *session) error {
	var all []support.Canned
	err := s.reading(func(shop *doorstep.Shop) (err error) {
		all, err = shop.Process.CannedAnswers(s.ctx)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(pageOf(all), func() {
		if len(all) == 0 {
			s.out.printf("There are no canned answers.\n")
		}
		for _, a := range all {
			s.out.canned(a)
		}
	})
}

// answerChange changes a canned answer.
type answerChange struct {
	Answer string `arg:"" help:"The answer's id."`
	Name   string `arg:"" help:"By what people choose it."`
	Text   string `arg:"" help:"What it says, with blanks in braces."`
	keyed
}

// Help is the detail of the verb's help.
func (answerChange) Help() string {
	return `Examples:

    doorstep answer change ans_01m8… "Where it is" \
        "Dear {name}, it is on its way."`
}

// Run changes the answer.
func (v *answerChange) Run(s *session) error {
	return s.changeCanned(func(p *process.Process) (process.Result[support.Canned], error) {
		return p.ChangeCanned(s.ctx, v.command(s), v.Answer, support.CannedRequest{Name: v.Name, Body: v.Text})
	})
}

// answerRemove removes a canned answer.
type answerRemove struct {
	Answer string `arg:"" help:"The answer's id."`
	keyed
}

// Help is the detail of the verb's help.
func (answerRemove) Help() string {
	return `What it was stays in the log of events.

Examples:

    doorstep answer remove ans_01m8…`
}

// Run removes the answer.
func (v *answerRemove) Run(s *session) error {
	return s.changeCanned(func(p *process.Process) (process.Result[support.Canned], error) {
		return p.RemoveCanned(s.ctx, v.command(s), v.Answer)
	})
}

// answerFill fills a canned answer.
type answerFill struct {
	Ticket string `arg:"" help:"The ticket's id."`
	Answer string `arg:"" help:"The answer's id."`
}

// Help is the detail of the verb's help.
func (answerFill) Help() string {
	return `Nothing is sent: see ticket reply. What is not known of the ticket stays in braces.

Examples:

    doorstep answer fill tkt_01m8… ans_01m8…`
}

// Run fills the answer.
func (v *answerFill) Run(s *session) error {
	var f process.Filled
	err := s.reading(func(shop *doorstep.Shop) (err error) {
		f, err = shop.Process.FillCanned(s.ctx, keyed{}.command(s).By, v.Ticket, v.Answer)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(f, func() {
		s.out.paragraph(f.Text)
		for _, b := range f.Missing {
			s.out.printf("Not known here: %s\n", words(b))
		}
	})
}
