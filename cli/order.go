package cli

import (
	"context"
	"fmt"
	"strconv"

	"doorstep"
	"doorstep/fault"
	"doorstep/internal/db"
	"doorstep/internal/strictjson"
	"doorstep/inventory"
	"doorstep/money"
	"doorstep/order"
	"doorstep/process"
)

type orderVerbs struct {
	Place    orderPlace    `cmd:"" help:"Place an order, from a file or from flags."`
	List     orderList     `cmd:"" help:"List orders, the newest first."`
	Show     orderShow     `cmd:"" help:"Show everything about one order."`
	Cancel   orderCancel   `cmd:"" help:"Cancel an order that has not left, or a part of it."`
	Edit     orderEdit     `cmd:"" help:"Change what is ordered, or how it is shipped."`
	Address  orderAddress  `cmd:"" help:"Change where an order goes."`
	Hold     orderHold     `cmd:"" help:"Stop an order until it is released."`
	Release  orderRelease  `cmd:"" help:"Let a held order go on."`
	Reship   orderReship   `cmd:"" help:"Send what did not arrive once more."`
	Return   orderReturn   `cmd:"" help:"Allow a customer to send back what has arrived."`
	Exchange orderExchange `cmd:"" help:"Take back what has arrived, and send something else."`
	Refund   orderRefund   `cmd:"" help:"Give money back, for lines or an amount."`
	Retry    orderRetry    `cmd:"" help:"Try the steps of an order again that wait for a person."`
	Link     orderLink     `cmd:"" help:"Show the link by which a customer follows an order."`
	Note     orderNote     `cmd:"" help:"Write a note about an order."`
}

// orderPlace places an order and works off what is due now.
type orderPlace struct {
	File string `arg:"" optional:"" help:"The order as JSON; - for standard input." placeholder:"FILE"`

	SKU        []Item `name:"sku" help:"What is ordered, and how many of it." placeholder:"CUP=2" sep:"none"`
	Currency   string `help:"The currency; the catalogue's by default." placeholder:"GBP"`
	Name       string `help:"Who ordered and receives it."`
	Mail       string `help:"Their mail address."`
	Phone      string `help:"Their telephone."`
	Customer   string `help:"The shop's own identifier of the customer." placeholder:"ID"`
	Address    string `help:"Street and number." placeholder:"LINE"`
	Address2   string `name:"address2" help:"A second line of the address." placeholder:"LINE"`
	City       string `help:"City."`
	Region     string `help:"Region, where the country has them."`
	PostalCode string `help:"Postal code." placeholder:"CODE"`
	Country    string `help:"Country: ISO 3166-1 alpha-2." placeholder:"GB"`
	Shipping   string `help:"What the customer pays for shipping." placeholder:"3.95"`
	Method     string `help:"Shipping method." placeholder:"standard"`
	Gateway    string `help:"Who takes the payment; the policy's by default." placeholder:"manual"`

	keyed
	working
}

// Help is the detail of the verb's help.
func (orderPlace) Help() string {
	return `Prices and names come from the catalogue where the order has none. Prices include tax. Then what is due now is worked on, so that a paid order is shipped when the command ends. An order that fails, such as for want of stock, is an answer too: the exit code is 0 and its status says so.

Examples:

    doorstep order place --sku CUP=2 --sku POT --name "Made Up" \
        --address "1 Sample Street" --city Sampleton --country GB
    doorstep order place order.json --key checkout-17
    doorstep order place - --wait 0 --json < order.json

An order as JSON; amounts are minor units (pence):

    {"reference": {"source": "web", "number": "A-17"}, "currency": "GBP",
     "lines": [{"sku": "CUP", "quantity": 2, "unit_price": 450}],
     "shipping": {"price": 395}, "prices_include_tax": true, "total": 1295,
     "ship_to": {"name": "Made Up", "line1": "1 Sample Street",
                 "city": "Sampleton", "country": "GB"}}`
}

// placed is what is shown of an order that was placed.
type placed struct {
	Order     order.Order          `json:"order"`
	Shortages []inventory.Shortage `json:"shortages,omitempty"`
	Replayed  bool                 `json:"replayed,omitempty"`
}

