package cli

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"doorstep"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/order"
	"doorstep/policy"
	"doorstep/process"
	"doorstep/shipping"
)

type shipmentVerbs struct {
	Handover  shipmentHandover  `cmd:"" help:"Say that a parcel was handed over to its carrier."`
	Label     shipmentLabel     `cmd:"" help:"Have a parcel's label bought now."`
	Scan      shipmentScan      `cmd:"" help:"Say where a parcel was seen."`
	Delivered shipmentDelivered `cmd:"" help:"Say that a parcel has arrived that no carrier reports on."`
	Lost      shipmentLost      `cmd:"" help:"Say that a parcel is lost."`
	Damaged   shipmentDamaged   `cmd:"" help:"Say that a parcel was damaged on its way."`
	Refused   shipmentRefused   `cmd:"" help:"Say that a parcel was not taken, and comes back."`
	Found     shipmentFound     `cmd:"" help:"Say that a lost parcel is on its way again."`
	Return    shipmentReturn    `cmd:"" help:"Receive a parcel that has come back, and put its goods on hand."`
	Rate      shipmentRate      `cmd:"" help:"Ask what the carriers would take for an order's parcels."`
	List      shipmentList      `cmd:"" help:"List the parcels that wait for a person: the pick list."`
}

// shipmentHandover hands a parcel over.
type shipmentHandover struct {
	Shipment string `arg:"" help:"The parcel: its id or tracking number; or its order, where that has one parcel only."`
	Tracking string `help:"The number under which it is followed, where no label was bought." placeholder:"NUMBER"`
	keyed
	working
}

// Help is the detail of the verb's help.
func (shipmentHandover) Help() string {
	return `Examples:

    doorstep shipment handover 1001 --tracking RR123456785GB
    doorstep shipment handover CA130434003GB`
}

// Run hands the parcel over.
func (v *shipmentHandover) Run(s *session) error {
	return s.changeShipment(v.working, v.Shipment, func(p *process.Process, orderID, id string) error {
		_, err := p.HandOver(s.ctx, v.command(s), orderID, id, shipping.HandOver{TrackingNumber: v.Tracking})
		return err
	})
}

// shipmentLabel has a label bought.
type shipmentLabel struct {
	Shipment string `arg:"" help:"The parcel: its id; or its order, where that has one parcel only."`
	keyed
	working
}

// Help is the detail of the verb's help.
func (shipmentLabel) Help() string {
	return `For a parcel whose carrier is to be asked later, or has not answered for too long. An attempt that may have bought a label is asked again under its key, so that none is bought twice. Of an order that is held because no carrier takes it, all carriers are asked again. What it would cost, shipment rate says.

Examples:

    doorstep shipment rate 1001
    doorstep shipment label 1001`
}

// Run has the label bought.
func (v *shipmentLabel) Run(s *session) error {
	return s.changeShipment(v.working, v.Shipment, func(p *process.Process, orderID, id string) error {
		_, err := p.BuyLabel(s.ctx, v.command(s), orderID, id)
		return err
	})
}

// shipmentScan tells of a parcel.
type shipmentScan struct {
	Shipment string                  `arg:"" help:"The parcel: its id or tracking number; or its order, where that has one parcel only."`
	Status   shipping.TrackingStatus `arg:"" help:"What was seen: pre_transit, in_transit, out_for_delivery, delivered, return_to_sender or failure."`
	At       time.Time               `help:"When; now by default." placeholder:"TIME"`
	Place    string                  `help:"Where: a hub or town, never an address." placeholder:"TEXT"`
	Detail   shipping.Detail         `help:"What a failure is: lost or damaged." placeholder:"WORD"`
	keyed
	working
}

// Help is the detail of the verb's help.
func (shipmentScan) Help() string {
	return `It is followed as a scan of the carrier's own: what is older, or says less than what is known, moves nothing. The same status of the same moment is one scan.

Examples:

    doorstep shipment scan 1001 in_transit --place Sampleton
    doorstep shipment scan RR123456785GB delivered --at 2026-03-05T10:30:00Z
    doorstep shipment scan 1001 failure --detail damaged`
}

