package api

// examples are what may be sent, by the schema of what is sent: the document has them,
// and the page at /docs. A test sends each of them.
var examples = map[string]string{
	"OrderRequest": `{
  "reference": {"source": "web", "number": "A-1"},
  "currency": "GBP", "prices_include_tax": true, "total": 1295,
  "lines": [{"sku": "CUP", "quantity": 2}],
  "shipping": {"price": 395},
  "customer": {"id": "c-1", "name": "Made Up", "mail": "made.up@example.com"},
  "ship_to": {
    "name": "Made Up", "line1": "1 Sample Street", "city": "Sampleton",
    "country": "GB"
  }
}`,
	"CancelRequest": `{"reason": "the customer has changed their mind"}`,
	"Edit": `{
  "lines": [{"line": 1, "quantity": 1}],
  "ship_to": {
    "name": "Made Up", "line1": "2 Sample Street", "city": "Sampleton",
    "country": "GB"
  },
  "reason": "asked for by telephone"
}`,
	"HoldRequest":   `{"reason": "address_unclear", "text": "The house number is missing."}`,
	"NoteRequest":   `{"text": "To be wrapped as a gift."}`,
	"PaymentRecord": `{"reference": "bank statement 7, line 3", "amount": 1295}`,
	"VoidRequest":   `{"reason": "the customer pays otherwise"}`,
	"VoidRecord":    `{"reference": "seen on the gateway's page"}`,
	"CreditRequest": `{"lines": [{"line": 1, "quantity": 1}], "reason": "goodwill"}`,
	"ReturnRequest": `{"lines": [{"line": 1, "quantity": 1}], "reason": "too_small"}`,
	"ExchangeRequest": `{
  "return": {"lines": [{"line": 1, "quantity": 1}], "reason": "too_small"},
  "lines": [{"sku": "CUP", "quantity": 1}]
}`,
	"Reception":           `{"lines": [{"line": 1, "quantity": 1}], "location": "main"}`,
	"Grading":             `{"unfit": {"CUP": 1}}`,
	"Sighting":            `{"status": "in_transit", "at": "2026-03-02T09:00:00Z", "place": "Sampleton"}`,
	"HandOver":            `{"tracking_number": "MADEUP001GB"}`,
	"SKURequest":          `{"sku": "CUP", "name": "Cup", "currency": "GBP", "price": 450, "weight_grams": 300}`,
	"Location":            `{"id": "main", "name": "Main", "country": "GB", "priority": 1}`,
	"ReceiveRequest":      `{"quantity": 10}`,
	"TakeBackRequest":     `{"quantity": 1, "reason": "left at the counter"}`,
	"AdjustRequest":       `{"by": -1, "reason": "broken on the shelf"}`,
	"SetRequest":          `{"on_hand": 12, "reason": "opening stock"}`,
	"SafetyRequest":       `{"quantity": 2}`,
	"BackorderRequest":    `{"allow": true}`,
	"CountRequest":        `{"counts": [{"sku": "CUP", "location": "main", "quantity": 9}]}`,
	"AttendRequest":       `{"item": "1001/buy_label"}`,
	"TicketRequest":       `{"order": "1001", "category": "where_is_my_order", "body": "Where is it?"}`,
	"ReplyRequest":        `{"body": "It leaves today."}`,
	"CannedAnswerRequest": `{"name": "Where it is", "body": "Dear {first_name},\n\nit is on its way by {carrier}, as {tracking_number}.\n\n{writer}"}`,
	"TicketNoteRequest":   `{"body": "They have asked by telephone, too."}`,
	"SolveRequest":        `{"body": "It has arrived at your neighbour's."}`,
	"ReopenRequest":       `{"body": "Our carrier has taken that back: we look again."}`,
	"AssignRequest":       `{"assignee": "agent:7"}`,
	"PolicyRequest":       `{"settings": {"silence": "96h"}}`,
	"APIKeyRequest":       `{"name": "till", "scopes": ["read", "orders"]}`,
	"WebhookRequest":      `{"name": "storefront", "url": "https://shop.example/events", "types": ["order.*"]}`,
	"RotateRequest":       `{"overlap": 86400}`,
	"ReplayRequest":       `{"from": "ord_01JD3Z0000000000000000000A.1"}`,
}
