package process

import (
	"context"
	"slices"
	"time"

	"doorstep/event"
	"doorstep/internal/db"
	"doorstep/internal/work"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/payment"
	"doorstep/shipping"
	"doorstep/support"
)

// Step names a row of the table.
type Step string

// The steps.
const (
	StepHoldByRule    Step = "hold_by_rule"
	StepHoldAsBefore  Step = "hold_as_before"
	StepFree          Step = "free"
	StepAuthorise     Step = "authorise"
	StepAwaitPayment  Step = "await_payment"
	StepFailUnpaid    Step = "fail_unpaid"
	StepExpirePayment Step = "expire_payment"
	StepWithdraw      Step = "withdraw"
	StepFill          Step = "fill_backorders"
	StepAskToPay      Step = "ask_to_pay"
	StepAwaitStock    Step = "await_stock"
	StepKeep          Step = "keep_authorisation"
	StepRenew         Step = "renew"
	StepReportEnding  Step = "report_ending"
	StepUndo          Step = "undo_charge"
	StepLookAgain     Step = "look_again"
	StepReportStray   Step = "report_stray"
	StepPlanShipments Step = "plan_shipments"
	StepBuyLabel      Step = "buy_label"
	StepFailUnshipped Step = "fail_unshipped"
	StepHoldUnshipped Step = "hold_unshipped"
	StepAwaitCarrier  Step = "await_carrier"
	StepAskCarriers   Step = "ask_carriers_again"
	StepCapture       Step = "capture"
	StepFailCapture   Step = "fail_capture"
	StepAwaitHandOver Step = "await_handover"
	StepHandOver      Step = "hand_over"
	StepTrack         Step = "track"
	StepAwaitDelivery Step = "await_delivery"
	StepReship        Step = "reship"
	StepRefundAstray  Step = "refund_astray"
	StepReportAstray  Step = "report_astray"
	StepAwaitRemedy   Step = "await_remedy"
	StepEndRemedy     Step = "end_remedy"
	StepRemedyAgain   Step = "await_remedy_again"
	StepReportTwice   Step = "report_twice"
	StepFinishCancel  Step = "finish_cancel"
	StepFinishChange  Step = "finish_change"
	StepVoidLabel     Step = "void_label"
	StepRefuseCancel  Step = "refuse_cancel"
	StepHoldMissing   Step = "hold_missing"
	StepHoldAgain     Step = "hold_for_ticket"
	StepLetGo         Step = "release_for_ticket"
	StepSolveHold     Step = "solve_hold"
	StepPark          Step = "park_steps"
	StepAskOn         Step = "ask_on"
	StepResume        Step = "resume_steps"
	StepRecall        Step = "recall_label"
	StepReleaseStock  Step = "release_stock"
	StepGiveBack      Step = "give_back"
	StepVoidPayment   Step = "void_payment"
	StepRefund        Step = "refund"
	StepAwaitRefund   Step = "await_refund"
	StepCheckRefund   Step = "check_refund"
	StepAwaitReturn   Step = "await_return"
	StepRefundReturn  Step = "refund_return"
	StepReportReturn  Step = "report_return"
	StepEndExchange   Step = "cancel_exchange"
	StepReportRefund  Step = "report_refund"
	StepSolveRefund   Step = "solve_refund"
	StepReportFailing Step = "report_failed_refund"
	StepReport        Step = "report_failure"
	StepReportUnpaid  Step = "report_unpaid"
	StepReportStuck   Step = "report_stuck"
	StepReportVoid    Step = "report_lost_label"
	StepDecide        Step = "decide_ticket"
	StepDecideAgain   Step = "decide_again"
	StepCloseTicket   Step = "close_ticket"
)

// Kind says how a row is carried out.
type Kind string

// The kinds of rows.
const (
	// Rule is decided in the transaction in which its event happens.
	Rule Kind = "rule"
	// Ask is a question to a provider: what will be asked, and under which key, is
	// committed with the event; then it is asked; then what became of it is
	// committed. It is tried again until an event of Until.
	Ask Kind = "ask"
	// Wait is for a person or the time: when it falls due before an event of
	// Until, it does what is due then.
	Wait Kind = "wait"
)

