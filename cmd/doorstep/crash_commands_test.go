package main_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"doorstep/cli/intake"
	"doorstep/fault"
	"doorstep/inventory"
	"doorstep/order"
	gateway "doorstep/payment/simulated"
	"doorstep/process"
	carrier "doorstep/shipping/simulated"
	"doorstep/support"
)

// command is one command, which is sent until it is answered.
type command struct {
	key    string
	do     intake.Verb
	line   []byte
	fields fields
	answer *intake.Result // the first that has come, or the last refusal
}

func (k *command) places() bool { return k != nil && k.do == intake.Place }

type fields map[string]any

// book is what the shop's customers and people have sent, and what they were
// answered: the acknowledgements, outside of the database.
type book struct {
	all     map[string]*command
	waiting []*command // to be sent
	open    int        // without any answer
}

func newBook() *book { return &book{all: map[string]*command{}} }

// add adds a command, unless there is one under the key.
func (b *book) add(key string, do intake.Verb, f fields) bool {
	if b.all[key] != nil {
		return false
	}
	f["key"], f["do"] = key, do
	line, err := json.Marshal(f)
	if err != nil {
		panic(err) // it is made of texts and numbers
	}
	k := &command{key: key, do: do, line: append(line, '\n'), fields: f}
	b.all[key] = k
	b.waiting = append(b.waiting, k)
	b.open++
	return true
}

// take returns the next command to be sent, nil when there is none.
func (b *book) take() *command {
	if len(b.waiting) == 0 {
		return nil
	}
	k := b.waiting[0]
	b.waiting = b.waiting[1:]
	return k
}

// unsent has everything sent again that a dead program did not answer.
func (b *book) unsent(c *child) {
	for _, k := range c.unanswered {
		b.waiting = append(b.waiting, k)
	}
	clear(c.unanswered)
}

// again has a command sent again that could not be carried out.
func (b *book) again(key string) { b.waiting = append(b.waiting, b.all[key]) }

// repeat has some commands sent again that were answered.
func (b *book) repeat(rng *rand.Rand, n int) {
	var done []*command
	for _, k := range b.all {
		if k.answer != nil && k.answer.OK && !slices.Contains(b.waiting, k) {
			done = append(done, k)
		}
	}
	slices.SortFunc(done, func(a, b *command) int { return len(a.key) - len(b.key) })
	for range min(n, len(done)) {
		k := done[rng.IntN(len(done))]
		if !slices.Contains(b.waiting, k) {
			b.waiting = append(b.waiting, k)
		}
	}
}

// done says whether everything was sent and answered.
func (b *book) done() bool { return len(b.waiting) == 0 && b.open == 0 }

// mayRefuse are the codes with which a command may be refused because the order
// has moved on. An order and a receipt are never refused.
var mayRefuse = map[intake.Verb][]fault.Code{
	intake.Count:         {fault.Conflict}, // too much of it is in parcels with a label
	intake.Cancel:        {fault.Conflict, fault.TooLate},
	intake.RecordPayment: {fault.Conflict},
	intake.Refund:        {fault.Conflict},
	intake.RecordRefund:  {fault.Conflict},
	intake.FailRefund:    {fault.Conflict},
	intake.HandOver:      {fault.Conflict, fault.TooLate},
	intake.Delivered:     {fault.Conflict},
	intake.Lost:          {fault.Conflict},
	intake.Found:         {fault.Conflict},
	intake.Reship:        {fault.Conflict},
	intake.Return:        {fault.Conflict},
	intake.ReceiveReturn: {fault.Conflict},
	intake.Exchange:      {fault.Conflict},
	intake.Ticket:        {fault.TooLate}, // of a cancel, after one of several parcels has left
	intake.CancelReturn:  {fault.Conflict},
	intake.Hold:          {fault.Conflict},
	intake.Edit:          {fault.Conflict, fault.TooLate},
	intake.Release:       {fault.Conflict},
	intake.Resolve:       {fault.Conflict},

	intake.WithdrawRefund: {fault.Conflict},
}

