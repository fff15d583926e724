package cli

import (
	"maps"
	"slices"

	"doorstep"
	"doorstep/fault"
	"doorstep/order"
	"doorstep/process"
	"doorstep/shipping"
)

// shipmentLost says that a parcel is lost.
type shipmentLost struct {
	Shipment string `arg:"" help:"The parcel: its id or tracking number; or its order, where that has one parcel only."`
	rehearsed
}

// Help is the detail of the verb's help.
func (shipmentLost) Help() string {
	return `A parcel that was not seen for as long as the policy's lost_after is given up by itself. Then, as on_lost has it, its goods are sent anew, its money is given back, or a ticket asks a person: order reship sends them anew. A carrier that gives scans is asked further, and a parcel that turns up is on its way again.

Of an order that has failed, whose label the carrier has not taken back, it says that the parcel has left all the same.

Examples:

    doorstep shipment lost 1001
    doorstep shipment lost CA130434003GB
    doorstep policy set lost_after=480h on_lost=reship`
}

// Run reports the parcel as lost.
func (v *shipmentLost) Run(s *session) error {
	return s.reportMishap(v.rehearsed, v.Shipment, shipping.Lost)
}

// shipmentDamaged says that what is in a parcel is of no use to the customer.
type shipmentDamaged struct {
	Shipment string `arg:"" help:"The parcel: its id or tracking number; or its order, where that has one parcel only."`
	rehearsed
}

// Help is the detail of the verb's help.
func (shipmentDamaged) Help() string {
	return `It is for a parcel under way. As the policy's on_lost has it, its goods are sent anew, its money is given back, or a ticket asks a person.

Examples:

    doorstep shipment damaged 1001`
}

// Run reports the parcel as damaged.
func (v *shipmentDamaged) Run(s *session) error {
	return s.reportMishap(v.rehearsed, v.Shipment, shipping.Damaged)
}

// shipmentRefused says that a parcel was not taken and comes back.
type shipmentRefused struct {
	Shipment string `arg:"" help:"The parcel: its id or tracking number; or its order, where that has one parcel only."`
	rehearsed
}

// Help is the detail of the verb's help.
func (shipmentRefused) Help() string {
	return `It was refused, or could not be delivered. A ticket asks a person what is to become of the order. When it is in the house, say so with shipment return.

Examples:

    doorstep shipment refused 1001`
}

// Run reports the parcel as coming back.
func (v *shipmentRefused) Run(s *session) error {
	return s.reportMishap(v.rehearsed, v.Shipment, shipping.Returned)
}

func (s *session) reportMishap(v rehearsed, what string, became shipping.Status) error {
	return s.orRehearsed(s.changeShipment(v.then(), what, func(p *process.Process, orderID, id string) error {
		_, err := p.ReportMishap(s.ctx, v.may(v.command(s)), orderID, id, became)
		return err
	}))
}

// shipmentFound says that a lost parcel is on its way again.
type shipmentFound struct {
	Shipment string `arg:"" help:"The parcel: its id or tracking number; or its order, where that has one parcel only."`
	rehearsed
}

// Help is the detail of the verb's help.
func (shipmentFound) Help() string {
	return `It is for a parcel that was given up as lost. Where its goods were sent anew already, a ticket tells of it: the customer may get them twice. While they are here, order reship --withdraw keeps them.

It is also for a parcel of an order that has failed, whose label the carrier has not taken back: it is here, and its goods are free again.

Examples:

    doorstep shipment found 1001`
}

// Run says so.
func (v *shipmentFound) Run(s *session) error {
	return s.orRehearsed(s.changeShipment(v.then(), v.Shipment, func(p *process.Process, orderID, id string) error {
		_, err := p.MarkFound(s.ctx, v.may(v.command(s)), orderID, id)
		return err
	}))
}

// shipmentReturn receives a parcel that has come back.
type shipmentReturn struct {
	Shipment string `arg:"" help:"The parcel: its id or tracking number; or its order, where that has one parcel only."`
	Unfit    []Item `help:"What of it can not be sold again, and how many." placeholder:"CUP=1" sep:"none"`
	WriteOff bool   `help:"Nothing of it can be sold again."`
	Preview  bool   `help:"Show what would be put back, and change nothing."`
	keyed
	working
}