// Row is one line of the process: when an event of On happens and the guard
// holds, the step is carried out for what the event is about. Nothing happens
// to an order that no row says.
type Row struct {
	Step  Step
	Kind  Kind
	Asks  ProviderKind // whom an Ask asks
	On    []event.Type // any of them sets it off
	Guard *Guard       // and this holds; nil for always
	Until []event.Type // any of them ends an Ask or a Wait
	Holds bool         // it waits while the order is held
	Does  string       // for people
	Leads []event.Type // the events it may cause, apart from those of Until
	Ways  []Way        // what a person may do about it when it is stuck, or late
	Else  string       // what a person may do instead, for people

	rule   func(*change, event.Event) error // a Rule's work, or what prepares an Ask
	ask    func(context.Context, *Process, work.Item) (settle func(context.Context) error, err error)
	due    func(*change) time.Time                                       // when a Wait is due, or an Ask is first asked; at once when nil
	lapse  func(*change, *work.Item) error                               // what a Wait does when it is due
	beside func(context.Context, *Process, work.Item) ([]db.Lock, error) // what the step changes beside its order
	stock  bool                                                          // what it comes to mostly moves stock
	about  func(*change, event.Event) string                             // whom the step is about; the event's entity when nil
	arm    func(*change, event.Event) error                              // enqueues the step where its items are not the order's own
	skip   func(*change, *work.Item) error                               // passes over it, where it has WaySkip: the item ends by an event of Until
	may    func(Account, string) bool                                    // whether its subject can be passed over as the order stands; always when nil
}

// Way is something that a person may do about a step that does not go on by
// itself.
type Way string

// The ways. None leaves an order in a state that is not true.
const (
	WayRetry      Way = "retry"      // try it again, as it was
	WaySkip       Way = "skip"       // pass over it: a person sees to it
	WayCompensate Way = "compensate" // cancel the order: what was begun is undone
)

// Ways are all ways.
var Ways = []Way{WayRetry, WaySkip, WayCompensate}

// Guard is a named condition on how an order stands.
type Guard struct {
	Name  string
	holds func(*change, event.Event) (bool, error)
}

// Table returns the order process. The order of its rows is the order in which
// they are tried for one event.
func Table() []Row {
	return slices.Concat(stopRows(), backorderRows(), payRows(), authorisationRows(), shipRows(), astrayRows(), returnRows(), endRows(), holdRows(), ticketRows())
}

// stopRows are the rows that hold an order for something else when it is
// released, or again when it goes on although a cancel was asked for. They come
// before all others: to those, it is held as before.
func stopRows() []Row {
	return []Row{
		{
			Step: StepHoldAsBefore, Kind: Rule, On: on(order.EventCancelRefused), Guard: heldBefore,
			Does: "an order that goes on is held again for what it was held when the cancel was asked for", Leads: on(order.EventHeld, support.EventOpened),
			rule: holdAsBefore,
		},
		{
			Step: StepHoldMissing, Kind: Rule, On: on(inventory.EventMissing, order.EventCancelRefused, order.EventReleased), Guard: goodsMissing,
			Does: "an order whose goods were not found waits for a person, who is told", Leads: on(order.EventHeld, support.EventOpened),
			rule: holdMissing,
		},
		{
			Step: StepHoldAgain, Kind: Rule, On: on(order.EventReleased, order.EventCancelRefused), Guard: ticketHolds,
			Does: "an order that goes on is held again while a ticket holds it", Leads: on(order.EventHeld),
			rule: holdAgain,
		},
	}
}

