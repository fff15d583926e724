package verify_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"doorstep/clock"
	"doorstep/internal/db"
	"doorstep/internal/db/dbtest"
	"doorstep/verify"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "modernc.org/sqlite"             // the driver sqlite
)

// named is a violation that is to be found: its kind, and its subject or a
// query for it.
type named struct {
	kind    verify.Kind
	subject string
}

// corruption breaks one rule by SQL. In it and in its subjects, {purpose} is the
// identifier of an order or ticket of the shop. What is found is exactly the
// named violations, of which the first is what the corruption is for.
type corruption struct {
	name string
	sql  []string
	want []named
}

// kind is what the corruption is for.
func (c corruption) kind() verify.Kind { return c.want[0].kind }

func one(kind verify.Kind, subject string) []named { return []named{{kind, subject}} }

const (
	paymentOf  = `SELECT id FROM payments WHERE order_id = '%s'`
	refundOf   = `SELECT id FROM refunds WHERE order_id = '%s'`
	returnOf   = `SELECT id FROM returns WHERE order_id = '%s'`
	shipmentOf = `SELECT id FROM shipments WHERE order_id = '%s'`
)

func of(query, purpose string) string { return fmt.Sprintf(query, "{"+purpose+"}") }

// corruptions are all that is done to a shop, each to a copy of its own.
var corruptions = slices.Concat(historyCorruptions, orderCorruptions, moneyCorruptions, parcelCorruptions, returnCorruptions, exchangeCorruptions, stockCorruptions, stepCorruptions, saidCorruptions)

var historyCorruptions = []corruption{
	{"the row is ahead of its events", []string{`UPDATE orders SET version = version + 1 WHERE id = '{delivered}'`}, one(verify.Version, "{delivered}")},
	{"an event is lost", []string{`DELETE FROM events WHERE subject = '{delivered}' AND version = 3`}, one(verify.Version, "{delivered}")},
	{"a ticket is ahead of its events", []string{`UPDATE tickets SET version = version + 1 WHERE id = '{explained}'`}, one(verify.Version, "{explained}")},
	{"a ticket without an order is too", []string{`UPDATE tickets SET version = version + 1 WHERE id = '{talk}'`}, one(verify.Version, "{talk}")},
	{"an event of an SKU is lost", []string{`DELETE FROM events WHERE subject = 'CUP' AND version = 2`}, one(verify.Version, "CUP")},
	{"a delivered order was cancelled", []string{`UPDATE events SET type = 'order.cancelled' WHERE subject = '{delivered}' AND type = 'order.noted'`},
		one(verify.Impossible, "{delivered}")},
	{"another failure", []string{`UPDATE orders SET failure = 'shipping_failed' WHERE id = '{declined}'`}, one(verify.Facets, "{declined}")},
	{"another status", []string{`UPDATE orders SET status = 'paid' WHERE id = '{unpaid}'`},
		[]named{{verify.Status, "{unpaid}"}, {verify.KeptCount, "orders.paid"}, {verify.KeptCount, "orders.processed"}}},
	{"an event says another status", []string{`UPDATE events SET status = 'processed' WHERE subject = '{delivered}' AND type = 'shipment.shipped'`},
		one(verify.EventStatus, "{delivered}")},
	{"an event of the order says another change", []string{`UPDATE events SET to_state = 'paid' WHERE subject = '{delivered}' AND version = 1`},
		one(verify.EventStatus, "{delivered}")},
	{"a payment's event begins elsewhere", []string{`UPDATE events SET from_state = 'requires_capture' WHERE subject = '{delivered}' AND type = 'payment.succeeded'`},
		one(verify.History, of(paymentOf, "delivered"))},
	{"a shipment's event leads elsewhere", []string{`UPDATE events SET to_state = 'failed' WHERE subject = '{delivered}' AND type = 'shipment.delivered'`},
		one(verify.History, of(shipmentOf, "delivered"))},
	{"a refund's event has no step in its table", []string{`UPDATE events SET type = 'refund.made_up' WHERE subject = '{owed}' AND type = 'refund.opened'`},
		[]named{{verify.History, `SELECT id FROM refunds WHERE order_id = '{owed}'`}, {verify.Facets, "{owed}"}, {verify.Sums, "{owed}"}}},
	{"a ticket's event begins elsewhere", []string{`UPDATE events SET from_state = 'closed' WHERE subject = '{talk}' AND version = 2`}, one(verify.History, "{talk}")},
	{"a ticket is elsewhere", []string{`UPDATE tickets SET status = 'open' WHERE id = '{talk}'`},
		[]named{{verify.State, "{talk}"}, {verify.KeptCount, "tickets.open"}, {verify.KeptCount, "tickets.pending"}}},
	{"placed earlier", []string{`UPDATE orders SET placed_at = placed_at - 1 WHERE id = '{delivered}'`}, one(verify.Times, "{delivered}")},
	{"to be paid since later", []string{`UPDATE payments SET opened_at = opened_at + 1 WHERE order_id = '{delivered}'`}, one(verify.Times, of(paymentOf, "delivered"))},
	{"an event about nothing", []string{`UPDATE events SET entity = 'ord_gone' WHERE subject = '{delivered}' AND type = 'order.noted'`}, one(verify.Orphan, "ord_gone")},
}

