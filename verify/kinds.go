package verify

// Kind says which rule a violation breaks.
type Kind string

// The kinds of violations.
const (
	// Of histories.
	Version     Kind = "version"
	Impossible  Kind = "impossible_event"
	Facets      Kind = "order_facets"
	Sums        Kind = "order_sums"
	Status      Kind = "order_status"
	EventStatus Kind = "event_status"
	History     Kind = "history"
	State       Kind = "state"
	Times       Kind = "order_times"
	// Of orders.
	Totals      Kind = "order_totals"
	Allotment   Kind = "allotment"
	OpenTickets Kind = "open_tickets"
	NextDue     Kind = "next_due"
	KeptCount   Kind = "kept_count"
	Figures     Kind = "figures"
	PendingEdit Kind = "pending_change"
	HoldKept    Kind = "hold_kept"
	Orphan      Kind = "orphan"
	Contact     Kind = "contact"
	Numbers     Kind = "order_numbers"
	Policy      Kind = "policy"
	// Of money.
	PaymentFacet     Kind = "payment_facet"
	PaymentAmount    Kind = "payment_amount"
	Captured         Kind = "captured"
	Refunded         Kind = "refunded"
	OverRefunded     Kind = "over_refunded"
	Credits          Kind = "credits"
	MoneyKept        Kind = "money_kept"
	PaymentAttempts  Kind = "payment_attempts"
	UnpaidHandOver   Kind = "unpaid_handover"
	TwoOpenAttempts  Kind = "two_open_attempts"
	AttemptStep      Kind = "attempt_step"
	UnpaidEnd        Kind = "unpaid_end"
	AttemptStatus    Kind = "attempt_status"
	PaymentGateway   Kind = "payment_gateway"
	Undone           Kind = "undone_charges"
	AuthorisationEnd Kind = "authorisation_end"
	// Of parcels.
	FulfilmentFacet Kind = "fulfilment_facet"
	Parcel          Kind = "parcel"
	ShipmentLines   Kind = "shipment_lines"
	LabelAttempts   Kind = "label_attempts"
	TwoLabels       Kind = "two_labels"
	Tracking        Kind = "tracking"
	HandOvers       Kind = "handovers"
	Deliveries      Kind = "deliveries"
	Astray          Kind = "astray"
	ReturnedStock   Kind = "returned_stock"
	Returns         Kind = "returns"
	ReturnRefunds   Kind = "return_refunds"
	Exchanges       Kind = "exchanges"
	// Of stock.
	StockFacet      Kind = "stock_facet"
	MissingStock    Kind = "missing_stock"
	DeadReservation Kind = "dead_reservation"
	StockBounds     Kind = "stock_bounds"
	StockMovements  Kind = "stock_movements"
	StockReserved   Kind = "stock_reservations"
	OrderMovements  Kind = "order_movements"
	SafetyStock     Kind = "safety_stock"
	Backorders      Kind = "backorders"
	Unfilled        Kind = "unfilled_backorder"
	Defined         Kind = "sku"
	// Of steps and tickets.
	StrayStep      Kind = "stray_step"
	NoNextStep     Kind = "no_next_step"
	FarOff         Kind = "far_off"
	Untold         Kind = "untold"
	TicketCategory Kind = "ticket_category"
	TicketReason   Kind = "ticket_reason"
	TicketMessages Kind = "ticket_messages"
	TicketWaits    Kind = "ticket_waits"
	TicketHold     Kind = "ticket_hold"
	TicketRemedy   Kind = "ticket_remedy"
	TicketAddress  Kind = "ticket_address"
	TicketApproval Kind = "ticket_approval"
	ClosedOwing    Kind = "closed_owing"
)

// Rule is a kind of violation and what must be true.
type Rule struct {
	Kind Kind   `json:"kind"`
	Says string `json:"says"`
}

