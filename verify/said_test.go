package verify_test

import "doorstep/verify"

// saidCorruptions make a row say something else than the events do, or put off
// what is to be done for good.
var saidCorruptions = []corruption{
	{"more tax than there is on the lines and the shipping", []string{`UPDATE orders SET tax = tax + 1, total = total + 1 WHERE id = '{out of stock}'`},
		[]named{{verify.Totals, "{out of stock}"}, {verify.Allotment, "{out of stock}"}}},
	{"less tax on the shipping", []string{`UPDATE orders SET shipping_tax = shipping_tax - 1 WHERE id = '{delivered}'`}, one(verify.Totals, "{delivered}")},

	{"paid at another gateway", []string{`UPDATE payments SET gateway = 'made up' WHERE order_id = '{delivered}'`}, one(verify.PaymentGateway, "{delivered}")},
	{"placed with another payment", []string{`UPDATE events SET data = REPLACE(data, '"payment":"pay', '"payment":"gone') WHERE subject = '{delivered}' AND version = 1`},
		one(verify.PaymentGateway, "{delivered}")},
	{"what it was placed with can not be read", []string{`UPDATE events SET data = '' WHERE subject = '{delivered}' AND version = 1`},
		[]named{{verify.PaymentGateway, "{delivered}"}, {verify.Impossible, "{delivered}"}}},

	{"an SKU is renamed", []string{`UPDATE skus SET name = 'Another' WHERE sku = 'CUP'`}, one(verify.Defined, "CUP")},
	{"an SKU is dearer", []string{`UPDATE skus SET price = price + 1 WHERE sku = 'CUP'`}, one(verify.Defined, "CUP")},
	{"an SKU has another currency", []string{`UPDATE skus SET currency = 'EUR' WHERE sku = 'LAMP'`}, one(verify.Defined, "LAMP")},
	{"an SKU is heavier", []string{`UPDATE skus SET weight_grams = weight_grams + 1 WHERE sku = 'POT'`}, one(verify.Defined, "POT")},
	{"what an SKU is can not be read", []string{`UPDATE events SET data = '' WHERE subject = 'POT' AND type = 'sku.defined'`}, one(verify.Defined, "POT")},

	{"a ticket about something else", []string{`UPDATE tickets SET category = 'damaged' WHERE id = '{explained}'`}, one(verify.TicketCategory, "{explained}")},
	{"a ticket without an order about something else", []string{`UPDATE tickets SET category = 'damaged' WHERE id = '{talk}'`}, one(verify.TicketCategory, "{talk}")},
	{"an event of a ticket says another category", []string{`UPDATE events SET data = REPLACE(data, '"other"', '"damaged"') WHERE entity = '{talk}' AND version = 2`},
		one(verify.TicketCategory, "{talk}")},
	{"a ticket with another reason", []string{`UPDATE tickets SET reason = 'no_order' WHERE id = '{explained}'`}, one(verify.TicketReason, "{explained}")},
	{"a ticket without an order with another reason", []string{`UPDATE tickets SET reason = 'step_stuck' WHERE id = '{talk}'`}, one(verify.TicketReason, "{talk}")},

	{"an attempt in no status", []string{`UPDATE payment_attempts SET status = 'made up' WHERE order_id = '{declined}'`},
		[]named{{verify.AttemptStatus, of(paymentOf, "declined")}, {verify.AttemptStatus, of(paymentOf, "declined")}}},
	{"an attempt at a label in no status", []string{`UPDATE label_attempts SET status = '' WHERE order_id = '{refused}'`},
		[]named{{verify.AttemptStatus, of(shipmentOf, "refused")}, {verify.AttemptStatus, of(shipmentOf, "refused")}}},
	{"an attempt that ended and has no end", []string{`UPDATE payment_attempts SET closed_at = 0 WHERE order_id = '{declined}'`},
		one(verify.AttemptStatus, of(paymentOf, "declined"))},
	{"an attempt that ended otherwise", []string{`UPDATE payment_attempts SET status = 'expired' WHERE order_id = '{declined}'`},
		one(verify.AttemptStatus, of(paymentOf, "declined"))},
	{"the last attempt is lost", []string{`DELETE FROM payment_attempts WHERE order_id = '{declined}'`}, one(verify.AttemptStatus, of(paymentOf, "declined"))},
	{"the last attempt after another is lost", []string{`DELETE FROM payment_attempts WHERE order_id = '{declined softly}' AND n = 3`},
		[]named{{verify.AttemptStatus, of(paymentOf, "declined softly")}, {verify.AttemptStatus, of(paymentOf, "declined softly")}}},
	{"an attempt that was given up before it was asked is lost", []string{`DELETE FROM payment_attempts WHERE order_id = '{withdrawn}' AND status = 'withdrawn'`},
		[]named{{verify.AttemptStatus, of(paymentOf, "withdrawn")}, {verify.AttemptStatus, of(paymentOf, "withdrawn")}}},
	{"the last attempt at a label is lost", []string{`DELETE FROM label_attempts WHERE order_id = '{refused}'`}, one(verify.AttemptStatus, of(shipmentOf, "refused"))},

	{"a step waits for a person who was not told", []string{`UPDATE work SET state = 'stuck' WHERE owner = '{labelled}'`, `UPDATE orders SET next_due = 0 WHERE id = '{labelled}'`},
		one(verify.Untold, "{labelled}")},
	{"the process holds an order and has told no one", []string{`UPDATE orders SET held = 'rule_amount', held_at = 1 WHERE id = '{labelled}'`},
		[]named{{verify.Untold, "{labelled}"}, {verify.Facets, "{labelled}"}, {verify.Times, "{labelled}"}}},
	{"due in a hundred years", []string{`UPDATE work SET due = due + 3155760000000000 WHERE owner = '{labelled}'`,
		`UPDATE orders SET next_due = next_due + 3155760000000000 WHERE id = '{labelled}'`}, one(verify.FarOff, "{labelled}")},
	{"leased for a hundred years", []string{`UPDATE work SET lease = 'made up', lease_until = due + 3155760000000000 WHERE owner = '{labelled}'`},
		one(verify.FarOff, "{labelled}")},
	{"late since a time to come", []string{`UPDATE work SET overdue = due + 1 WHERE owner = '{labelled}'`}, one(verify.FarOff, "{labelled}")},
	{"a step of a ticket without an order, in a hundred years", []string{step("{talk}"), `UPDATE work SET due = 3155760000000000 + 3155760000000000 WHERE owner = '{talk}'`},
		[]named{{verify.FarOff, "{talk}"}, {verify.StrayStep, "{talk}"}}},
}