var orderCorruptions = []corruption{
	{"a dearer line", []string{`UPDATE order_lines SET unit_price = unit_price + 1, total = total + quantity WHERE order_id = '{delivered}' AND line = 2`},
		one(verify.Totals, "{delivered}")},
	{"a line that was discounted more", []string{`UPDATE order_lines SET discount = discount + 1 WHERE order_id = '{delivered}' AND line = 2`},
		one(verify.Allotment, "{delivered}")},
	{"one open ticket more", []string{`UPDATE orders SET open_tickets = open_tickets + 1 WHERE id = '{delivered}'`}, one(verify.OpenTickets, "{delivered}")},
	{"due later", []string{`UPDATE orders SET next_due = next_due + 1 WHERE id = '{labelled}'`}, one(verify.NextDue, "{labelled}")},
	{"a count too many", []string{`UPDATE counts SET n = n + 1 WHERE name = 'orders.delivered' AND shard = (SELECT MIN(shard) FROM counts WHERE name = 'orders.delivered')`},
		one(verify.KeptCount, "orders.delivered")},
	{"a figure of what has not happened", []string{`INSERT INTO figures (span, at, what, key, n) VALUES ('day', 86400000000, 'failed', 'made_up', 2)`},
		one(verify.Figures, "day 1970-01-02T00:00:00Z failed made_up")},
	{"a count of what is not there", []string{`INSERT INTO counts (name, shard, n) VALUES ('tickets.made_up', 0, 2)`}, one(verify.KeptCount, "tickets.made_up")},
	{"lines of no shipment", []string{`INSERT INTO shipment_lines (order_id, shipment_id, line, sku, quantity) VALUES ('{delivered}', 'shp_gone', 1, 'CUP', 1)`},
		one(verify.Orphan, "shp_gone")},
	{"lines of another order's shipment", []string{`UPDATE shipment_lines SET order_id = '{carried}' WHERE order_id = '{delivered}'`},
		[]named{{verify.Orphan, of(shipmentOf, "delivered")}, {verify.ShipmentLines, of(shipmentOf, "delivered")}, {verify.Parcel, "{delivered}"}, {verify.OrderMovements, "{delivered}"}}},
	{"scans of another order's shipment", []string{
		`INSERT INTO scans (order_id, shipment_id, scan_id, status, at, seen_at, place, detail)
			SELECT '{carried}', id, 's', 'pre_transit', 0, 0, '', '' FROM shipments WHERE order_id = '{delivered}'`,
	}, one(verify.Orphan, of(shipmentOf, "delivered"))},
	{"an attempt for no refund", []string{`UPDATE payment_attempts SET refund_id = 'rfd_gone' WHERE order_id = '{called back}' AND op = 'refund'`},
		one(verify.Orphan, `SELECT key FROM payment_attempts WHERE order_id = '{called back}' AND op = 'refund'`)},
	{"a contact of no order", []string{`INSERT INTO order_contacts (order_id, name, mail, phone, ship_to, bill_to) VALUES ('ord_gone', '', '', '', '{}', '')`},
		one(verify.Orphan, "ord_gone")},
	{"a location is lost", []string{`DELETE FROM locations WHERE id = 'annex'`}, one(verify.Orphan, "LAMP")},
	{"a parcel from nowhere", []string{`UPDATE shipments SET location = 'gone' WHERE order_id = '{labelled}'`}, one(verify.Orphan, of(shipmentOf, "labelled"))},
	{"reserved nowhere", []string{`UPDATE reservations SET location = 'gone' WHERE order_id = '{labelled}'`},
		[]named{{verify.Orphan, "CUP"}, {verify.StockReserved, "CUP"}, {verify.StockReserved, "CUP"}, {verify.OrderMovements, "{labelled}"}}},
	{"another hold was ended by a cancel", []string{`UPDATE events SET data = replace(data, 'made_up', 'other') WHERE subject = '{too late}' AND type = 'order.cancel_requested'`},
		one(verify.HoldKept, "{too late}")},
	{"held for something else when it was too late to cancel", []string{`UPDATE events SET data = replace(data, 'made_up', 'other') WHERE subject = '{too late}' AND type = 'order.held' AND actor = 'process'`},
		one(verify.HoldKept, "{too late}")},
	{"a parcel that had gone before its money was taken, and no one was told", []string{`UPDATE events SET data = replace(data, '"tracking":"in_transit"', '"unpaid":true') WHERE subject = '{delivered}' AND type = 'shipment.tracked'`},
		one(verify.Untold, "{delivered}")},
	{"a change that no one asked for", []string{`INSERT INTO order_edits (order_id, at, actor, body) VALUES ('{labelled}', 0, '', '{}')`}, one(verify.PendingEdit, "{labelled}")},
	{"a change that waits for what waits for it", []string{`UPDATE work SET state = 'held' WHERE owner = '{to be changed}' AND state = 'ready'`,
		`UPDATE orders SET next_due = 0 WHERE id = '{to be changed}'`}, one(verify.PendingEdit, "{to be changed}")},
	{"what is withdrawn is not sent anew", []string{`UPDATE order_edits SET body = REPLACE(body, 'shp_', 'gone_') WHERE order_id = '{no longer sent anew}'`}, one(verify.PendingEdit, "{no longer sent anew}")},
	{"a change of no order", []string{`INSERT INTO order_edits (order_id, at, actor, body) VALUES ('ord_gone', 0, '', '{}')`}, one(verify.Orphan, "ord_gone")},
	{"a unit that is no longer wanted", []string{`UPDATE order_lines SET cancelled = 1 WHERE order_id = '{unpaid}' AND line = 1`},
		[]named{{verify.Totals, "{unpaid}"}, {verify.StockFacet, "{unpaid}"}}},
	{"no one knows where it is to go", []string{`DELETE FROM order_contacts WHERE order_id = '{labelled}'`}, one(verify.Contact, "{labelled}")},
	{"no one says that who ordered was erased", []string{`DELETE FROM order_contacts WHERE order_id = '{delivered}'`}, one(verify.Contact, "{delivered}")},
	{"who ordered was erased, and is known", []string{`UPDATE events SET type = 'order.forgotten' WHERE subject = '{delivered}' AND type = 'order.noted'`}, one(verify.Contact, "{delivered}")},
	{"a number that is there already", []string{`UPDATE order_numbers SET next = (SELECT MAX(number) FROM orders)`}, one(verify.Numbers, "orders")},
	{"the next number is lost", []string{`DELETE FROM order_numbers`}, one(verify.Numbers, "orders")},
	{"a policy that could not be set", []string{inForce(`REPLACE(doc, 'at_once', 'made_up')`)}, one(verify.Policy, policyInForce)},
	{"a policy that can not be read", []string{inForce(`SUBSTR(doc, 2)`)}, one(verify.Policy, policyInForce)},
	{"a refund of no order", []string{refund("ord_gone")}, one(verify.Orphan, "ord_gone")},
	{"a refund of what is not even named like one", []string{refund("gone")}, one(verify.Orphan, "gone")},
	{"a refund of no payment", []string{refund("{delivered}")}, []named{{verify.Orphan, "rfd_x"}, {verify.State, "rfd_x"}, {verify.Credits, "rfd_x"}}},
	{"a line of no refund", []string{`INSERT INTO refund_lines (order_id, refund_id, line, quantity, amount, cause) VALUES ('{delivered}', 'rfd_x', 1, 1, 1, '')`}, one(verify.Orphan, "rfd_x")},
	{"a ticket about no order", []string{
		`INSERT INTO tickets (id, order_id, category, status, version, messages, reason, assignee, proposed, remedy, holds, opened_by, opened_at, updated_at, waits_from)
			VALUES ('tkt_x', 'gone', 'other', 'closed', 1, 0, '', '', '', '', '', 'operator', 0, 0, 0)`,
		`INSERT INTO counts (name, shard, n) VALUES ('tickets.closed', 77, 1)`,
	}, one(verify.Orphan, "tkt_x")},
	{"an event of no order", []string{
		`INSERT INTO events (subject, version, entity, type, from_state, to_state, status, actor, at, data) VALUES ('ord_gone', 1, 'ord_gone', 'order.noted', '', '', '', '', 0, '')`,
	}, one(verify.Orphan, "ord_gone")},
	{"an event of no ticket", []string{
		`INSERT INTO events (subject, version, entity, type, from_state, to_state, status, actor, at, data) VALUES ('tkt_gone', 1, 'tkt_gone', 'ticket.closed', '', '', '', '', 0, '')`,
	}, one(verify.Orphan, "tkt_gone")},
	{"stock of no SKU", []string{`INSERT INTO stock_levels (sku, location, on_hand, reserved) VALUES ('GONE', 'main', 1, 0)`}, one(verify.Orphan, "GONE")},
}

const policyInForce = `SELECT 'policy ' || MAX(version) FROM policies`

// inForce changes the document of the policy in force.
func inForce(doc string) string {
	return `UPDATE policies SET doc = ` + doc + ` WHERE version = (SELECT MAX(version) FROM policies)`
}

func refund(of string) string {
	return `INSERT INTO refunds (id, payment_id, order_id, amount, status, reason, pays, opened_at, closed_at) VALUES ('rfd_x', 'pay_x', '` + of + `', 1, 'made_up', '', '', 0, 0)`
}