// answered takes an answer to a command. One that was acknowledged gets its
// first answer for good, marked as replayed.
func (b *book) answered(a intake.Result) (*command, error) {
	k := b.all[a.Key]
	if k == nil {
		return nil, fmt.Errorf("an answer to what was never sent: %+v", a)
	}
	first := k.answer
	if first == nil {
		b.open--
	}
	if first == nil || !first.OK {
		k.answer = &a
	}
	if !a.OK && !slices.Contains(mayRefuse[k.do], a.Code) {
		return nil, fmt.Errorf("refused as %s, %s: %s", a.Code, a.Message, k.line)
	}
	if first != nil && first.OK && !(a.OK && a.Replayed && a.Status == first.Status && a.Order == first.Order && a.Ticket == first.Ticket) {
		return nil, fmt.Errorf("acknowledged as %+v, and sent again answered %+v: %s", *first, a, k.line)
	}
	return k, nil
}

// acknowledged returns the commands that were carried out.
func (b *book) acknowledged(do intake.Verb) (all []*command) {
	for _, k := range b.all {
		if k.do == do && k.answer != nil && k.answer.OK {
			all = append(all, k)
		}
	}
	return all
}

// about tells what was commanded about an order, and what came of it.
func (b *book) about(id string) string {
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(b.all)) {
		if k := b.all[key]; k.fields["order"] == id {
			fmt.Fprintf(&text, "\n%s: %+v", strings.TrimSpace(string(k.line)), k.answer)
		}
	}
	return text.String()
}

// waitedFor is what orders are taken for although too little of it is there.
const (
	waitedFor = "BOWL"
	plenty    = 1_000_000
)

// goods are made up; of some there is too little.
var goods = []struct {
	inventory.SKU
	stock int64
}{
	{inventory.SKU{Code: "CUP", Name: "Cup", Currency: "GBP", Price: 450, Weight: 300}, 1_000_000},
	{inventory.SKU{Code: "PLATE", Name: "Plate", Currency: "GBP", Price: 795, Weight: 500}, 1_000_000},
	{inventory.SKU{Code: "LAMP", Name: "Lamp", Currency: "GBP", Price: 5900, Weight: 2100}, 60},
	{inventory.SKU{Code: "VASE", Name: "Vase", Currency: "GBP", Price: 1850, Weight: 900}, 30},
	{inventory.SKU{Code: "SAMPLE", Name: "Sample", Currency: "GBP", Price: 0, Weight: 50}, 1_000_000},
	{inventory.SKU{Code: waitedFor, Name: "Bowl", Currency: "GBP", Price: 650, Weight: 400}, 3},
	{inventory.SKU{Code: "CLOCK", Name: "Clock", Currency: "GBP", Price: 9900, Weight: 1500}, 10},
}

const source = "crash"

// chance is true so many times of a hundred.
func (s *shop) chance(of int) bool { return s.rng.IntN(100) < of }

// pick picks one, mostly the first, which is nothing special: always where keys
// do not live long enough to be asked with again, because what happens once to
// each key would go on for ever.
func (s *shop) pick(special int, from ...string) string {
	if s.sim == nil && s.chance(special) {
		return from[s.rng.IntN(len(from))]
	}
	return ""
}

// newOrder is an order of nothing yet.
func (s *shop) newOrder() order.Request {
	s.placed++
	return order.Request{
		Reference: order.Reference{Source: source, Number: fmt.Sprint(s.placed)},
		Currency:  "GBP", PricesIncludeTax: true, Shipping: order.ShippingRequest{Price: 395},
		ShipTo: order.Address{Name: "Made Up", Line1: "1 Sample Street", City: "Sampleton", Country: "GB"},
	}
}

// order sends an order.
func (s *shop) order(q order.Request) {
	s.book.add("place "+q.Reference.Number, intake.Place, fields{"order": q})
}

// place sends an order. Some are of those that the providers answer in a
// certain way.
func (s *shop) place() {
	q := s.newOrder()
	q.ShipTo.PostalCode = s.pick(12, carrier.PostalFailLabel, carrier.PostalTroubleOnce, carrier.PostalTimeoutAfterOnce,
		carrier.PostalTimeoutBeforeOnce, carrier.PostalUnreachableOnce)
	q.Payment.Method = s.pick(15, gateway.MethodStolen, gateway.MethodTryAgainLater, gateway.MethodTimeoutAfterChargeOnce,
		gateway.MethodTimeoutAfterChargeOnce, gateway.MethodTimeoutBeforeChargeOnce, gateway.MethodUnreachableOnce)
	if s.part.manual && s.chance(50) {
		q.Payment = order.PaymentRequest{Gateway: "manual"}
	}
	for _, i := range s.rng.Perm(len(goods))[:1+s.rng.IntN(3)] {
		if goods[i].Code != waitedFor || s.chance(20) || s.aimsAt(process.StepFill, process.StepAwaitStock) {
			q.Lines = append(q.Lines, order.LineRequest{SKU: goods[i].Code, Quantity: 1 + s.rng.Int64N(2)})
		}
	}
	if len(q.Lines) == 0 || s.chance(4) { // it costs nothing
		q.Lines, q.Shipping.Price = []order.LineRequest{{SKU: "SAMPLE", Quantity: 1}}, 0
	}
	s.order(q)
	if s.aimsAt(process.StepFill) && s.chance(25) {
		s.receive(waitedFor, 1)
	}
	if g := goods[s.rng.IntN(len(goods))].Code; g != waitedFor && s.chance(3) {
		s.receive(g, 1+s.rng.Int64N(5))
	}
}