// Help is the detail of the verb's help.
func (shipmentReturn) Help() string {
	return `Receives a parcel that did not reach the customer and has come back. What is fit to be sold goes back on hand where it left from; the rest is written off. What becomes of the order is another matter: order reship sends its goods anew.

Examples:

    doorstep shipment return 1001 --preview
    doorstep shipment return CA130434003GB --unfit CUP=1
    doorstep shipment return 1001 --write-off`
}

// comingBack is what receiving a parcel comes to, before it is received.
type comingBack struct {
	Preview bool `json:"preview"`
	process.ComingBack
}

// Run receives the parcel, or previews that.
func (v *shipmentReturn) Run(s *session) error {
	grading := grading(v.WriteOff, v.Unfit)
	if !v.Preview {
		return s.changeShipment(v.working, v.Shipment, func(p *process.Process, orderID, id string) error {
			_, err := p.ReceiveBack(s.ctx, v.command(s), orderID, id, grading)
			return err
		})
	}
	back := comingBack{Preview: true}
	err := s.reading(func(shop *doorstep.Shop) error {
		orderID, id, err := s.findShipment(shop, v.Shipment)
		if err == nil {
			back.ComingBack, err = shop.Process.PreviewReceiveBack(s.ctx, orderID, id, grading)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(back, func() { s.out.comingBack(back) })
}

func (s *screen) comingBack(back comingBack) {
	t := s.table("", column{title: "SKU", shrink: true}, column{title: "LOCATION", shrink: true}, column{title: "BACK ON HAND", right: true}, column{title: "WRITTEN OFF", right: true})
	for _, sku := range slices.Sorted(maps.Keys(shipping.Units(back.Lines))) {
		t.add(sku, back.Shipment.Location, digits(back.Fit[sku]), digits(back.Unfit[sku]))
	}
	t.print()
	s.printf("\nNothing has changed: this was a preview.\n")
}

// orderReship sends a parcel's goods anew.
type orderReship struct {
	Order    string `arg:"" help:"The order: its number, id, or source/number."`
	Parcel   string `arg:"" optional:"" help:"Its parcel that does not arrive, by id or tracking number, where there are several." placeholder:"PARCEL"`
	Withdraw bool   `help:"Take back that its goods are sent anew, while they are here."`
	editing
}

// Help is the detail of the verb's help.
func (orderReship) Help() string {
	return `Reserves what a parcel holds that is lost, damaged or coming back once more, all of it or nothing, and sends it. Where it is not there, nothing is reserved: exit code 4.

With --withdraw the goods are not sent after all, because the parcel has turned up, or the customer wants the money: what was reserved is free again, a label is given back, and the parcel counts as what it is, lost, on its way or at the door. While a carrier is being asked, that is done as soon as it has answered. What has left can no longer be withdrawn: exit code 4. No money moves: order refund gives it back. The reason is for this alone.

Examples:

    doorstep order reship 1001 --preview
    doorstep order reship 1001
    doorstep order reship web/A-17 CA130434003GB
    doorstep order reship 1001 --withdraw --preview
    doorstep order reship 1001 --withdraw --version 14`
}

// reshipping is what sending a parcel anew comes to, before it is sent.
type reshipping struct {
	Preview bool `json:"preview"`
	process.Reshipping
}

// Run sends the parcel's goods anew, or previews that.
func (v *orderReship) Run(s *session) error {
	switch {
	case v.Withdraw:
		return v.withdraw(s)
	case v.Reason != "":
		return invalid("--reason is for --withdraw")
	case !v.Preview:
		return s.changeOrder(v.working, v.Order, func(p *process.Process, orderID string) error {
			id, err := v.parcel(s, p, orderID)
			if err != nil {
				return err
			}
			command := v.asking(s, v.Order, v.Parcel).At(v.Version) // which parcel it is may be left to the shop
			_, err = p.Reship(s.ctx, command, orderID, id)
			if id == "" && fault.Is(err, fault.NotFound) {
				return fault.New(fault.Conflict, "%s", nothingAstray)
			}
			return err
		})
	}
	anew := reshipping{Preview: true}
	err := s.reading(func(shop *doorstep.Shop) error {
		o, err := shop.Process.FindOrder(s.ctx, v.Order)
		if err != nil {
			return err
		}
		id, err := v.parcel(s, shop.Process, o.ID)
		if err == nil {
			anew.Reshipping, err = shop.Process.PreviewReship(s.ctx, o.ID, id)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(anew, func() { s.out.reshipping(anew) })
}

// parcel finds the parcel that is named, or the only one that does not arrive.
// Sent again under its key, the command is about the one that it was about.
//
// Errors: not_found; conflict when none or several do not arrive.
func (v *orderReship) parcel(s *session, p *process.Process, orderID string) (string, error) {
	id, err := v.find(s, p, orderID, func(p shipping.Shipment) bool { return p.Lacking() })
	if err == nil && id == "" && v.Key == "" { // with one, the command may have been carried out: the key knows
		err = fault.New(fault.Conflict, "%s", nothingAstray)
	}
	return id, err
}

// withdraw takes back that goods are sent anew, or previews that.
func (v *orderReship) withdraw(s *session) error {
	id := ""
	err := v.run(s, v.Order, func(p *process.Process) (q order.Edit, err error) {
		id, err = v.withdrawn(s, p)
		return order.Edit{Withdraw: id, Reason: v.Reason}, err
	}, v.Parcel, v.Withdraw)
	if id == noParcel && fault.Is(err, fault.NotFound) {
		return fault.New(fault.Conflict, "%s", nothingAnew)
	}
	return err
}

// withdrawn finds the parcel that is named, or the only one whose goods are sent anew.
// Sent again under its key, the command may have been carried out already: the key
// knows, whichever parcel it is.
//
// Errors: not_found; conflict when there is none, or several.
func (v *orderReship) withdrawn(s *session, p *process.Process) (string, error) {
	o, err := p.FindOrder(s.ctx, v.Order)
	if err != nil {
		return "", err
	}
	id, err := v.find(s, p, o.ID, func(p shipping.Shipment) bool { return !p.ReplacedAt.IsZero() })
	switch {
	case err != nil || id != "":
		return id, err
	case v.Key != "":
		return noParcel, nil
	}
	return "", fault.New(fault.Conflict, "%s", nothingAnew)
}

// find finds the parcel that is named, or the only one of the order that is meant,
// "" where none is.
//
// Errors: not_found; conflict when several are.
func (v *orderReship) find(s *session, p *process.Process, orderID string, meant func(shipping.Shipment) bool) (string, error) {
	if v.Parcel != "" {
		of, id, err := p.FindShipment(s.ctx, v.Parcel)
		if err == nil && of != orderID {
			err = fault.New(fault.NotFound, "the order has no parcel %q", v.Parcel)
		}
		return id, err
	}
	o, err := p.Show(s.ctx, orderID)
	if err != nil {
		return "", err
	}
	o.Shipments = slices.DeleteFunc(o.Shipments, func(p shipping.Shipment) bool { return !meant(p) })
	if len(o.Shipments) == 0 {
		return "", nil
	}
	only, err := onlyParcel(o)
	return only.ID, err
}

const (
	nothingAstray = "every parcel of the order is here, on its way, has arrived or was sent anew"
	nothingAnew   = "nothing of the order is sent anew"
	noParcel      = "none" // the id of no parcel
)

func (s *screen) reshipping(anew reshipping) {
	t := s.table("", column{title: "SKU", shrink: true}, column{title: "LOCATION", shrink: true}, column{title: "RESERVE", right: true})
	for _, r := range anew.From {
		t.add(r.SKU, r.Location, digits(r.Quantity))
	}
	if len(anew.Short) == 0 {
		t.print()
	}
	for _, b := range anew.Waiting {
		s.printf("%s: %d are not there, and are waited for before all others\n", printable(b.SKU), b.Quantity)
	}
	for _, x := range anew.Short {
		s.printf("%s: %d wanted, %d there\n", printable(x.SKU), x.Wanted, x.Available)
	}
	s.printf("\nNothing has changed: this was a preview of version %d.\n", anew.Version)
}