var moneyCorruptions = []corruption{
	{"a payment that is due", []string{`UPDATE orders SET payment = 'due' WHERE id = '{declined}'`},
		[]named{{verify.PaymentFacet, "{declined}"}, {verify.Facets, "{declined}"}}},
	{"another currency", []string{`UPDATE payments SET currency = 'EUR' WHERE order_id = '{unpaid}'`}, one(verify.PaymentAmount, "{unpaid}")},
	{"another amount", []string{`UPDATE payments SET amount = amount + 1 WHERE order_id = '{unpaid}'`}, one(verify.PaymentAmount, "{unpaid}")},
	{"captured less", []string{
		`UPDATE payments SET captured = captured - 1 WHERE order_id = '{labelled}'`, `UPDATE payment_attempts SET amount = amount - 1 WHERE order_id = '{labelled}'`,
	}, []named{{verify.Captured, of(paymentOf, "labelled")}, {verify.PaymentFacet, "{labelled}"}}},
	{"gave back less", []string{
		`UPDATE payments SET refunded = refunded - 1 WHERE order_id = '{called back}'`,
		`UPDATE payment_attempts SET amount = amount - 1 WHERE order_id = '{called back}' AND op = 'refund'`,
	}, []named{{verify.Refunded, of(paymentOf, "called back")}, {verify.PaymentFacet, "{called back}"}}},
	{"gives back too much", []string{`UPDATE refunds SET amount = amount + 1 WHERE order_id = '{owed}'`}, []named{{verify.OverRefunded, of(paymentOf, "owed")}, {verify.PaymentFacet, "{owed}"}, {verify.Credits, of(refundOf, "owed")}}},
	{"keeps a penny", []string{`UPDATE refunds SET amount = amount - 1 WHERE order_id = '{owed}'`}, []named{{verify.MoneyKept, "{owed}"}, {verify.PaymentFacet, "{owed}"}, {verify.Credits, of(refundOf, "owed")}}},
	{"no one is told of money that came back", []string{`UPDATE tickets SET status = 'closed' WHERE order_id = '{bounced}'`},
		[]named{{verify.MoneyKept, "{bounced}"}, {verify.OpenTickets, "{bounced}"}, {verify.State, `SELECT id FROM tickets WHERE order_id = '{bounced}'`}, {verify.KeptCount, "tickets.open"}, {verify.KeptCount, "tickets.closed"}}},
	{"a line's money is not given back", []string{`UPDATE order_lines SET credited = credited - 1 WHERE order_id = '{owed}'`}, one(verify.Credits, "{owed}")},
	{"money is given back for more units than there are", []string{`UPDATE refund_lines SET quantity = quantity + 1 WHERE order_id = '{owed}'`}, one(verify.Credits, "{owed}")},
	{"a refund is for nothing of the order", []string{`UPDATE refund_lines SET cause = 'ret_gone' WHERE order_id = '{owed}'`}, one(verify.Credits, of(refundOf, "owed"))},
	{"money is kept for what was taken out", []string{`UPDATE order_lines SET cancelled = 1 WHERE order_id = '{delivered}' AND line = 1`}, []named{{verify.MoneyKept, "{delivered}"}, {verify.Totals, "{delivered}"}, {verify.ShipmentLines, "{delivered}"}}},
	{"a refund is of a line that there is not", []string{`UPDATE refund_lines SET line = 7 WHERE order_id = '{owed}'`, `UPDATE order_lines SET credited = 0 WHERE order_id = '{owed}'`}, one(verify.Credits, "{owed}")},
	{"a line has a part too much of the total", []string{`UPDATE order_lines SET amount = amount + 1 WHERE order_id = '{delivered}' AND line = 2`}, one(verify.Allotment, "{delivered}")},
	{"no one asks whether a refund stands", []string{`DELETE FROM work WHERE owner = '{delivered}' AND step = 'check_refund'`, `UPDATE orders SET next_due = 0 WHERE id = '{delivered}'`},
		one(verify.NoNextStep, "{delivered}")},
	{"an attempt is lost", []string{`DELETE FROM payment_attempts WHERE order_id = '{declined softly}' AND n = 2`},
		[]named{{verify.PaymentAttempts, of(paymentOf, "declined softly")}, {verify.AttemptStatus, of(paymentOf, "declined softly")}, {verify.AttemptStatus, of(paymentOf, "declined softly")}}},
	{"an attempt took less", []string{`UPDATE payment_attempts SET amount = amount - 1 WHERE order_id = '{delivered}'`},
		one(verify.PaymentAttempts, of(paymentOf, "delivered"))},
	{"captured but not authorised", []string{`UPDATE payment_attempts SET amount = amount - 1 WHERE order_id = '{captured late}' AND op = 'authorise'`},
		one(verify.PaymentAttempts, of(paymentOf, "captured late"))},
	{"another authorisation", []string{`UPDATE payments SET ref = 'made up' WHERE order_id = '{delivered}'`},
		one(verify.PaymentAttempts, of(paymentOf, "delivered"))},
	{"handed over before it was captured", swapped("{captured late}", "payment.succeeded", "shipment.shipped"),
		[]named{{verify.UnpaidHandOver, "{captured late}"}, {verify.Impossible, "{captured late}"}}},
	{"handed over for less", []string{
		`UPDATE payments SET amount = amount - 1, captured = captured - 1 WHERE order_id = '{under way}'`,
		`UPDATE payment_attempts SET amount = amount - 1 WHERE order_id = '{under way}'`,
	}, []named{{verify.UnpaidHandOver, "{under way}"}, {verify.PaymentAmount, "{under way}"}, {verify.PaymentFacet, "{under way}"}}},
	{"two questions at once", []string{
		`DROP INDEX IF EXISTS payment_attempts_open`,
		`INSERT INTO payment_attempts (key, payment_id, order_id, n, op, amount, refund_id, charge, status, ref, decline, opened_at, key_until, closed_at)
			SELECT 'att_x', payment_id, order_id, n + 1, op, amount, '', '', status, '', '', 0, 0, 0 FROM payment_attempts WHERE order_id = '{unpaid}'`,
	}, one(verify.TwoOpenAttempts, of(paymentOf, "unpaid"))},
	{"a question that is no longer open", []string{`UPDATE payment_attempts SET status = 'withdrawn', closed_at = 1 WHERE order_id = '{unpaid}'`}, one(verify.AttemptStep, "{unpaid}")},
	{"a wait without an end", []string{`DELETE FROM work WHERE owner = '{waits for payment}' AND step = 'expire_payment'`},
		one(verify.UnpaidEnd, of(paymentOf, "waits for payment"))},
	{"let go while it may be paid", []string{
		`INSERT INTO payment_attempts (key, payment_id, order_id, n, op, amount, refund_id, charge, status, ref, decline, opened_at, key_until, closed_at)
			SELECT 'att_x', id, order_id, 1, 'authorise', amount, '', '', 'unknown', '', '', 0, 0, 0 FROM payments WHERE order_id = '{not paid in time}'`,
	}, []named{{verify.UnpaidEnd, "{not paid in time}"}, {verify.AttemptStep, "{not paid in time}"}}},
	{"an authorisation that no one looks after", []string{
		`DELETE FROM work WHERE owner = '{authorised}' AND step = 'keep_authorisation'`,
		`UPDATE orders SET next_due = (SELECT MIN(due) FROM work WHERE owner = '{authorised}') WHERE id = '{authorised}'`,
	},
		one(verify.AuthorisationEnd, of(paymentOf, "authorised"))},
	{"an authorisation that was replaced is kept", []string{`DELETE FROM payment_attempts WHERE order_id = '{renewed}' AND op = 'release'`},
		[]named{{verify.Undone, "{renewed}"}, {verify.PaymentAttempts, of(paymentOf, "renewed")}}},
	{"a charge that is not given back", []string{`DELETE FROM payment_attempts WHERE order_id = '{charged, as it turns out}' AND op = 'reverse'`},
		one(verify.Undone, "{charged, as it turns out}")},
	{"given back twice", []string{
		`DROP INDEX IF EXISTS payment_attempts_undo`,
		`INSERT INTO payment_attempts (key, payment_id, order_id, n, op, amount, refund_id, charge, status, ref, decline, opened_at, key_until, closed_at)
			SELECT 'att_x', payment_id, order_id, n + 1, op, amount, '', charge, status, '', '', 0, 0, 1
			FROM payment_attempts WHERE order_id = '{charged, as it turns out}' AND op = 'reverse'`,
	}, one(verify.Undone, "{charged, as it turns out}")},
	{"the order's own charge is given back", []string{
		`INSERT INTO payment_attempts (key, payment_id, order_id, n, op, amount, refund_id, charge, status, ref, decline, opened_at, key_until, closed_at)
			SELECT 'att_x', payment_id, order_id, n + 1, 'reverse', amount, '', ref, 'succeeded', '', '', 0, 0, 1
			FROM payment_attempts WHERE order_id = '{under way}'`,
	}, one(verify.Undone, "{under way}")},
	{"a question that no one asks", []string{`UPDATE payment_attempts SET status = 'unknown', closed_at = 0 WHERE order_id = '{declined}'`},
		[]named{{verify.AttemptStep, "{declined}"}, {verify.AttemptStatus, of(paymentOf, "declined")}}},
}