// payRows are the rows that lead to an order that is paid.
func payRows() []Row {
	return []Row{
		{
			// Before any row that asks for money: what that arms waits for the release.
			Step: StepHoldByRule, Kind: Rule, On: on(order.EventProcessed, order.EventChanged, order.EventReleased, payment.EventDeclined), Guard: stoppedByRule, about: theOrder,
			Does: "an order that a rule of policy stops is held, and a person is told", Leads: on(order.EventHeld, support.EventOpened),
			rule: holdByRule,
		},
		{
			Step: StepFree, Kind: Rule, On: on(order.EventProcessed), Guard: nothingToPay,
			Does: "an order of zero is paid without a gateway", Leads: on(payment.EventSucceeded),
			rule: payNothing,
		},
		{
			Step: StepAuthorise, Kind: Ask, Asks: KindGateway, Holds: true, On: on(order.EventProcessed, payment.EventConfirmed), Guard: paidAtGateway, about: thePayment,
			Until: on(payment.EventAuthorised, payment.EventSucceeded, payment.EventFailed, payment.EventCanceled),
			Does:  "ask the gateway for the money, attempt by attempt", Leads: on(payment.EventUnknown, payment.EventDeclined, EventNotAsked, EventStuck, support.EventOpened),
			rule: openForAll(payment.OpAuthorise), ask: askGateway,
			Ways: []Way{WayRetry, WayCompensate},
		},
		{
			Step: StepAwaitPayment, Kind: Wait, Holds: true, On: on(order.EventProcessed, payment.EventRequested), Guard: paidElsewhere, about: thePayment,
			Until: on(payment.EventSucceeded, payment.EventCanceled),
			Does:  "wait until a person records the payment; when it is late, tell a person", Leads: on(support.EventOpened),
			due: awaitPaymentDue, lapse: paymentLate,
			Ways: []Way{WayRetry, WayCompensate}, Else: "record the payment",
		},
		{
			Step: StepFailUnpaid, Kind: Rule, On: on(payment.EventFailed), Guard: goingOn,
			Does: "an order that can not be paid fails", Leads: on(order.EventFailed),
			rule: failUnpaid,
		},
		{
			Step: StepExpirePayment, Kind: Wait, Holds: true, On: on(order.EventProcessed, payment.EventRequested, payment.EventDeclined), Guard: mayStayUnpaid, about: thePayment,
			Until: on(payment.EventAuthorised, payment.EventSucceeded, payment.EventFailed, payment.EventCanceled),
			Does:  "keep the stock for so long as policy has it, and while the gateway is being asked or is away; then the order fails",
			Leads: on(order.EventFailed),
			due:   expirePaymentDue, lapse: expirePayment,
			Ways: []Way{WayRetry, WayCompensate},
		},
		{
			Step: StepWithdraw, Kind: Rule, On: on(order.EventFailed), Guard: notAskedYet,
			Does: "what the gateway would have been asked only later is given up", Leads: on(payment.EventCanceled),
			rule: withdrawAttempts,
		},
	}
}

// authorisationRows are the rows that look after money that is authorised, and
// after charges that are not the order's own.
func authorisationRows() []Row {
	return []Row{
		{
			Step: StepKeep, Kind: Wait, On: on(payment.EventAuthorised, payment.EventRenewed), Guard: authorisationEnds,
			Until: on(payment.EventSucceeded, payment.EventCanceled),
			Does:  "wait until the authorisation is about to end", Leads: on(payment.EventEnding),
			due: keepDue, lapse: authorisationLapses,
			Ways: []Way{WayRetry, WayCompensate},
		},
		{
			Step: StepRenew, Kind: Ask, Asks: KindGateway, On: on(payment.EventEnding), Guard: renews,
			Until: on(payment.EventRenewed, payment.EventRenewalDeclined, payment.EventExpired),
			Does:  "ask the gateway for another authorisation in the place of the one that ends", Leads: on(payment.EventUnknown, payment.EventDeclined, EventNotAsked, EventStuck, support.EventOpened),
			rule: openForAll(payment.OpRenew), ask: askGateway,
			Ways: []Way{WayRetry, WayCompensate},
		},
		{
			Step: StepReportEnding, Kind: Rule, On: on(payment.EventEnding, payment.EventRenewalDeclined), Guard: endReported,
			Does: "open a ticket for an authorisation that ends before the parcel leaves", Leads: on(support.EventOpened),
			rule: reportEnding,
		},
		{
			Step: StepUndo, Kind: Ask, Asks: KindGateway, On: on(EventStray, EventUndone, payment.EventRenewed), Guard: chargeToUndo, about: theOrder,
			Until: on(EventUndone),
			Does:  "give up an authorisation, or give back money, that is not the order's", Leads: on(EventStuck, support.EventOpened),
			ask:  askGateway,
			Ways: []Way{WayRetry},
		},
		{
			Step: StepReportStray, Kind: Rule, On: on(EventStray), about: theOrder,
			Does: "open a ticket for a payment that succeeded after it was given up", Leads: on(support.EventOpened),
			rule: reportStray,
		},
		{
			Step: StepLookAgain, Kind: Ask, Asks: KindGateway, On: on(order.EventFailed, order.EventCancelled), Guard: neverMade, about: theOrder,
			Until: on(EventLookedAgain),
			Does:  "ask the gateway once more about attempts that it knew nothing of", Leads: on(EventStray, EventStuck, support.EventOpened),
			due: lookAgainDue, ask: askOnceMore,
			Ways: []Way{WayRetry, WaySkip}, skip: skipLookAgain,
		},
	}
}