// Run places the order.
func (v *orderPlace) Run(s *session) error {
	if (v.File == "") == (len(v.SKU) == 0) {
		return invalid("name a file with the order, or what is ordered by --sku: one of them")
	}
	q, err := v.fromFile(s)
	if err != nil {
		return err
	}
	command, answer := v.command(s), placed{}
	o, err := s.change(v.working, func(shop *doorstep.Shop) (string, error) {
		if v.File == "" {
			q = v.typed()
			command = v.asking(s, q, v.Shipping)
			if q, err = v.priced(s, shop, q); err != nil {
				return "", err
			}
		}
		r, err := shop.Process.Place(s.ctx, command, q)
		answer = placed{Shortages: r.Value.Shortages, Replayed: r.Replayed}
		return r.Value.Order.ID, err
	})
	if err != nil {
		return err
	}
	answer.Order = o.Order
	return s.out.show(answer, func() { s.out.summary(o, answer.Shortages) })
}

func (v *orderPlace) fromFile(s *session) (q order.Request, err error) {
	if v.File == "" {
		return q, nil
	}
	data, err := s.readAll(v.File)
	if err != nil {
		return q, err
	}
	return q, strictjson.Unmarshal(data, "the order", &q)
}

// typed is the order that the flags say.
func (v *orderPlace) typed() order.Request {
	q := order.Request{
		Customer:         order.CustomerRequest{ID: v.Customer, Name: v.Name, Mail: v.Mail, Phone: v.Phone},
		Currency:         money.Currency(v.Currency),
		PricesIncludeTax: true,
		Shipping:         order.ShippingRequest{Method: v.Method},
		Payment:          order.PaymentRequest{Gateway: v.Gateway},
		ShipTo: order.Address{Name: v.Name, Line1: v.Address, Line2: v.Address2, City: v.City, Region: v.Region,
			PostalCode: v.PostalCode, Country: v.Country},
	}
	for _, i := range v.SKU {
		q.Lines = append(q.Lines, order.LineRequest{SKU: i.SKU, Quantity: i.Quantity})
	}
	return q
}

// priced is the order in the catalogue's currency, where none was typed, with
// what its shipping costs.
func (v *orderPlace) priced(s *session, shop *doorstep.Shop, q order.Request) (order.Request, error) {
	if q.Currency == "" {
		sku, err := db.View(s.ctx, shop.DB, func(r db.Reader) (inventory.SKU, error) { return inventory.Get(r, v.SKU[0].SKU) })
		if err != nil {
			return q, unknownSKU(err, v.SKU[0].SKU)
		}
		q.Currency = sku.Currency
	}
	if v.Shipping == "" || !q.Currency.Valid() { // which is refused with the order
		return q, nil
	}
	shipping, err := money.Parse(v.Shipping, q.Currency)
	if err != nil {
		return q, unreadable("--shipping", err)
	}
	q.Shipping.Price = shipping.Minor
	return q, nil
}

// orderShow shows one order.
type orderShow struct {
	Order string `arg:"" help:"The order: its number, id, or source/number."`
}

// Help is the detail of the verb's help.
func (orderShow) Help() string {
	return `Examples:

    doorstep order show 1001
    doorstep order show web/A-17
    doorstep order show 1001 --json`
}