func (s *shop) receive(sku string, quantity int64) {
	s.book.add(fmt.Sprintf("receive %d", len(s.book.all)), intake.Receive, fields{"sku": sku, "quantity": quantity})
}

func (s *shop) cancel(id string) {
	s.book.add("cancel "+id, intake.Cancel, fields{"order": id, "reason": "changed their mind"})
}

func (s *shop) ticket(id string, about support.Category) {
	s.book.add(fmt.Sprintf("%s %s", about, id), intake.Ticket, fields{"order": id, "category": about, "body": "What about my order?"})
}

// follow is what a customer may do when an order was acknowledged.
func (s *shop) follow(k *command) {
	if k.do == intake.Reship && k.answer.OK && s.chance(30) {
		s.unsend(k.answer.Order, k.fields["shipment"])
	}
	if s.moody {
		s.followLured(k)
		return
	}
	if k.do == intake.Delivered && s.part.manual && k.answer.OK {
		switch {
		case s.chance(40):
			s.sendBack(k.answer.Order)
		case s.chance(60):
			s.exchange(k.answer.Order)
		}
	}
	s.followTicket(k)
	if k.do != intake.Place || k.answer.Replayed {
		return
	}
	switch id := k.answer.Order; {
	case len(s.part.policy.HoldRules) > 0 && s.chance(60):
		s.letGo(id)
	case s.chance(3):
		s.cancel(id)
	case s.chance(6):
		s.ticket(id, support.OrderIssue)
	case s.chance(2), s.aimsAt(process.StepHoldAgain, process.StepLetGo, process.StepPark, process.StepResume) && s.chance(20):
		s.ticket(id, support.AddressChange)
	}
}

// aimsAt says whether a program is to be killed at one of the rows: what makes it
// fire is then done more often.
func (s *shop) aimsAt(rows ...process.Step) bool {
	return s.mark != nil && slices.Contains(rows, s.mark.at.step)
}

// followTicket has a person see to a ticket that its order may wait for. At times
// they hold the order themselves meanwhile, and let go before that.
func (s *shop) followTicket(k *command) {
	id, _ := k.fields["order"].(string)
	switch {
	case k.do == intake.Ticket && k.fields["category"] == support.AddressChange:
		if s.chance(50) && s.book.all["move "+id] == nil { // a change of what is held waits for the release
			s.book.add("hold "+id, intake.Hold, fields{"order": id, "reason": heldByHand})
			s.waiting[id] = k.answer.Ticket
			return
		}
		s.resolve(k.answer.Ticket)
	case k.do == intake.Hold:
		s.letGo(id)
	case k.do == intake.Release && s.waiting[id] != "":
		s.resolve(s.waiting[id])
	}
}

func (s *shop) resolve(ticket string) {
	s.book.add("resolve "+ticket, intake.Resolve, fields{"ticket": ticket, "body": "Seen to."})
}

// letGo releases an order that may be held.
func (s *shop) letGo(id string) {
	s.book.add("let go "+id, intake.Release, fields{"order": id})
}