// shipRows are the rows from a paid order to the door.
func shipRows() []Row {
	return []Row{
		{
			Step: StepPlanShipments, Kind: Rule, On: on(payment.EventAuthorised, payment.EventSucceeded, order.EventReleased, order.EventCancelRefused, order.EventChanged, order.EventChangeRefused, shipping.EventReplaced, shipping.EventVoided, inventory.EventFilled), Guard: paidAndUnpacked,
			Does: "plan a parcel from each location that has goods for it", Leads: on(shipping.EventPlanned),
			rule: planShipments,
		},
		{
			Step: StepBuyLabel, Kind: Ask, Asks: KindCarrier, Holds: true, On: on(shipping.EventPlanned), Guard: carrierSellsLabels,
			Until: on(shipping.EventLabelBought, shipping.EventFailed, shipping.EventVoided),
			Does:  "buy a label from the carrier, attempt by attempt", Leads: on(shipping.EventLabelUnknown, shipping.EventLabelRefused, shipping.EventRerouted, EventNotAsked, EventStuck, support.EventOpened),
			rule: openLabelPurchase, ask: askCarrier, stock: true,
			Ways: []Way{WayRetry, WayCompensate},
		},
		{
			Step: StepFailUnshipped, Kind: Rule, On: on(shipping.EventFailed), Guard: noCarrier,
			Does: "an order that no carrier takes fails", Leads: on(order.EventFailed),
			rule: failUnshipped,
		},
		{
			Step: StepHoldUnshipped, Kind: Rule, On: on(shipping.EventFailed), Guard: noCarrierYet,
			Does: "an order that no carrier takes is held, and a person is told", Leads: on(order.EventHeld, support.EventOpened),
			rule: holdUnshipped,
		},
		{
			Step: StepAwaitCarrier, Kind: Wait, On: on(shipping.EventFailed), Guard: noCarrierYet, about: theOrder,
			Until: on(order.EventReleased, order.EventCancelRequested, order.EventFailed),
			Does:  "wait until a person has found a way; then the order fails, or the person is told again", Leads: on(support.EventOpened),
			due: awaitCarrierDue, lapse: carrierLate,
			Ways: []Way{WayRetry, WayCompensate}, Else: "release the order",
		},
		{
			Step: StepAskCarriers, Kind: Rule, On: on(order.EventChanged), Guard: mayBeTaken,
			Does: "an order that was held because no carrier takes it goes on when it was changed", Leads: on(order.EventReleased),
			rule: func(c *change, _ event.Event) error { return c.release() },
		},
		{
			Step: StepCapture, Kind: Ask, Asks: KindGateway, Holds: true, On: on(shipping.EventPlanned, shipping.EventLabelBought, order.EventCancelRefused, order.EventChanged, order.EventChangeRefused, payment.EventCaptureRequested, payment.EventEnding, payment.EventRenewed, payment.EventRenewalDeclined), Guard: captureOwed, about: thePayment,
			Until: on(payment.EventSucceeded, payment.EventCaptureFailed, payment.EventExpired),
			Does:  "take the authorised money before the parcel leaves, or when a person wants it taken", Leads: on(payment.EventUnknown, payment.EventDeclined, EventNotAsked, EventStuck, support.EventOpened),
			rule: openForAll(payment.OpCapture), ask: askGateway, stock: true,
			Ways: []Way{WayRetry, WayCompensate},
		},
		{
			Step: StepFailCapture, Kind: Rule, On: on(payment.EventCaptureFailed), Guard: goingOn,
			Does: "an order whose money can not be taken after all fails", Leads: on(order.EventFailed),
			rule: failCapture,
		},
		{
			Step: StepHandOver, Kind: Rule, On: on(shipping.EventLabelBought, payment.EventSucceeded, order.EventCancelRefused, order.EventReleased, order.EventChanged, order.EventChangeRefused, shipping.EventVoidRefused), Guard: leavesAtOnce,
			Does: "the label is the hand-over: the stock leaves", Leads: on(shipping.EventShipped),
			rule: handOverReady,
		},
		{
			Step: StepAwaitHandOver, Kind: Wait, Holds: true, On: on(shipping.EventPlanned, shipping.EventLabelBought), Guard: personHandsOver,
			Until: on(shipping.EventShipped, shipping.EventVoided),
			Does:  "wait until a person hands the parcel over; when it is late, tell a person", Leads: on(support.EventOpened),
			due: awaitHandOverDue, lapse: handOverLate,
			Ways: []Way{WayRetry, WayCompensate}, Else: "hand the parcel over",
		},
		{
			Step: StepTrack, Kind: Ask, Asks: KindCarrier, On: on(shipping.EventLabelBought, shipping.EventShipped), Guard: carrierTracks,
			Until: on(shipping.EventDelivered, shipping.EventVoided, shipping.EventReturned, shipping.EventDamaged),
			Does:  "ask the carrier what it has seen, up to the door; when nothing was seen for too long, tell a person, and later give the parcel up",
			Leads: on(shipping.EventTracked, shipping.EventShipped, shipping.EventSilent, shipping.EventLost, shipping.EventFound, support.EventOpened),
			due:   trackDue, ask: askTracking,
			Ways: []Way{WayRetry},
		},
		{
			Step: StepAwaitDelivery, Kind: Wait, On: on(shipping.EventShipped, shipping.EventFound), Guard: nobodyTracks,
			Until: on(shipping.EventDelivered, shipping.EventLost, shipping.EventReturned, shipping.EventDamaged),
			Does:  "wait until a person says that the parcel has arrived; when it is late, tell a person, and later give the parcel up",
			Leads: on(shipping.EventSilent, support.EventOpened),
			due:   awaitDeliveryDue, lapse: deliveryLate,
			Ways: []Way{WayRetry}, Else: "say that the parcel has arrived or is lost",
		},
	}
}