// swapped puts the event of one type behind that of another, which follows it.
func swapped(order, first, second string) []string {
	at := `UPDATE events SET version = version %+d%s WHERE subject = '` + order + `' AND type = '%s'`
	return []string{
		fmt.Sprintf(at, 1000, ``, first), fmt.Sprintf(at, -1, ``, second), fmt.Sprintf(at, -999, `, status = 'shipped'`, first),
	}
}

var parcelCorruptions = []corruption{
	{"a parcel that is nowhere", []string{`UPDATE orders SET left_house = left_house - 1 WHERE id = '{carried}'`},
		[]named{{verify.FulfilmentFacet, "{carried}"}, {verify.Sums, "{carried}"}, {verify.StockFacet, "{carried}"}, {verify.MissingStock, "{carried}"}}},
	{"sums of another order", []string{`UPDATE orders SET units = units + 1 WHERE id = '{declined}'`},
		[]named{{verify.Sums, "{declined}"}, {verify.Totals, "{declined}"}}},
	{"a second parcel", []string{
		`INSERT INTO shipments (id, order_id, location, carrier, service, leaves, units, weight_grams, status, tracking, tracking_number, label_ref, cost, cost_currency,
			planned_at, shipped_at, delivered_at, scanned_at, astray_at, replaced_at)
			SELECT 'shp_x', order_id, location, 'manual', service, 'at_once', units, 0, 'label_bought', 'unknown', '', '', 0, '', 0, 0, 0, 0, 0, 0 FROM shipments WHERE order_id = '{delivered}'`,
	}, []named{{verify.FulfilmentFacet, "{delivered}"}, {verify.State, "shp_x"}, {verify.ShipmentLines, "shp_x"}}},
	{"no parcel", []string{
		`UPDATE shipments SET status = 'voided' WHERE order_id = '{carried home}'`,
	}, []named{{verify.Parcel, "{carried home}"}, {verify.State, of(shipmentOf, "carried home")}, {verify.FulfilmentFacet, "{carried home}"},
		{verify.Tracking, of(shipmentOf, "carried home")}, {verify.OrderMovements, "{carried home}"}}},
	{"too much in the parcel", []string{`UPDATE shipment_lines SET quantity = quantity + 1 WHERE order_id = '{delivered}' AND line = 1`},
		[]named{{verify.ShipmentLines, "{delivered}"}, {verify.ShipmentLines, of(shipmentOf, "delivered")}, {verify.OrderMovements, "{delivered}"}}},
	{"another label", []string{`UPDATE shipments SET tracking_number = 'T1' WHERE order_id = '{delivered}'`}, one(verify.LabelAttempts, of(shipmentOf, "delivered"))},
	{"another carrier", []string{`UPDATE shipments SET carrier = 'made up' WHERE order_id = '{delivered}'`}, one(verify.LabelAttempts, of(shipmentOf, "delivered"))},
	{"handed over at no time", []string{`UPDATE shipments SET shipped_at = 0 WHERE order_id = '{delivered}'`}, one(verify.HandOvers, of(shipmentOf, "delivered"))},
	{"handed over, but it is here", []string{`UPDATE shipments SET shipped_at = 1 WHERE order_id = '{labelled}'`}, one(verify.HandOvers, of(shipmentOf, "labelled"))},
	{"delivered at no time", []string{`UPDATE shipments SET delivered_at = 0 WHERE order_id = '{delivered}'`},
		[]named{{verify.Tracking, of(shipmentOf, "delivered")}, {verify.FulfilmentFacet, "{delivered}"}, {verify.NoNextStep, "{delivered}"}, {verify.Deliveries, of(shipmentOf, "delivered")}}},
	{"delivered at another time", []string{`UPDATE shipments SET delivered_at = delivered_at + 1 WHERE order_id = '{delivered}'`},
		one(verify.Deliveries, of(shipmentOf, "delivered"))},
	{"its event says another time", []string{`UPDATE events SET data = REPLACE(data, '"seen_at":"20', '"seen_at":"21') WHERE subject = '{carried home}' AND type = 'shipment.delivered'`},
		one(verify.Deliveries, of(shipmentOf, "carried home"))},
	{"gone by no event", []string{`UPDATE shipments SET status = 'strayed' WHERE order_id = '{label kept}'`},
		[]named{{verify.State, of(shipmentOf, "label kept")}, {verify.OrderMovements, "{label kept}"}}},
	{"lost at no time", []string{`UPDATE shipments SET astray_at = 0 WHERE order_id = '{lost}'`}, one(verify.Astray, of(shipmentOf, "lost"))},
	{"astray, but it has arrived", []string{`UPDATE shipments SET astray_at = 1 WHERE order_id = '{carried home}'`}, one(verify.Astray, of(shipmentOf, "carried home"))},
	{"sent anew at another time", []string{`UPDATE shipments SET replaced_at = replaced_at + 1 WHERE order_id = '{sent anew}' AND replaced_at > 0`},
		one(verify.Astray, of(shipmentOf+` AND replaced_at > 0`, "sent anew"))},
	{"not sent anew by no event", []string{`UPDATE shipments SET replaced_at = 0 WHERE order_id = '{sent anew}' AND replaced_at > 0`},
		[]named{{verify.Astray, of(shipmentOf+` AND astray_at > 0`, "sent anew")}, {verify.FulfilmentFacet, "{sent anew}"}, {verify.ShipmentLines, "{sent anew}"}, {verify.StockFacet, "{sent anew}"}, {verify.NoNextStep, "{sent anew}"}}},
	{"still sent anew, though that was withdrawn", []string{`UPDATE shipments SET replaced_at = planned_at WHERE order_id = '{not sent anew}' AND astray_at > 0`},
		[]named{{verify.Astray, of(shipmentOf+` AND astray_at > 0`, "not sent anew")}, {verify.FulfilmentFacet, "{not sent anew}"}, {verify.Parcel, "{not sent anew}"}, {verify.StockFacet, "{not sent anew}"}, {verify.StrayStep, "{not sent anew}"}}},
	{"fewer were freed when it was not sent anew", []string{`UPDATE events SET data = REPLACE(data, '"kept":1', '"kept":0') WHERE subject = '{not sent anew}' AND type = 'shipment.replacement_withdrawn'`},
		one(verify.Impossible, "{not sent anew}")},
	{"sent anew by no event", []string{`UPDATE shipments SET replaced_at = 1 WHERE order_id = '{lost}'`},
		[]named{{verify.Astray, of(shipmentOf, "lost")}, {verify.FulfilmentFacet, "{lost}"}, {verify.Parcel, "{lost}"}, {verify.StockFacet, "{lost}"}, {verify.StrayStep, "{lost}"}}},
	{"found by no event", []string{`UPDATE shipments SET status = 'shipped' WHERE order_id = '{lost}'`},
		[]named{{verify.State, of(shipmentOf, "lost")}, {verify.FulfilmentFacet, "{lost}"}, {verify.StrayStep, "{lost}"}}},
	{"no one sees to a lost parcel", []string{`DELETE FROM work WHERE owner = '{lost}' AND step = 'await_remedy'`,
		`UPDATE orders SET next_due = COALESCE((SELECT MIN(due) FROM work WHERE owner = '{lost}' AND state = 'ready'), 0) WHERE id = '{lost}'`},
		one(verify.NoNextStep, "{lost}")},
	{"someone is to see to a parcel that was refunded", []string{`INSERT INTO work (owner, subject, step, state, due, tries, lease, lease_until, last_error, enqueued_at, deadline, overdue)
		SELECT order_id, id, 'await_remedy', 'stuck', 0, 0, '', 0, '', 0, 0, 0 FROM shipments WHERE order_id = '{made up for}'`},
		one(verify.StrayStep, "{made up for}")},
	{"less is lost than the parcels say", []string{`UPDATE orders SET lost = 0, left_house = left_house + lost WHERE id = '{lost}'`},
		[]named{{verify.FulfilmentFacet, "{lost}"}, {verify.Sums, "{lost}"}}},
	{"less came back than its event says", []string{`UPDATE stock_movements SET order_id = '' WHERE order_id = '{back}' AND type = 'return'`},
		one(verify.ReturnedStock, "{back}")},
	{"more came back than the parcel holds", []string{`UPDATE events SET data = REPLACE(data, '"restocked":1', '"restocked":2') WHERE subject = '{back}' AND type = 'shipment.received'`},
		[]named{{verify.ReturnedStock, of(shipmentOf, "back")}, {verify.ReturnedStock, "{back}"}}},
	{"a label that was never bought", []string{`UPDATE label_attempts SET status = 'declined' WHERE order_id = '{delivered}'`},
		[]named{{verify.LabelAttempts, of(shipmentOf, "delivered")}, {verify.AttemptStatus, of(shipmentOf, "delivered")}}},
	{"a label that was not given back", []string{`UPDATE label_attempts SET status = 'declined' WHERE order_id = '{called back}' AND op = 'void'`},
		[]named{{verify.LabelAttempts, of(shipmentOf, "called back")}, {verify.AttemptStatus, of(shipmentOf, "called back")}}},
	{"two labels", []string{label("{delivered}", "succeeded"), `UPDATE label_attempts SET closed_at = 1 WHERE key = 'lbl_x'`}, one(verify.TwoLabels, of(shipmentOf, "delivered"))},
	{"two questions about a label", []string{`DROP INDEX IF EXISTS label_attempts_open`, label("{voiding}", "open"), `UPDATE label_attempts SET op = 'void' WHERE key = 'lbl_x'`},
		one(verify.TwoOpenAttempts, of(shipmentOf, "voiding"))},
	{"a question about a label that is no longer open", []string{`UPDATE label_attempts SET status = 'declined', closed_at = 1 WHERE order_id = '{voiding}' AND op = 'void'`},
		one(verify.AttemptStep, "{voiding}")},
	{"turned back on its way", []string{`UPDATE shipments SET tracking = 'in_transit' WHERE order_id = '{delivered}'`}, one(verify.Tracking, of(shipmentOf, "delivered"))},
	{"last seen later", []string{`UPDATE shipments SET scanned_at = scanned_at + 1 WHERE order_id = '{delivered}'`}, one(verify.Tracking, of(shipmentOf, "delivered"))},
	{"a scan is lost", []string{`DELETE FROM scans WHERE order_id = '{delivered}' AND status = 'delivered'`}, one(verify.Tracking, of(shipmentOf, "delivered"))},
}