// Run tells of the parcel.
func (v *shipmentScan) Run(s *session) error {
	q := shipping.Sighting{Status: v.Status, At: v.At, Place: v.Place, Detail: v.Detail}
	return s.changeShipment(v.working, v.Shipment, func(p *process.Process, orderID, id string) error {
		_, err := p.RecordScan(s.ctx, v.command(s), orderID, id, q)
		return err
	})
}

// shipmentDelivered says that a parcel has arrived.
type shipmentDelivered struct {
	Shipment string `arg:"" help:"The parcel: its id or tracking number; or its order, where that has one parcel only."`
	keyed
	working
}

// Help is the detail of the verb's help.
func (shipmentDelivered) Help() string {
	return `Examples:

    doorstep shipment delivered 1001
    doorstep shipment delivered RR123456785GB`
}

// Run marks the parcel as delivered.
func (v *shipmentDelivered) Run(s *session) error {
	return s.changeShipment(v.working, v.Shipment, func(p *process.Process, orderID, id string) error {
		_, err := p.MarkDelivered(s.ctx, v.command(s), orderID, id)
		return err
	})
}

// changeShipment carries out a use case on a parcel that was named, and shows
// how its order stands.
func (s *session) changeShipment(w working, what string, do func(p *process.Process, orderID, id string) error) error {
	v, err := s.change(w, func(shop *doorstep.Shop) (string, error) {
		orderID, id, err := s.findShipment(shop, what)
		if err != nil {
			return "", err
		}
		return orderID, do(shop.Process, orderID, id)
	})
	if err != nil {
		return err
	}
	return s.out.show(placed{Order: v.Order}, func() { s.out.summary(v, nil) })
}

// findShipment finds a parcel by its id, its tracking number or its order.
func (s *session) findShipment(shop *doorstep.Shop, what string) (orderID, id string, err error) {
	orderID, id, err = shop.Process.FindShipment(s.ctx, what)
	if !fault.Is(err, fault.NotFound) {
		return orderID, id, err
	}
	o, err := shop.Process.Show(s.ctx, what)
	if fault.Is(err, fault.NotFound) {
		return "", "", fault.New(fault.NotFound, "there is no shipment and no order %q", what)
	}
	if err != nil {
		return "", "", err
	}
	only, err := onlyParcel(o)
	return o.Order.ID, only.ID, err
}

// onlyParcel returns the parcel of an order that has one only. One that will
// not leave does not count beside one that may.
//
// Errors: conflict, naming the parcels, when there are none or several.
func onlyParcel(o process.Overview) (shipping.Shipment, error) {
	parcels := slices.DeleteFunc(slices.Clone(o.Shipments), func(p shipping.Shipment) bool { return !p.Live() })
	if len(parcels) == 0 {
		parcels = o.Shipments
	}
	switch len(parcels) {
	case 0:
		return shipping.Shipment{}, fault.New(fault.Conflict, "order %d has no parcel yet", o.Order.Number)
	case 1:
		return parcels[0], nil
	}
	names := make([]string, len(parcels))
	for i, p := range parcels {
		names[i] = p.ID + " from " + p.Location
	}
	return shipping.Shipment{}, fault.New(fault.Conflict, "order %d has %d parcels, name one: %s", o.Order.Number, len(parcels), strings.Join(names, ", "))
}

// shipmentRate asks for prices.
type shipmentRate struct {
	Order string `arg:"" help:"The order."`
}

// Help is the detail of the verb's help.
func (shipmentRate) Help() string {
	return `Asks every carrier of the shop; that buys nothing.

Examples:

    doorstep shipment rate 1001`
}

// Run shows the prices.
func (v *shipmentRate) Run(s *session) error {
	return s.writing(func(shop *doorstep.Shop) error {
		o, err := shop.Process.FindOrder(s.ctx, v.Order)
		if err != nil {
			return err
		}
		rates, err := shop.Process.Rates(s.ctx, o.ID)
		if err != nil {
			return err
		}
		return s.out.show(rates, func() { s.out.rates(rates) })
	})
}

// rates shows what carriers would take.
func (s *screen) rates(rates []process.Rate) {
	t := s.table("", column{title: "PARCEL", shrink: true}, column{title: "CARRIER"}, column{title: "PRICE", right: true}, column{title: "", shrink: true})
	for _, r := range rates {
		price := r.Price.String()
		if r.Refusal != "" {
			price = "-"
		}
		t.add(r.Shipment, r.Carrier, price, r.Refusal)
	}
	t.print()
}