// astrayRows are the rows of a parcel that has left and does not arrive.
func astrayRows() []Row {
	mishaps := on(shipping.EventLost, shipping.EventDamaged, shipping.EventReturned)
	return []Row{
		{ // first, for what policy does about the parcel changes whether a person is asked
			Step: StepReportAstray, Kind: Rule, On: mishaps, Guard: personAsked,
			Does: "open a ticket for a parcel that does not arrive", Leads: on(support.EventOpened),
			rule: reportAstray,
		},
		{
			Step: StepReship, Kind: Rule, On: on(shipping.EventLost, shipping.EventDamaged), Guard: sentAnew,
			Does: "reserve the goods of a parcel that is lost or damaged once more; where they are not there, tell a person", Leads: on(shipping.EventReplaced, support.EventOpened),
			rule: reship,
		},
		{
			Step: StepRefundAstray, Kind: Rule, On: on(shipping.EventLost, shipping.EventDamaged), Guard: paidBackByRule,
			Does: "give the money back for what a parcel held that is lost or damaged; where that can not be, tell a person", Leads: on(payment.EventRefundOpened, support.EventOpened),
			rule: refundAstray,
		},
		{
			Step: StepAwaitRemedy, Kind: Wait, On: slices.Concat(mishaps, on(shipping.EventNotReplaced)), Guard: moneyMissed,
			Until: on(shipping.EventReplaced, shipping.EventFound, shipping.EventDelivered),
			Does:  "wait until a person has the goods sent anew or gives the money back, or the parcel turns up; when it is late, tell a person", Leads: on(support.EventOpened),
			due: awaitRemedyDue, lapse: remedyLate,
			Ways: []Way{WayRetry, WaySkip}, Else: "have the goods sent anew, or give the money back; skipped, where that is open, the money that went back before was for it", skip: skipRemedy, may: maySkipRemedy,
		},
		{
			Step: StepEndRemedy, Kind: Rule, On: on(payment.EventRefundSucceeded, EventAttributed), Guard: remedyWaits,
			Does: "a parcel that does not arrive is waited for no more when the money for what it held has gone back",
			rule: endRemedy,
		},
		{
			Step: StepRemedyAgain, Kind: Rule, On: on(payment.EventRefundFailed), Guard: remedyMissed,
			Does: "it is waited for again when that money comes back to the shop",
			rule: remedyAgain,
		},
		{
			Step: StepReportTwice, Kind: Rule, On: on(shipping.EventFound, shipping.EventDelivered), Guard: madeUpFor, about: theOrder,
			Does: "tell a person of a parcel that turns up after its goods were sent anew, or their money went back", Leads: on(support.EventOpened),
			rule: reportTwice,
		},
	}
}