var returnCorruptions = []corruption{
	{"more may come back than its returns say", []string{`UPDATE order_lines SET returned = returned + 1 WHERE order_id = '{sent back}'`}, one(verify.Returns, "{sent back}")},
	{"more came back than has arrived", []string{
		`UPDATE order_lines SET returned = 4 WHERE order_id = '{coming back}'`,
		`UPDATE return_lines SET quantity = 4 WHERE order_id = '{coming back}'`,
		`UPDATE returns SET units = 4 WHERE order_id = '{coming back}'`,
	}, one(verify.Returns, "{coming back}")},
	{"a return of another line", []string{`UPDATE return_lines SET sku = 'POT' WHERE order_id = '{coming back}'`}, one(verify.Returns, of(returnOf, "coming back"))},
	{"more may come back than its lines say", []string{`UPDATE returns SET units = units + 1 WHERE order_id = '{coming back}'`}, one(verify.Returns, of(returnOf, "coming back"))},
	{"more is on hand again than its event says", []string{
		`UPDATE returns SET restocked = 2, withheld = 0 WHERE order_id = '{sent back}'`,
		`UPDATE return_lines SET restocked = 2, withheld = 0 WHERE order_id = '{sent back}'`,
	}, []named{{verify.Returns, of(returnOf, "sent back")}, {verify.MoneyKept, "{sent back}"}}},
	{"a return that has no end", []string{`UPDATE returns SET closed_at = 0 WHERE order_id = '{sent back}'`}, one(verify.Returns, of(returnOf, "sent back"))},
	{"an order says that less came back", []string{`UPDATE orders SET returned = returned - 1 WHERE id = '{sent back}'`},
		[]named{{verify.Returns, "{sent back}"}, {verify.Sums, "{sent back}"}}},
	{"a return that no one waits for", []string{`DELETE FROM work WHERE owner = '{coming back}' AND step = 'await_return'`, `UPDATE orders SET next_due = 0 WHERE id = '{coming back}'`},
		one(verify.NoNextStep, "{coming back}")},
	{"a return is elsewhere", []string{`UPDATE returns SET status = 'expired', closed_at = 1 WHERE order_id = '{coming back}'`},
		[]named{{verify.State, of(returnOf, "coming back")}, {verify.Returns, "{coming back}"}, {verify.StrayStep, "{coming back}"}}},
	{"a return is lost", []string{`DELETE FROM returns WHERE order_id = '{coming back}'`},
		[]named{{verify.Orphan, of(returnOf, "coming back")}, {verify.Orphan, of(returnOf, "coming back")}, {verify.Returns, "{coming back}"}, {verify.StrayStep, "{coming back}"}}},
	{"less was put on hand of a return than its event says", []string{`UPDATE stock_movements SET order_id = '' WHERE order_id = '{sent back}' AND type = 'return'`},
		one(verify.ReturnedStock, "{sent back}")},
	{"more is given back than came", []string{`UPDATE refund_lines SET quantity = quantity + 1 WHERE order_id = '{sent back}'`}, one(verify.ReturnRefunds, of(returnOf, "sent back"))},
	{"given back before it came", []string{`UPDATE refunds SET opened_at = opened_at - 1 WHERE order_id = '{sent back}'`}, one(verify.ReturnRefunds, of(returnOf, "sent back"))},
	{"given back by nothing", []string{`UPDATE returns SET refund_id = 'rfd_gone' WHERE order_id = '{sent back}'`}, one(verify.ReturnRefunds, of(returnOf, "sent back"))},
	{"given back for two returns", []string{
		`INSERT INTO returns (id, order_id, status, reason, units, came, restocked, withheld, refund_id, exchange, authorised_at, until_at, closed_at)
			SELECT 'ret_x', order_id, status, reason, 0, 0, 0, 0, refund_id, '', authorised_at, until_at, closed_at FROM returns WHERE order_id = '{sent back}'`,
	}, []named{{verify.ReturnRefunds, "ret_x"}, {verify.State, "ret_x"}}},
	{"a return's refund is for nothing", []string{`UPDATE refund_lines SET cause = '' WHERE order_id = '{sent back}'`}, []named{{verify.ReturnRefunds, of(returnOf, "sent back")}, {verify.MoneyKept, "{sent back}"}}},
}

// exchangePays is the refund that paid what was wanted instead.
const exchangePays = `SELECT id FROM refunds WHERE order_id = '{exchanged}' AND pays <> ''`