// shipmentList is the pick list.
type shipmentList struct {
	Limit int `help:"How many at most." default:"100" placeholder:"N"`
}

// Help is the detail of the verb's help.
func (shipmentList) Help() string {
	return `Lists what is paid and waits for a person to pick it and hand it over: parcels of the manual carrier, and those with a label where the policy's hand-over is by_person.

Examples:

    doorstep shipment list
    doorstep shipment list --json`
}

// pick is a parcel that waits for a person.
type pick struct {
	Order    int64                   `json:"order"` // its number
	Shipment shipping.Shipment       `json:"shipment"`
	Lines    []shipping.ShipmentLine `json:"lines"`
}

// Run lists the parcels.
func (v *shipmentList) Run(s *session) error {
	if v.Limit < 1 {
		return invalid("--limit is at least 1")
	}
	picks := []pick{}
	err := s.reading(func(shop *doorstep.Shop) error {
		p, _, err := shop.Process.Policies(s.ctx)
		if err != nil {
			return err
		}
		for _, status := range []order.Status{order.Paid, order.Shipped} { // of what was shipped, some may be sent anew
			for before := ""; len(picks) < v.Limit; {
				var part []pick
				if part, before, err = s.picks(shop, p.HandOver, status, before); err != nil {
					return err
				}
				picks = append(picks, part...)
				if before == "" {
					break
				}
			}
		}
		picks = picks[:min(len(picks), v.Limit)]
		return nil
	})
	if err != nil {
		return err
	}
	return s.out.show(pageOf(picks), func() { s.out.picks(picks) })
}

const pickPage = 200

// picks reads those of a page of orders, the newest first, and where the next
// page begins.
func (s *session) picks(shop *doorstep.Shop, handOver policy.HandOver, status order.Status, before string) (found []pick, next string, err error) {
	found, err = db.View(s.ctx, shop.DB, func(r db.Reader) ([]pick, error) {
		orders, err := order.List(r, order.Filter{Status: status, Before: before, Limit: pickPage})
		if err != nil {
			return nil, err
		}
		if len(orders) == pickPage {
			next = orders[len(orders)-1].ID
		}
		var part []pick
		for _, o := range orders {
			if o.End != order.EndNone || o.Held != "" || !o.Payment.Taken() || o.Sums.Planned+o.Sums.Labelled == 0 {
				continue
			}
			of, err := picksOf(r, o, handOver)
			if err != nil {
				return nil, err
			}
			part = append(part, of...)
		}
		return part, nil
	})
	return found, next, err
}

func picksOf(r db.Reader, o order.Order, handOver policy.HandOver) ([]pick, error) {
	shipments, err := shipping.Of(r, o.ID)
	if err != nil {
		return nil, err
	}
	lines, err := shipping.Lines(r, o.ID)
	if err != nil {
		return nil, err
	}
	var found []pick
	for _, p := range shipments {
		manual := p.Carrier == shipping.Manual && p.Status == shipping.Planned
		labelled := handOver == policy.HandOverByPerson && p.Status == shipping.LabelBought
		if manual || labelled {
			found = append(found, pick{Order: o.Number, Shipment: p, Lines: lines[p.ID]})
		}
	}
	return found, nil
}

func (s *screen) picks(picks []pick) {
	if len(picks) == 0 {
		s.printf("No parcel waits for a person.\n")
		return
	}
	t := s.table("", column{title: "ORDER", right: true}, column{title: "FROM", shrink: true}, column{title: "CARRIER", shrink: true},
		column{title: "TRACKING", shrink: true}, column{title: "PICK", shrink: true})
	for _, p := range picks {
		t.add(strconv.FormatInt(p.Order, 10), p.Shipment.Location, p.Shipment.Carrier, p.Shipment.TrackingNumber, packed(p.Lines))
	}
	t.print()
}

// packed says what is in a parcel.
func packed(lines []shipping.ShipmentLine) string {
	what := make([]string, len(lines))
	for i, l := range lines {
		what[i] = strconv.FormatInt(l.Quantity, 10) + " " + l.SKU
	}
	return strings.Join(what, ", ")
}