// returnRows are the rows of what had arrived and is sent back.
func returnRows() []Row {
	return []Row{
		{
			Step: StepAwaitReturn, Kind: Wait, On: on(shipping.EventReturnAuthorised),
			Until: on(shipping.EventReturnReceived, shipping.EventReturnCanceled, shipping.EventReturnExpired),
			Does:  "wait until what the customer sends back has come; then the return expires",
			due:   awaitReturnDue, lapse: expireReturn, beside: locksOfReturn,
			Ways: []Way{WayRetry}, Else: "receive or cancel the return",
		},
		{
			Step: StepRefundReturn, Kind: Rule, On: on(shipping.EventReturnReceived), Guard: refundsReturn,
			Does: "pay what was placed in its place with the money for what came, and give the rest back", Leads: on(payment.EventRefundOpened, payment.EventRefundSucceeded),
			rule: refundReturn,
		},
		{
			Step: StepReportReturn, Kind: Rule, On: on(shipping.EventReturnReceived), Guard: asksAboutReturn,
			Does: "open a ticket for goods that came back and about whose money a person decides", Leads: on(support.EventOpened),
			rule: reportReturn,
		},
		{
			Step: StepEndExchange, Kind: Rule, On: on(shipping.EventReturnReceived, shipping.EventReturnCanceled, shipping.EventReturnExpired), Guard: exchangeWaits,
			Does: "cancel the order that was placed in its place; where the goods have come, tell a person", Leads: on(support.EventOpened),
			rule: cancelExchange,
		},
	}
}

// holdRows are the rows that stop an order, and let it go on.
func holdRows() []Row {
	return []Row{
		{
			Step: StepPark, Kind: Rule, On: on(order.EventHeld, order.EventChanged, order.EventChangeRefused), Guard: isHeld,
			Does: "what is due of a held order waits, beside what brings money back or follows a parcel, and what a change waits for",
			rule: parkSteps,
		},
		{
			Step: StepAskOn, Kind: Rule, On: on(order.EventChangeRequested), Guard: heldAndChanging,
			Does: "of a held order that is to be changed, what was begun goes on to its answer",
			rule: askOn,
		},
		{
			Step: StepResume, Kind: Rule, On: on(order.EventReleased, order.EventCancelRequested, order.EventFailed), Guard: wasHeld,
			Does: "what has waited goes on; a deadline is put off by as long as the order was held",
			rule: resumeSteps,
		},
		{
			Step: StepLetGo, Kind: Rule, On: on(support.EventSolved), Guard: nothingHolds, about: theOrder,
			Does: "an order that a ticket has held goes on when the last one that holds it is solved", Leads: on(order.EventReleased, inventory.EventReserved),
			rule: letGo,
		},
		{
			Step: StepSolveHold, Kind: Rule, On: on(order.EventReleased, order.EventCancelRequested, order.EventFailed), Guard: holdIsOver,
			Does: "a ticket that told a person of a hold is solved when that is over, and what is left for a person is told anew", Leads: on(support.EventSolved, support.EventOpened),
			rule: solveHold,
		},
	}
}