// Kinds returns every kind that Run looks for, with what must be true.
func Kinds() []Rule {
	return []Rule{
		{Version, "The events of an order, ticket or SKU are numbered from 1 without a gap, and its version is the last number."},
		{Impossible, "Every event of an order can happen to an order that stands as the events before it left it."},
		{Facets, "An order's facets are what its events come to."},
		{Sums, "An order's sums of goods and money are what its events come to."},
		{Status, "An order's status is what its facets come to."},
		{EventStatus, "Every event of an order says the status that the order had after it."},
		{History, "The events of a payment, refund, shipment, return or ticket follow each other along its transition table."},
		{State, "A payment, refund, shipment, return or ticket is in the state in which its events left it."},
		{Times, "An order was placed at its first event and last changed at its last one, and is held, and to be paid, since its events say so."},
		{Totals, "An order's items are the sum of its lines, its tax is that of its lines and of its shipping, its total is what they come to, and its lines are numbered from 1 and come to its units."},
		{Allotment, "An order's discount, shipping and total are allotted to its lines without remainder."},
		{OpenTickets, "An order's count of open tickets is the number of its unsolved tickets."},
		{NextDue, "An order's next due time is that of the first of its steps that waits for no person."},
		{KeptCount, "The kept counts of orders and tickets per status are what counting gives."},
		{Figures, "The figures that are kept, of orders, money, tickets, times, sales and answers, are what the events come to up to where they are counted."},
		{Orphan, "Whatever belongs to an order, payment, shipment, ticket, SKU or location belongs to one that exists."},
		{PendingEdit, "A change waits for what is in flight where, and only where, an order is being changed; that goes on to its answer, also of an order that is held, and one by which the goods of a parcel are not sent anew is of one whose goods are."},
		{HoldKept, "An order that a person or a rule had stopped when a cancel of it was asked for is held for the same as soon as that is refused."},
		{Contact, "Of every order it is known who ordered it and where it is to go, until that is erased, which is said, and not before it has left or is over."},
		{Numbers, "The next order's number is larger than that of any order."},
		{Policy, "The policy in force can be read, and is one that could be set."},
		{PaymentFacet, "An order's payment facet and its sums of money are what its payments and refunds come to."},
		{PaymentAmount, "An order's payment is of the order's total, in its currency."},
		{Captured, "A payment that succeeded has captured its amount, any other nothing."},
		{Refunded, "What a payment has given back is the sum of its refunds that succeeded."},
		{OverRefunded, "The refunds of a payment, pending ones included, are at most what was captured."},
		{Credits, "What of a line is given back is what the refunds that have not failed say, never more than its part of the total nor for more than its units; a refund is the sum of its lines, each for something of its order or for nothing."},
		{MoneyKept, "Nothing is kept of the money for an order that failed or was cancelled, or for units that were taken out of one or came back: what they come to is given back for them or about to be, or a refund has failed and an open ticket says so; likewise what a ticket has decided to give."},
		{PaymentAttempts, "A payment's attempts are numbered from 1, and those that succeeded come to what was captured, authorised and refunded; it has the reference of the one that authorised it."},
		{UnpaidHandOver, "No parcel is handed over before its order's total is captured."},
		{TwoOpenAttempts, "At most one attempt of a payment, refund or shipment is open."},
		{AttemptStep, "Every open attempt has the step that asks for it, and every asking step its open attempt."},
		{UnpaidEnd, "A payment that may not come has the step that ends the wait for it, and of an order that was not paid in time no attempt was or may have been made."},
		{AttemptStatus, "Every attempt that an event tells of is there and ended as it says; each is in a status that there is, and has an end when it is closed."},
		{PaymentGateway, "An order's payment is the one, at the gateway, that the event of its placing says."},
		{Undone, "A charge that is not an order's own is given back once, or about to be, and no other."},
		{AuthorisationEnd, "An authorisation that ends, of an order that goes on, has the step that looks after it, or it was said before that it ends."},
		{FulfilmentFacet, "An order's sums of goods in parcels are what its shipments come to."},
		{Parcel, "Of an order that is paid, going on and not held, everything is in a parcel that is neither voided, failed nor replaced, or it waits for goods."},
		{ShipmentLines, "A parcel holds as many units as it says, and the parcels of an order that are neither voided, failed nor replaced hold no more than its lines."},
		{LabelAttempts, "A shipment's attempts are numbered from 1; the last was of its carrier; it has the label of the one that bought it, and none once it is voided or failed."},
		{TwoLabels, "No parcel has two labels that were not given back."},
		{Tracking, "A parcel's tracking status and last scan are what its scans come to, and it is delivered when they say so."},
		{HandOvers, "A parcel was handed over when its events say so."},
		{Deliveries, "A parcel was delivered when its event says that it was seen to arrive."},
		{Astray, "A parcel does not arrive since its events say so, and was replaced when they say so and that was not withdrawn."},
		{ReturnedStock, "What was put back of an order's parcels and returns is what their events say, and at most what they hold."},
		{Returns, "A return is of units that have arrived and are in no other return; what came of it is what its lines and its event say; it has an end when it is not waited for."},
		{ReturnRefunds, "The refund of a return is one of its order and says that it is for it, for no more units of each line than came of it, but those for which none is given back."},
		{Exchanges, "An order that was placed in exchange and the return that it is in the place of name each other, as do the payment of the one and the refund of the other that paid it, both to the penny; it waits for its money only while the return is waited for."},
		{StockFacet, "What is reserved for an order is what its lines ask for and has not left, but for what it waits for and what a count did not find, and as many units as it says."},
		{MissingStock, "An order that goes on has all of its goods, reserved, waited for or gone, or it is held."},
		{DeadReservation, "Nothing is reserved for an order that does not exist, and for one that is over only what is in a parcel whose label is not given back."},
		{StockBounds, "What is reserved is not negative and at most what is on hand."},
		{StockMovements, "What is on hand and what is reserved are what the movements come to."},
		{StockReserved, "What is reserved of an SKU at a location is what its reservations come to."},
		{OrderMovements, "An order's movements come to what is reserved for it, took away what its parcels took, and were where its parcels are to leave from."},
		{SafetyStock, "What is kept back of an SKU at a location is what the last event about it says."},
		{Backorders, "An order waits for as many units as its row says, and for none when it is over; once it has all of its goods it is asked to be paid."},
		{Unfilled, "What is there of an SKU for which an order waits is about to be given to it."},
		{Defined, "An SKU's name, currency, price and weight are what the last event about them says."},
		{StrayStep, "Every step that is due or waited for is one of the process, about something that exists and waits for it."},
		{NoNextStep, "Whatever is not finished has a next step, is held, or a person was told."},
		{FarOff, "No step is due later than any policy of the shop has let one wait, or leased for longer than leases last, or late since before it was there or after it is due."},
		{Untold, "Of a step that waits for a person, and of an order that the process has stopped, one was told: the order has an unsolved ticket. Of a parcel that had gone before its money was taken, one was told then."},
		{TicketCategory, "A ticket is of the category that its events say."},
		{TicketReason, "A ticket has the reason that its events said last, and an unsolved one has one; the person sees to it whom they said last."},
		{TicketMessages, "A ticket's messages are numbered from 1, and it knows how many there are."},
		{TicketWaits, "A ticket waits for a person while it is open, since the event that opened it for one."},
		{TicketHold, "An order is held while an unsolved ticket holds it, and for a ticket only then; a ticket that tells of a hold tells of the one for which its order is held; a solved one does neither."},
		{TicketRemedy, "What a ticket's decisions say was refunded is a refund of so much of its order, what they say was sent anew is a parcel that was, what they say is to be sent back is a return of its order, and it has nothing else; each names the one it has."},
		{TicketAddress, "Only an unsolved ticket about another address keeps one, and one that waits for the change waits for an order that is being changed."},
		{TicketApproval, "What waits for approval in a ticket is its last decision, beyond a limit; and whoever approved one is a person who did not raise it."},
		{ClosedOwing, "When a ticket was closed, nothing was owed of its order: no money was to go back or to be let go, no goods were to leave once more, and no parcel was missed."},
	}
}