// react is what customers may do while a provider is being asked, and people
// when they are waited for.
func (s *shop) react(l logLine) {
	if l.Message != "step begins" {
		return
	}
	if s.moody {
		if while := s.lure().while; while != nil {
			while(s, l)
		}
		return
	}
	switch process.Step(l.Step) {
	case process.StepAuthorise, process.StepBuyLabel, process.StepCapture:
		if s.chance(8) {
			s.cancel(l.Owner)
		} else if s.chance(5) {
			s.ticket(l.Owner, support.CancelRequest)
		} else if s.chance(10) {
			s.move(l.Owner)
		}
	case process.StepTrack:
		if s.chance(5) {
			s.goodwill(l.Owner)
		}
	case process.StepAwaitPayment:
		if s.chance(60) {
			s.recordPayment(l.Owner)
		}
	case process.StepAwaitHandOver:
		if s.chance(40) {
			s.handOver(l.Subject)
		} else if s.chance(40) {
			s.cancel(l.Owner)
		} else if s.chance(60) {
			s.move(l.Owner)
		}
	case process.StepAwaitDelivery:
		if s.chance(40) {
			s.delivered(l.Subject)
		}
	case process.StepAwaitReturn:
		if s.chance(40) {
			s.receiveReturn(l.Subject)
		} else if s.chance(20) {
			s.noReturn(l.Subject)
		}
	case process.StepAwaitRemedy:
		switch {
		case s.chance(50):
			s.reship(l.Subject)
		case s.chance(30):
			s.parcel(intake.Found, l.Subject)
		}
	case process.StepAwaitRefund:
		if s.chance(40) {
			s.recordRefund(l.Owner, l.Subject)
		}
	}
}

func (s *shop) recordPayment(id string) bool {
	return s.book.add("payment "+id, intake.RecordPayment, fields{"order": id, "reference": "made-up statement"})
}

const reasonGoodwill = "made-up goodwill"

// goodwill gives a penny back.
func (s *shop) goodwill(id string) {
	s.book.add("goodwill "+id, intake.Refund, fields{"order": id, "amount": 1, "reason": reasonGoodwill})
}

// move has an order go elsewhere.
func (s *shop) move(id string) bool {
	if s.waiting[id] != "" {
		return false
	}
	to := order.Address{Name: "Made Up", Line1: "2 Sample Street", City: "Sampleton", Country: "GB"}
	return s.book.add("move "+id, intake.Edit, fields{"order": id, "change": order.Edit{ShipTo: &to}})
}

// reship has the goods of a parcel sent anew, and again when they were not, after all:
// no one else makes up for it.
func (s *shop) reship(shipment string) {
	if !s.parcel(intake.Reship, shipment) && s.book.all[notSent+shipment] != nil {
		s.book.add("again reship "+shipment, intake.Reship, fields{"shipment": shipment})
	}
}

// notSent begins the keys of commands by which goods are not sent anew.
const notSent = "do not send "

// unsend has the goods of a parcel not sent anew after all.
func (s *shop) unsend(id string, shipment any) {
	parcel, _ := shipment.(string)
	s.book.add(notSent+parcel, intake.Edit, fields{"order": id, "change": order.Edit{Withdraw: parcel}})
}

// release releases an order, and again each time that it is held once more: what
// has no label by chance alone gets one in the end.
func (s *shop) release(id string) bool {
	key := "release " + id
	for range 5 {
		if s.book.add(key, intake.Release, fields{"order": id}) {
			return true
		}
		key = "again " + key
	}
	return false
}

func (s *shop) recordRefund(id, refund string) bool {
	return s.book.add("refund "+refund, intake.RecordRefund, fields{"order": id, "refund": refund, "reference": "made-up statement"})
}

func (s *shop) handOver(shipment string) bool {
	return s.book.add("hand over "+shipment, intake.HandOver, fields{"shipment": shipment, "tracking_number": "MADE-UP-" + shipment})
}

// handOverAgain hands a parcel over whose hand-over was refused before, because
// its money was not taken yet.
func (s *shop) handOverAgain(shipment string) bool {
	return s.book.add("again hand over "+shipment, intake.HandOver, fields{"shipment": shipment, "tracking_number": "MADE-UP-" + shipment})
}

// sendBack returns all of an order.
func (s *shop) sendBack(id string) {
	s.book.add("return "+id, intake.Return, fields{"order": id, "reason": "made_up"})
}

// exchange returns all of an order for a cup.
func (s *shop) exchange(id string) {
	s.book.add("exchange "+id, intake.Exchange, fields{"order": id, "reason": "made_up", "sku": "CUP", "quantity": int64(1)})
}

func (s *shop) receiveReturn(id string) bool {
	return s.book.add("receive "+id, intake.ReceiveReturn, fields{"return": id})
}

func (s *shop) noReturn(id string) bool {
	return s.book.add("no return "+id, intake.CancelReturn, fields{"return": id})
}

func (s *shop) delivered(shipment string) bool { return s.parcel(intake.Delivered, shipment) }

func (s *shop) parcel(do intake.Verb, shipment string) bool {
	return s.book.add(string(do)+" "+shipment, do, fields{"shipment": shipment})
}