// endRows are the rows by which an order ends other than at the door: cancel
// interrupts, and whatever was begun is undone.
func endRows() []Row {
	return []Row{
		{
			Step: StepFinishCancel, Kind: Rule, Guard: cancelling,
			On: on(order.EventCancelRequested, payment.EventAuthorised, payment.EventSucceeded, payment.EventFailed, payment.EventDeclined, payment.EventExpired,
				payment.EventCanceled, payment.EventCaptureFailed, payment.EventRenewed, payment.EventRenewalDeclined, shipping.EventLabelBought, shipping.EventLabelRefused, shipping.EventFailed,
				shipping.EventVoided),
			Does:  "as soon as nothing is in flight: give labels back, then cancel",
			Leads: on(shipping.EventVoidRequested, shipping.EventVoided, payment.EventCanceled, order.EventCancelled),
			rule:  finishCancel,
		},
		{
			Step: StepFinishChange, Kind: Rule, Guard: changing,
			On: on(order.EventChangeRequested, EventNotAsked, payment.EventAuthorised, payment.EventSucceeded, payment.EventFailed, payment.EventDeclined,
				payment.EventCaptureFailed, payment.EventRenewed, payment.EventRenewalDeclined, shipping.EventLabelBought, shipping.EventLabelRefused, shipping.EventFailed,
				shipping.EventVoided, shipping.EventVoidRefused, shipping.EventShipped),
			Does: "as soon as nothing is in flight: give up the parcels that a change touches, then change the order, or take back that something is sent anew; what can not be changed any more goes on as it was, and a person is told",
			Leads: on(shipping.EventVoidRequested, shipping.EventVoided, shipping.EventNotReplaced, order.EventChanged, order.EventChangeRefused, payment.EventRefundOpened,
				order.EventFailed, support.EventOpened),
			rule: finishChange,
		},
		{
			Step: StepVoidLabel, Kind: Ask, Asks: KindCarrier, On: on(shipping.EventVoidRequested),
			Until: on(shipping.EventVoided, shipping.EventVoidRefused),
			Does:  "give the label back to the carrier", Leads: on(EventStuck, support.EventOpened),
			rule: openLabelVoid, ask: askCarrier,
			Ways: []Way{WayRetry},
		},
		{
			Step: StepRefuseCancel, Kind: Rule, On: on(shipping.EventVoidRefused, shipping.EventShipped), Guard: cancelling,
			Does: "the parcel is on its way already: it is too late to cancel", Leads: on(order.EventCancelRefused),
			rule: refuseCancel,
		},
		{
			Step: StepReleaseStock, Kind: Rule, On: on(order.EventFailed, order.EventCancelled, shipping.EventVoided, shipping.EventFailed, shipping.EventUnpacked), Guard: goodsNotNeeded,
			Does: "what was reserved and is in no parcel that may leave is free again", Leads: on(inventory.EventReleased),
			rule: releaseStock,
		},
		{
			Step: StepRecall, Kind: Rule, On: on(order.EventFailed, shipping.EventLabelBought, shipping.EventLabelRefused), Guard: failedParcelHere,
			Does: "a label that will not be used is given back, and a parcel that has none is not sent", Leads: on(shipping.EventVoidRequested, shipping.EventVoided),
			rule: recallLabels,
		},
		{
			Step: StepGiveBack, Kind: Rule, On: on(order.EventFailed, order.EventCancelled, payment.EventSucceeded), Guard: moneyHeld,
			Does: "money that was taken is refunded, money that was authorised is let go, and what was still to be paid is not", Leads: on(payment.EventRefundOpened, payment.EventCanceled),
			rule: giveBack,
		},
		{
			Step: StepVoidPayment, Kind: Ask, Asks: KindGateway, Guard: authorisationLeft, about: thePayment,
			On:    on(order.EventFailed, order.EventCancelled, payment.EventCaptureFailed, payment.EventExpired, payment.EventRenewed, payment.EventRenewalDeclined),
			Until: on(payment.EventCanceled),
			Does:  "give up the authorisation at the gateway", Leads: on(payment.EventUnknown, EventStuck, support.EventOpened),
			rule: openForAll(payment.OpVoid), ask: askGateway,
			Ways: []Way{WayRetry}, Else: "record that the authorisation is gone",
		},
		{
			Step: StepRefund, Kind: Ask, Asks: KindGateway, On: on(payment.EventRefundOpened), Guard: refundToMake,
			Until: on(payment.EventRefundSucceeded, payment.EventRefundFailed),
			Does:  "ask the gateway to give the money back, attempt by attempt", Leads: on(payment.EventRefundUnknown, payment.EventRefundDeclined, EventStuck, support.EventOpened),
			rule: openRefundAttempt, ask: askGateway,
			Ways: []Way{WayRetry}, Else: "record that the money was given back",
		},
		{
			Step: StepAwaitRefund, Kind: Wait, On: on(payment.EventRefundOpened), Guard: refundByPerson,
			Until: on(payment.EventRefundSucceeded, payment.EventRefundCanceled),
			Does:  "wait until a person has given back what was paid elsewhere; when it is late, tell a person", Leads: on(support.EventOpened),
			due: awaitPaymentDue, lapse: refundLate,
			Ways: []Way{WayRetry}, Else: "record that the money was given back, or take the refund back",
		},
		{
			Step: StepCheckRefund, Kind: Ask, Asks: KindGateway, On: on(payment.EventRefundSucceeded), Guard: refundAtGateway,
			Until: on(payment.EventRefundConfirmed, payment.EventRefundFailed),
			Does:  "ask the gateway later whether the money has stayed with the customer, and went there once",
			Leads: on(payment.EventRefundOpened, payment.EventRefundSucceeded, EventStuck, support.EventOpened),
			due:   checkRefundDue, ask: askWhetherRefunded,
			Ways: []Way{WayRetry, WaySkip}, Else: "say that the refund did not reach the customer", skip: skipCheckRefund,
		},
	}
}