// Run shows the order.
func (v *orderShow) Run(s *session) error {
	var o process.Overview
	err := s.reading(func(shop *doorstep.Shop) (err error) {
		o, err = shop.Process.Show(s.ctx, v.Order)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(o, func() { s.out.order(o) })
}

// orderList lists orders.
type orderList struct {
	Status   *order.Status `help:"Only those with this status: ${enum}." enum:"processed, paid, shipped, delivered, returned, failed, cancelled" placeholder:"STATUS"`
	Held     bool          `help:"Only those that are held."`
	Customer string        `help:"Only those of this customer." placeholder:"ID"`
	Limit    int           `help:"How many at most." default:"20" placeholder:"N"`
	Before   string        `help:"Only those before this one: the next page." placeholder:"ORDER"`
}

// Help is the detail of the verb's help.
func (orderList) Help() string {
	return `Examples:

    doorstep order list
    doorstep order list --status failed --limit 100
    doorstep order list --held
    doorstep order list --before 1042`
}

// page is a part of a list, and where the next one begins.
type page[T any] struct {
	Items  []T    `json:"items"`
	Before string `json:"before,omitempty"` // where the next page begins, when there may be one
}

// pageOf is a page whose list is never null.
func pageOf[T any](items []T) page[T] {
	if items == nil {
		items = []T{}
	}
	return page[T]{Items: items}
}

// Run lists the orders.
func (v *orderList) Run(s *session) error {
	if v.Limit < 1 {
		return invalid("--limit is at least 1")
	}
	orders, err := view(s, func(r db.Reader) ([]order.Order, error) {
		f := order.Filter{Status: given(v.Status), Customer: v.Customer, Held: v.Held, Limit: v.Limit}
		if v.Before != "" {
			o, err := order.Find(r, v.Before)
			if err != nil {
				return nil, err
			}
			f.Before = o.ID
		}
		return order.List(r, f)
	})
	if err != nil {
		return err
	}
	p := pageOf(orders)
	if len(orders) == v.Limit {
		p.Before = strconv.FormatInt(orders[len(orders)-1].Number, 10)
	}
	return s.out.show(p, func() { s.out.orders(p) })
}

// orderCancel cancels an order.
type orderCancel struct {
	Order string   `arg:"" help:"The order: its number, id, or source/number."`
	Line  []string `help:"Only a line, and how many of its units." placeholder:"N=UNITS" sep:"none"`
	editing
}

// Help is the detail of the verb's help.
func (orderCancel) Help() string {
	return `The label is given back, the money goes back, and the stock is free again. An order that has left can no longer be cancelled: exit code 4. Of an order of which only a part has left, lines that have not can be.

Examples:

    doorstep order cancel 1001 --reason "ordered twice"
    doorstep order cancel 1001 --line 2=1 --preview
    doorstep order cancel web/A-17`
}

// Run cancels the order.
func (v *orderCancel) Run(s *session) error {
	if len(v.Line) > 0 {
		return v.run(s, v.Order, func(p *process.Process) (order.Edit, error) { return v.part(s, p) }, v.Line)
	}
	if v.Preview {
		return v.previewWhole(s)
	}
	return s.changeOrder(v.working, v.Order, func(p *process.Process, id string) error {
		_, err := p.Cancel(s.ctx, v.command(s).At(v.Version), id, v.Reason)
		return err
	})
}

func (v *orderCancel) previewWhole(s *session) error {
	return s.previewCancelling(v.Order, (*process.Process).PreviewCancel)
}

// previewCancelling shows what cancelling an order would undo.
func (s *session) previewCancelling(orderRef string, ask func(*process.Process, context.Context, string) (process.CancelPlan, error)) error {
	plan, err := preview(s, orderRef, ask)
	if err != nil {
		return err
	}
	return s.out.show(cancelling{true, plan}, func() {
		s.out.printf("It would be cancelled:\n")
		s.out.hanging("  ", undoing(plan.Undoing)+".")
		s.out.printf("Nothing has changed: this was a preview of version %d.\n", plan.Version)
	})
}

// cancelling is what cancelling an order comes to.
type cancelling struct {
	Preview bool `json:"preview"`
	process.CancelPlan
}

// part is the change by which the lines that were typed are taken out.
func (v *orderCancel) part(s *session, p *process.Process) (q order.Edit, err error) {
	o, err := p.Show(s.ctx, v.Order)
	if err != nil {
		return q, err
	}
	lines, err := linesOf(v.Line, 1)
	if err != nil {
		return q, err
	}
	var c fault.Check
	for i, l := range lines {
		path := fmt.Sprintf("lines[%d]", i)
		if l[0] < 1 || l[0] > int64(len(o.Lines)) {
			c.Add(path+".line", "unknown", "from 1 to %d", len(o.Lines))
			continue
		}
		wanted := o.Lines[l[0]-1].Wanted()
		c.If(l[1] > wanted, path+".quantity", "out_of_range", "at most %d", wanted)
		q.Lines = append(q.Lines, order.EditLine{Line: l[0], Quantity: wanted - l[1]})
	}
	q.Reason = v.Reason
	return q, c.Err("the cancellation")
}

// orderHold stops an order.
type orderHold struct {
	Order  string `arg:"" help:"The order: its number, id, or source/number."`
	Reason string `help:"Why, as a word for programs: letters, digits and _." required:"" placeholder:"CODE"`
	Text   string `help:"Why, for people: kept as a note." placeholder:"TEXT"`
	keyed
	working
}

// Help is the detail of the verb's help.
func (orderHold) Help() string {
	return `Nothing more is asked for or sent until the order is released; deadlines stand still. What a provider is being asked goes on to its answer, money goes back, and parcels under way are followed. A held order can be cancelled.

Examples:

    doorstep order hold 1001 --reason fraud_suspected
    doorstep order hold web/A-17 --reason address --text "No such street."`
}

// Run holds the order.
func (v *orderHold) Run(s *session) error {
	return s.changeOrder(v.working, v.Order, func(p *process.Process, id string) error {
		_, err := p.Hold(s.ctx, v.command(s), id, v.Reason, v.Text)
		return err
	})
}

// orderRelease lets a held order go on.
type orderRelease struct {
	Order string `arg:"" help:"The order: its number, id, or source/number."`
	keyed
	working
}

// Help is the detail of the verb's help.
func (orderRelease) Help() string {
	return `What was waited for is waited for as long again as the order was held.

Examples:

    doorstep order release 1001
    doorstep order list --held`
}

// Run releases the order.
func (v *orderRelease) Run(s *session) error {
	return s.changeOrder(v.working, v.Order, func(p *process.Process, id string) error {
		_, err := p.Release(s.ctx, v.command(s), id)
		return err
	})
}

// orderRetry tries stuck steps again.
type orderRetry struct {
	Order string `arg:"" help:"The order: its number, id, or source/number."`
	keyed
	working
}

// Help is the detail of the verb's help.
func (orderRetry) Help() string {
	return `A step that has used up its tries waits for a person, who has it tried again when its cause is gone. What was asked is asked again under its key.

Examples:

    doorstep order retry 1001`
}

// Run tries the steps again.
func (v *orderRetry) Run(s *session) error {
	return s.changeOrder(v.working, v.Order, func(p *process.Process, id string) error {
		_, err := p.RetryStuck(s.ctx, v.command(s), id)
		return err
	})
}

// changeOrder carries out a use case on an order that was named, works off
// what is then due, and shows how the order stands.
func (s *session) changeOrder(w working, what string, do func(p *process.Process, id string) error) error {
	v, err := s.change(w, func(shop *doorstep.Shop) (string, error) {
		o, err := shop.Process.FindOrder(s.ctx, what)
		if err != nil {
			return "", err
		}
		return o.ID, do(shop.Process, o.ID)
	})
	if err != nil {
		return err
	}
	return s.out.show(placed{Order: v.Order}, func() { s.out.summary(v, nil) })
}

// orderLink shows what leads to the page that an order's customer sees.
type orderLink struct {
	Order string `arg:"" help:"The order: its number, id, or source/number."`
}

// Help is the detail of the verb's help.
func (orderLink) Help() string {
	return `It stands behind the address of the server. Nobody can guess it. Whoever has it sees where the order is; to act takes a code that is mailed to the customer.

Examples:

    doorstep order link 1001
    doorstep order link web/A-17 --json`
}

// Run shows the link.
func (v *orderLink) Run(s *session) error {
	var at process.Tracking
	err := s.reading(func(shop *doorstep.Shop) (err error) {
		at, err = shop.Process.TrackingOf(s.ctx, v.Order)
		return err
	})
	if err != nil {
		return err
	}
	return s.out.show(at, func() { s.out.printf("%s\n", at.Path) })
}

// orderNote writes a note.
type orderNote struct {
	Order string `arg:"" help:"The order: its number, id, or source/number."`
	Text  string `arg:"" help:"What to keep."`
	keyed
}

// Help is the detail of the verb's help.
func (orderNote) Help() string {
	return `Examples:

    doorstep order note 1001 "The customer asks for a gift box."`
}

// Run writes the note.
func (v *orderNote) Run(s *session) error {
	return s.changeOrder(working{}, v.Order, func(p *process.Process, id string) error {
		_, err := p.Note(s.ctx, v.command(s), id, v.Text)
		return err
	})
}