var exchangeCorruptions = []corruption{
	{"in exchange for another order", []string{`UPDATE orders SET exchange_of = '{delivered}' WHERE id = '{to exchange for}'`},
		[]named{{verify.Exchanges, "{to exchange for}"}, {verify.Exchanges, of(returnOf, "to exchange")}}},
	{"a return does not name what was placed in its place", []string{`UPDATE returns SET exchange = '' WHERE order_id = '{to exchange}'`}, one(verify.Exchanges, "{to exchange for}")},
	{"a return names an order that there is not", []string{`UPDATE returns SET exchange = 'ord_gone' WHERE order_id = '{coming back}'`}, one(verify.Exchanges, of(returnOf, "coming back"))},
	{"a payment does not name the refund that paid it", []string{`UPDATE payments SET paid_by = '' WHERE order_id = '{exchanged for}'`}, one(verify.Exchanges, exchangePays)},
	{"a refund does not name the payment that it paid", []string{`UPDATE refunds SET pays = 'pay_gone' WHERE order_id = '{exchanged}' AND pays <> ''`},
		[]named{{verify.Exchanges, of(paymentOf, "exchanged for")}, {verify.Exchanges, of(returnOf, "exchanged")}}},
	{"a penny is lost between them", []string{
		`UPDATE payments SET captured = captured - 1, amount = amount - 1 WHERE order_id = '{exchanged for}'`,
		`UPDATE payment_attempts SET amount = amount - 1 WHERE order_id = '{exchanged for}'`,
	}, []named{{verify.Exchanges, of(paymentOf, "exchanged for")}, {verify.Exchanges, of(returnOf, "exchanged")}, {verify.PaymentAmount, "{exchanged for}"},
		{verify.PaymentFacet, "{exchanged for}"}}},
	{"paid by a refund of no exchange", []string{`UPDATE payments SET paid_by = 'rfd_gone' WHERE order_id = '{carried}'`}, one(verify.Exchanges, of(paymentOf, "carried"))},
	{"what is wanted instead waits for a return that is over", []string{`DROP INDEX IF EXISTS returns_exchange`, `UPDATE returns SET exchange = '{to exchange for}' WHERE order_id = '{sent back}'`,
		`UPDATE orders SET exchange_of = '{sent back}' WHERE id = '{to exchange for}'`},
		[]named{{verify.Exchanges, of(returnOf, "sent back")}, {verify.Exchanges, of(returnOf, "to exchange")}}},
}

// label adds a purchase to the attempts of an order's parcel.
func label(order, status string) string {
	return `INSERT INTO label_attempts (key, shipment_id, order_id, n, op, carrier, status, ref, tracking_number, cost, cost_currency, refusal, opened_at, key_until, closed_at)
		SELECT 'lbl_x', shipment_id, order_id, MAX(n) + 1, 'buy', 'simulated', '` + status + `', 'r', 't', 1, 'GBP', '', 0, 0, 0
		FROM label_attempts WHERE order_id = '` + order + `' GROUP BY shipment_id, order_id`
}

var stockCorruptions = []corruption{
	{"it waits for less than it lacks", []string{`UPDATE backorders SET quantity = quantity - 1 WHERE order_id = '{waits to be asked}'`},
		[]named{{verify.Backorders, "{waits to be asked}"}, {verify.StockFacet, "{waits to be asked}"}}},
	{"an order that is over waits for goods", []string{`INSERT INTO backorders (order_id, sku, quantity, place, since) VALUES ('{declined}', 'SOFA', 1, 9, 0)`},
		one(verify.Backorders, "{declined}")},
	{"no order waits", []string{`INSERT INTO backorders (order_id, sku, quantity, place, since) VALUES ('ord_gone', 'SOFA', 1, 9, 0)`},
		one(verify.Backorders, "ord_gone")},
	{"it waits for what there is not", []string{`INSERT INTO backorders (order_id, sku, quantity, place, since) VALUES ('{waits to be asked}', 'GONE', 1, 1, 0)`},
		[]named{{verify.Orphan, "GONE"}, {verify.Backorders, "{waits to be asked}"}, {verify.StockFacet, "{waits to be asked}"}}},
	{"what has come is given to no one", []string{`DELETE FROM work WHERE owner = 'sku:SOFA'`}, one(verify.Unfilled, "SOFA")},
	{"the stock of no SKU is given", []string{`UPDATE work SET owner = 'sku:GONE' WHERE owner = 'sku:SOFA'`},
		[]named{{verify.StrayStep, "sku:GONE"}, {verify.Unfilled, "SOFA"}}},
	{"no one looks after an order that waits for goods", []string{
		`DELETE FROM work WHERE owner = '{waits to be asked}' AND step = 'await_stock'`, `UPDATE orders SET next_due = 0 WHERE id = '{waits to be asked}'`,
	}, one(verify.NoNextStep, "{waits to be asked}")},
	{"goes on without its goods", []string{`UPDATE orders SET held = '', held_at = 0 WHERE id = '{not found}'`},
		[]named{{verify.MissingStock, "{not found}"}, {verify.Facets, "{not found}"}, {verify.TicketHold, `SELECT id FROM tickets WHERE order_id = '{not found}'`}}},
	{"less is reserved than was found", []string{
		`UPDATE reservations SET quantity = quantity + 1 WHERE order_id = '{labelled}'`,
		`DELETE FROM reservations WHERE order_id = '{not found}'`,
	}, []named{{verify.StockFacet, "{not found}"}, {verify.StockFacet, "{labelled}"}, {verify.OrderMovements, "{labelled}"}, {verify.OrderMovements, "{not found}"}}},
	{"more is reserved than was ordered", []string{`UPDATE reservations SET quantity = quantity + 1 WHERE order_id = '{labelled}'`},
		[]named{{verify.StockFacet, "{labelled}"}, {verify.StockReserved, "CUP"}, {verify.OrderMovements, "{labelled}"}}},
	{"reserved for a parcel that has left", []string{reservation("{carried}")},
		[]named{{verify.StockFacet, "{carried}"}, {verify.StockReserved, "CUP"}, {verify.OrderMovements, "{carried}"}}},
	{"reserved for an order that is over", []string{reservation("{delivered}")},
		[]named{{verify.DeadReservation, "{delivered}"}, {verify.StockReserved, "CUP"}, {verify.OrderMovements, "{delivered}"}}},
	{"reserved for no order", []string{reservation("ord_gone")}, []named{{verify.DeadReservation, "ord_gone"}, {verify.StockReserved, "CUP"}}},
	{"more is reserved than there is", []string{
		`INSERT INTO stock_movements (id, sku, location, type, quantity, order_id, at, actor, reason)
			SELECT 'mov_x', sku, location, 'adjustment', reserved - 1 - on_hand, '', 0, 'operator', '' FROM stock_levels WHERE sku = 'CUP' AND location = 'main'`,
		`UPDATE stock_levels SET on_hand = reserved - 1 WHERE sku = 'CUP' AND location = 'main'`,
	}, one(verify.StockBounds, "CUP")},
	{"one more than moved in", []string{`UPDATE stock_levels SET on_hand = on_hand + 1 WHERE sku = 'CUP' AND location = 'main'`}, one(verify.StockMovements, "CUP")},
	{"a movement is lost", []string{`DELETE FROM stock_movements WHERE sku = 'LAMP' AND location = 'annex'`}, one(verify.StockMovements, "LAMP")},
	{"a level is lost", []string{`DELETE FROM stock_levels WHERE sku = 'LAMP' AND location = 'annex'`},
		[]named{{verify.StockMovements, "LAMP"}, {verify.SafetyStock, "LAMP"}}},
	{"reserved by another order's movement", []string{`UPDATE stock_movements SET order_id = '{under way}' WHERE order_id = '{labelled}'`},
		[]named{{verify.OrderMovements, "{labelled}"}, {verify.OrderMovements, "{labelled}"}, {verify.OrderMovements, "{under way}"}}},
	{"taken away by another order's movements", []string{`UPDATE stock_movements SET order_id = '{labelled}' WHERE order_id = '{under way}'`},
		[]named{{verify.OrderMovements, "{labelled}"}, {verify.OrderMovements, "{under way}"}, {verify.OrderMovements, "{under way}"}}},
	{"moved for no order", []string{`UPDATE stock_movements SET order_id = 'gone' WHERE order_id = '{declined}'`}, one(verify.Orphan, "gone")},
	{"a parcel from where nothing was reserved", []string{`UPDATE shipments SET location = 'annex' WHERE order_id = '{labelled}'`},
		one(verify.OrderMovements, "{labelled}")},
	{"more is kept back than was said", []string{`UPDATE stock_levels SET safety = safety + 1 WHERE sku = 'LAMP' AND location = 'main'`}, one(verify.SafetyStock, "LAMP")},
	{"an event says another safety stock", []string{`UPDATE events SET data = REPLACE(data, '"quantity":3', '"quantity":2') WHERE subject = 'LAMP' AND type = 'stock.safety' AND version = 4`},
		one(verify.SafetyStock, "LAMP")},
	{"what is to be kept back can not be read", []string{`UPDATE events SET data = '' WHERE subject = 'LAMP' AND type = 'stock.safety' AND version = 5`},
		one(verify.SafetyStock, "LAMP")},
	{"reserved for no one", []string{
		`INSERT INTO stock_movements (id, sku, location, type, quantity, order_id, at, actor, reason) VALUES ('mov_x', 'CUP', 'main', 'reservation', 1, '', 0, '', '')`,
		`UPDATE stock_levels SET reserved = reserved + 1 WHERE sku = 'CUP' AND location = 'main'`,
	}, one(verify.StockReserved, "CUP")},
}