// ticketRows are the rows of customer support.
func ticketRows() []Row {
	return []Row{
		{
			Step: StepReport, Kind: Rule, On: on(order.EventFailed), Guard: wasPaid, about: theOrder,
			Does: "open a ticket for an order that failed after it was paid for", Leads: on(support.EventOpened),
			rule: reportFailure,
		},
		{
			Step: StepReportRefund, Kind: Rule, On: on(payment.EventRefundOpened), Guard: refundByPerson, about: theOrder,
			Does: "open a ticket for money that a person has to give back", Leads: on(support.EventOpened),
			rule: reportRefund,
		},
		{
			Step: StepSolveRefund, Kind: Rule, On: on(payment.EventRefundCanceled), Guard: refundTold,
			Does: "a ticket that told a person of a refund is solved when that is not to be made", Leads: on(support.EventSolved),
			rule: solveRefund,
		},
		{
			Step: StepReportFailing, Kind: Rule, On: on(payment.EventRefundFailed), about: theOrder,
			Does: "open a ticket for a refund that did not reach the customer", Leads: on(support.EventOpened),
			rule: reportFailedRefund,
		},
		{
			Step: StepReportUnpaid, Kind: Rule, On: on(shipping.EventTracked), Guard: goneUnpaid, about: theOrder,
			Does: "tell a person of a parcel that the carrier has before its money is taken", Leads: on(support.EventOpened),
			rule: reportUnpaid,
		},
		{
			Step: StepReportStuck, Kind: Rule, On: on(EventStuck), about: theOrder,
			Does: "open a ticket for a step that has used up its tries", Leads: on(support.EventOpened),
			rule: reportStuck,
		},
		{
			Step: StepReportVoid, Kind: Rule, On: on(shipping.EventVoidRefused), Guard: hasFailed,
			Does: "open a ticket for a parcel that left although its order is over", Leads: on(support.EventOpened),
			rule: reportLostLabel,
		},
		{
			Step: StepDecide, Kind: Rule, On: on(support.EventOpened),
			Does: "decide what a ticket calls for, and do it",
			Leads: on(support.EventSolved, support.EventWaiting, support.EventEscalated, support.EventProposed, order.EventCancelRequested, order.EventHeld,
				order.EventChangeRequested, payment.EventRefundOpened, shipping.EventReplaced, shipping.EventReturnAuthorised),
			rule: decideTicket,
		},
		{
			Step: StepDecideAgain, Kind: Rule, Guard: ticketWaits,
			On: on(order.EventCancelRequested, order.EventCancelled, order.EventCancelRefused, order.EventChanged, order.EventChangeRefused, payment.EventRefundSucceeded, payment.EventRefundFailed, payment.EventRefundCanceled, payment.EventCanceled,
				payment.EventAuthorised, payment.EventSucceeded, payment.EventDeclined, payment.EventFailed, shipping.EventShipped, shipping.EventReplaced,
				shipping.EventReturnReceived, shipping.EventReturnCanceled, shipping.EventReturnExpired, EventStuck),
			Does:  "decide again about tickets that waited for the order to move",
			Leads: on(support.EventSolved, support.EventWaiting, support.EventEscalated),
			rule:  decideAgain,
		},
		{
			Step: StepCloseTicket, Kind: Wait, On: on(support.EventSolved),
			Until: on(support.EventMessaged, support.EventReopened, support.EventClosed),
			Does:  "close a solved ticket when no one has replied, and nothing of its order is owed", Leads: nil,
			due: closeTicketDue, lapse: closeTicket,
			Ways: []Way{WayRetry, WaySkip}, skip: skipClose,
		},
	}
}

// EventStuck says that a step has used up its tries and waits for a person.
const EventStuck event.Type = "order.stuck"

// The events of charges that are not the order's own.
const (
	// EventStray says that an attempt succeeded after it was closed as one that did not.
	EventStray event.Type = "order.stray_charge"
	// EventUndone says that such a charge was given up, or its money given back.
	EventUndone event.Type = "order.charge_undone"
	// EventLookedAgain says that the gateway was asked once more about attempts of
	// an order that is over.
	EventLookedAgain event.Type = "order.looked_again"
)

// EventNotAsked says of an order that is to be changed that a step waits which no one
// has begun, though it was tried: the change waits for it no longer.
const EventNotAsked event.Type = "order.not_asked"

// EventAttributed says that money which went back before was for a parcel that does
// not arrive, as a person says.
const EventAttributed event.Type = "order.refund_attributed"

// EventRetried says that a person has had stuck steps tried again.
const EventRetried event.Type = "order.retried"

func on(types ...event.Type) []event.Type { return types }