func reservation(order string) string {
	return `INSERT INTO reservations (order_id, sku, location, quantity) VALUES ('` + order + `', 'CUP', 'main', 1)`
}

var stepCorruptions = []corruption{
	{"a step that is none", []string{`UPDATE work SET step = 'dance' WHERE owner = '{labelled}'`}, one(verify.StrayStep, "{labelled}")},
	{"a rule that is waited for", []string{`UPDATE work SET step = 'plan_shipments' WHERE owner = '{labelled}'`}, one(verify.StrayStep, "{labelled}")},
	{"a step that waits for what has happened", []string{`UPDATE work SET step = 'await_payment', subject = (` + of(paymentOf, "labelled") + `) WHERE owner = '{labelled}'`},
		one(verify.StrayStep, "{labelled}")},
	{"a step about nothing", []string{`UPDATE work SET subject = 'shp_gone' WHERE owner = '{labelled}'`}, one(verify.StrayStep, "{labelled}")},
	{"a step of no order", []string{step("ord_gone")}, one(verify.StrayStep, "ord_gone")},
	{"a step of no ticket", []string{step("tkt_gone")}, one(verify.StrayStep, "tkt_gone")},
	{"a step of nothing", []string{step("gone")}, one(verify.StrayStep, "gone")},
	{"an order without a step", []string{`DELETE FROM work WHERE owner = '{to pick}' AND subject LIKE 'shp%'`,
		`UPDATE orders SET next_due = COALESCE((SELECT MIN(due) FROM work WHERE owner = '{to pick}' AND state = 'ready'), 0) WHERE id = '{to pick}'`},
		one(verify.NoNextStep, "{to pick}")},
	{"a refund without a step", []string{`DELETE FROM work WHERE owner = '{owed}' AND subject LIKE 'rfd%'`,
		`UPDATE orders SET next_due = COALESCE((SELECT MIN(due) FROM work WHERE owner = '{owed}' AND state = 'ready'), 0) WHERE id = '{owed}'`}, one(verify.NoNextStep, "{owed}")},
	{"a cancelled order without a step", []string{`DELETE FROM work WHERE owner = '{voiding}'`, `UPDATE orders SET next_due = 0 WHERE id = '{voiding}'`},
		[]named{{verify.NoNextStep, "{voiding}"}, {verify.NoNextStep, "{cancels}"}, {verify.AttemptStep, "{voiding}"}}},
	{"a ticket that is never closed", []string{`DELETE FROM work WHERE subject = '{explained late}'`}, one(verify.NoNextStep, "{explained late}")},
	{"a ticket without a reason", []string{`UPDATE tickets SET reason = '' WHERE id = '{talk}'`}, one(verify.TicketReason, "{talk}")},
	{"a ticket that no one was given", []string{`UPDATE tickets SET assignee = 'agent:8' WHERE id = '{talk}'`}, one(verify.TicketReason, "{talk}")},
	{"a ticket's refund is another's", []string{`UPDATE tickets SET remedy = 'rfd_x' WHERE id = '{refunded}'`}, one(verify.TicketRemedy, "{refunded}")},
	{"a ticket's refund is of more than was decided", []string{`UPDATE ticket_decisions SET amount = amount - 1 WHERE ticket_id = '{refunded}' AND act = 'refund'`}, one(verify.TicketRemedy, "{refunded}")},
	{"a ticket had nothing sent anew", []string{`UPDATE tickets SET remedy = '' WHERE id = '{wants it anew}'`}, one(verify.TicketRemedy, "{wants it anew}")},
	{"a ticket has what was not decided", []string{`UPDATE tickets SET remedy = 'rfd_x' WHERE id = '{proposed}'`}, one(verify.TicketRemedy, "{proposed}")},
	{"a ticket's return is another's", []string{`UPDATE tickets SET remedy = 'ret_x' WHERE id = '{sends back}'`}, one(verify.TicketRemedy, "{sends back}")},
	{"a ticket's return was authorised at another time", []string{`UPDATE returns SET authorised_at = authorised_at + 1 WHERE order_id = '{unwanted}'`}, one(verify.TicketRemedy, "{sends back}")},
	{"a solved ticket keeps an address", []string{`INSERT INTO ticket_addresses (ticket_id, address) VALUES ('{explained late}', '{}')`}, one(verify.TicketAddress, "{explained late}")},
	{"a ticket waits for a change that no one has asked for", []string{`UPDATE tickets SET reason = 'changing_address' WHERE id = '{cancels}'`},
		[]named{{verify.TicketAddress, "{cancels}"}, {verify.TicketReason, "{cancels}"}}},
	{"a ticket had two things done", []string{`INSERT INTO ticket_decisions (ticket_id, n, at, facts, act, reason, amount, beyond, actor)
		VALUES ('{refunded}', 99, 0, '{}', 'reship', 'reship', 1, '', 'process')`}, one(verify.TicketRemedy, "{refunded}")},
	{"one person raised and approved it", []string{`UPDATE ticket_decisions SET actor = 'operator' WHERE ticket_id = '{approved}' AND beyond = '' AND act = 'refund'`},
		one(verify.TicketApproval, "{approved}")},
	{"what is proposed was decided against", []string{`UPDATE ticket_decisions SET beyond = '' WHERE ticket_id = '{proposed}'`},
		[]named{{verify.TicketApproval, "{proposed}"}, {verify.TicketRemedy, "{proposed}"}}},
	{"a ticket was closed while money was to go back", []string{
		`UPDATE events SET version = version * 1000 + (SELECT MAX(e.version) FROM events e WHERE e.subject = '{delivered}' AND e.type = 'refund.opened') WHERE entity = '{asked early}' AND type = 'ticket.closed'`,
		`UPDATE events SET version = (SELECT e.version / 1000 FROM events e WHERE e.entity = '{asked early}' AND e.type = 'ticket.closed') WHERE subject = '{delivered}' AND type = 'refund.opened'`,
		`UPDATE events SET version = version % 1000 WHERE entity = '{asked early}' AND type = 'ticket.closed'`,
	}, one(verify.ClosedOwing, "{asked early}")},
	{"a ticket was closed while a parcel was missed", []string{`UPDATE refund_lines SET amount = amount - 1, quantity = 0 WHERE order_id = '{made up for}'`},
		[]named{{verify.ClosedOwing, "{asked about it}"}, {verify.Credits, "{made up for}"}, {verify.Credits, of(refundOf, "made up for")}, {verify.NoNextStep, "{made up for}"}}},
	{"a ticket lets its order go", []string{`UPDATE tickets SET holds = '' WHERE id = '{holds}'`}, one(verify.TicketHold, "{waits for its ticket}")},
	{"an order goes on that a ticket holds", []string{`UPDATE orders SET held = '', held_at = 0 WHERE id = '{waits for its ticket}'`},
		[]named{{verify.TicketHold, "{holds}"}, {verify.Facets, "{waits for its ticket}"}}},
	{"a ticket tells of another hold", []string{`UPDATE tickets SET holds = 'rule_amount' WHERE order_id = '{not found}'`},
		one(verify.TicketHold, `SELECT id FROM tickets WHERE order_id = '{not found}'`)},
	{"a solved ticket holds its order", []string{`UPDATE tickets SET holds = 'ticket' WHERE id = '{explained late}'`}, one(verify.TicketHold, "{explained late}")},
	{"a ticket waits for no one", []string{`UPDATE tickets SET waits_from = 0 WHERE id = '{proposed}'`}, one(verify.TicketWaits, "{proposed}")},
	{"a message is lost", []string{`DELETE FROM ticket_messages WHERE ticket_id = '{explained}' AND n = 2`}, one(verify.TicketMessages, "{explained}")},
	{"a message of a ticket without an order is lost", []string{`DELETE FROM ticket_messages WHERE ticket_id = '{talk}' AND n = 1`}, one(verify.TicketMessages, "{talk}")},
}

func step(owner string) string {
	return `INSERT INTO work (owner, subject, step, state, due, tries, lease, lease_until, last_error, enqueued_at, deadline, overdue) VALUES ('` + owner + `', 'x', 'track', 'ready', 0, 0, '', 0, '', 0, 0, 0)`
}

func TestEveryKindHasItsCorruption(t *testing.T) {
	t.Parallel()
	tried := map[verify.Kind]bool{}
	for _, c := range corruptions {
		tried[c.kind()] = true
	}
	for _, k := range verify.Kinds() {
		if !tried[k.Kind] {
			t.Errorf("nothing is corrupted that breaks %s", k.Kind)
		}
	}
	if len(tried) != len(verify.Kinds()) {
		t.Errorf("%d kinds are broken, %d are there", len(tried), len(verify.Kinds()))
	}
}

func TestEveryCorruptionIsNamed(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		url := dbtest.URL(t, engine)
		s := newShop(t, url, false)
		s.fill()
		clean(t, s.db, "before it is corrupted")
		must(t, s.db.Close())
		whole := copies(url, s.clock)
		if engine == dbtest.Postgres {
			whole = restores(t, url, s.clock)
		}
		for i, c := range corruptions {
			if testing.Short() && i%15 > 0 {
				continue
			}
			t.Run(c.name, func(t *testing.T) { c.check(t, s, whole(t)) })
		}
	})
}

// check corrupts a whole shop and looks what is found.
func (c corruption) check(t *testing.T, s *shop, victim shopFiles) {
	var want []named
	for _, w := range c.want {
		want = append(want, named{w.kind, s.subject(t, victim.raw, w.subject)})
	}
	for _, statement := range c.sql {
		result, err := victim.raw.ExecContext(t.Context(), s.fillIn(statement))
		must(t, err)
		if n, _ := result.RowsAffected(); n < 1 && !strings.HasPrefix(statement, "DROP") {
			t.Fatalf("nothing is corrupted by %s", statement)
		}
	}
	small := 1
	if victim.db.Engine() == dbtest.Postgres {
		small = 9 // each range is many round trips
	}
	reports := map[int]verify.Report{}
	for _, orders := range []int{small, 500} {
		r, err := verify.Run(t.Context(), victim.db, verify.Options{Orders: orders})
		must(t, err)
		reports[orders] = r
	}
	var got []named
	for _, v := range reports[500].Violations {
		got = append(got, named{v.Kind, v.Subject})
	}
	byKind := func(a, b named) int { return strings.Compare(string(a.kind)+a.subject, string(b.kind)+b.subject) }
	slices.SortFunc(want, byKind)
	slices.SortFunc(got, byKind)
	if !slices.Equal(want, got) {
		t.Errorf("want %v, got %v", want, reports[500].Violations)
	}
	if diff := cmp.Diff(reports[small], reports[500], cmp.AllowUnexported(verify.Report{})); diff != "" {
		t.Errorf("ranges of %d and of 500 differ:\n%s", small, diff)
	}
}

var purpose = regexp.MustCompile(`\{([^}]+)\}`)

// fillIn puts identifiers in the place of purposes.
func (s *shop) fillIn(text string) string {
	return purpose.ReplaceAllStringFunc(text, func(name string) string {
		name = strings.Trim(name, "{}")
		for _, ids := range []map[string]string{s.orders, s.tickets} {
			if id, ok := ids[name]; ok {
				return id
			}
		}
		s.t.Fatalf("the shop has no %q", name)
		return ""
	})
}

func (s *shop) subject(t *testing.T, raw *sql.DB, text string) string {
	t.Helper()
	text = s.fillIn(text)
	if strings.HasPrefix(text, "SELECT") {
		must(t, raw.QueryRowContext(t.Context(), text).Scan(&text))
	}
	return text
}

// shopFiles is a stored shop: as it is verified, and as it is corrupted, by
// what neither CHECKs nor unique indexes refuse.
type shopFiles struct {
	db  *db.DB
	raw *sql.DB
}

func openFiles(t *testing.T, driver, source, url string, clk clock.Clock) shopFiles {
	t.Helper()
	raw, err := sql.Open(driver, source)
	must(t, err)
	t.Cleanup(func() { _ = raw.Close() })
	raw.SetMaxOpenConns(1)
	return shopFiles{dbtest.Open(t, driver, db.Config{URL: url, ReadOnly: true, Clock: clk}), raw}
}

// copies gives each test a copy of the file.
func copies(original string, clk clock.Clock) func(*testing.T) shopFiles {
	return func(t *testing.T) shopFiles {
		t.Helper()
		content, err := os.ReadFile(original)
		must(t, err)
		path := filepath.Join(t.TempDir(), "copy.db")
		must(t, os.WriteFile(path, content, 0o600))
		return openFiles(t, "sqlite", path+"?_pragma=ignore_check_constraints(1)&_pragma=synchronous(off)", path, clk)
	}
}

// restores gives each test the same database, with the rows that it had at
// first: to copy a database of PostgreSQL takes long.
func restores(t *testing.T, url string, clk clock.Clock) func(*testing.T) shopFiles {
	t.Helper()
	files := openFiles(t, "pgx", url, url, clk)
	_, err := files.raw.ExecContext(t.Context(), keepRows)
	must(t, err)
	return func(t *testing.T) shopFiles {
		t.Helper()
		_, err := files.raw.ExecContext(t.Context(), restoreRows)
		must(t, err)
		return files
	}
}

const (
	keepRows = `SET synchronous_commit = off;
		CREATE SCHEMA kept;
		DO $$ DECLARE r record; BEGIN
			FOR r IN SELECT conrelid::regclass AS rel, conname AS name FROM pg_constraint
				WHERE contype = 'c' AND conrelid <> 0 AND connamespace = 'public'::regnamespace LOOP
				EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', r.rel, r.name);
			END LOOP;
			FOR r IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
				EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', r.name, r.name);
			END LOOP;
		END $$`
	restoreRows = `DO $$ DECLARE r record; BEGIN
			FOR r IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'kept' LOOP
				EXECUTE format('DELETE FROM public.%I', r.name);
				EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE SELECT * FROM kept.%I', r.name, r.name);
			END LOOP;
		END $$`
)
