package api

import (
	"cmp"
	"encoding/json"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"doorstep/policy"
)

// names are those of schemas whose type's own name would not say what they are beside
// the other rooms'.
var names = map[string]string{
	"order.Line": "OrderLine", "order.Request": "OrderRequest", "order.LineRequest": "OrderLineRequest", "order.Note": "Note",
	"payment.Attempt": "PaymentAttempt", "payment.RefundLine": "RefundLine", "payment.Record": "PaymentRecord",
	"support.Address": "AddressFacts", "support.Return": "ReturnFacts", "support.Line": "TicketLine", "support.Note": "TicketNote", "support.Canned": "CannedAnswer", "support.CannedRequest": "CannedAnswerRequest", "support.Blank": "CannedAnswerBlank", "process.Filled": "FilledAnswer", "process.InView": "TicketView", "support.Record": "DecisionRecord", "support.Message": "Message", "support.Request": "TicketAbout",
	"inventory.Level": "StockLevel", "inventory.Movement": "StockMovement", "inventory.Count": "StockCount", "process.Counted": "StockCounted", "inventory.Backorder": "Backorder",
	"process.Stock": "StockDetails", "api.Order": "OrderDetails", "api.Payment": "PaymentDetails", "api.Refund": "RefundDetails", "api.Return": "ReturnDetails", "api.Shipment": "ShipmentDetails",
	"access.Key": "APIKey", "access.KeyRequest": "APIKeyRequest", "process.NewKey": "NewAPIKey",
	"figures.Today": "Figures", "figures.Moment": "FiguresMoment", "figures.Period": "FiguresPeriod", "figures.Orders": "FiguresOrders", "figures.Reason": "FiguresFailure", "figures.Money": "FiguresMoney",
	"figures.Times": "FiguresTimes", "figures.Quantiles": "FiguresQuantiles", "figures.Waiting": "FiguresWaiting", "figures.Matters": "FiguresAttention", "figures.Aged": "FiguresTickets",
	"figures.Answers": "FiguresProvider", "figures.Outcomes": "FiguresAnswers", "figures.Lately": "FiguresLastAnswers", "figures.RunsOut": "RunningOut", "figures.Running": "RunningOutItem",
	"process.Item": "AttentionItem", "fault.Field": "ProblemField",
	"policy.Version": "PolicyVersion", "webhook.Endpoint": "Webhook", "webhook.Request": "WebhookRequest", "webhook.Delivery": "WebhookDelivery",
}

// roomOf is the name under which describe_gen.go has a type.
func roomOf(t reflect.Type) string { return path.Base(t.PkgPath()) + "." + t.Name() }

// newRegistry returns the schemas of the document.
func newRegistry() huma.Registry {
	r := huma.NewMapRegistry("#/components/schemas/", func(t reflect.Type, hint string) string {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Name() == "" {
			return hint
		}
		if item, isPage := pageOf(t); isPage {
			return cmp.Or(names[roomOf(item)], item.Name()) + "Page"
		}
		return cmp.Or(names[roomOf(t)], t.Name())
	})
	for _, t := range []reflect.Type{reflect.TypeFor[policy.Duration](), reflect.TypeFor[policy.HoldRule](), reflect.TypeFor[policy.Amount]()} { // which JSON has as text
		r.RegisterTypeAlias(t, reflect.TypeFor[string]())
	}
	return r
}

// pageOf returns of what a page is.
func pageOf(t reflect.Type) (reflect.Type, bool) {
	if !strings.HasPrefix(t.Name(), "Page[") {
		return nil, false
	}
	items, _ := t.FieldByName("Items")
	return items.Type.Elem(), true
}

// describe says of each schema what the source says of its type: what it is, what its
// fields are, and what words may stand in them.
func describe(r huma.Registry) {
	for name, s := range r.Map() {
		t := r.TypeFromRef("#/components/schemas/" + name)
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		s.Description = cmp.Or(s.Description, docs[roomOf(t)])
		if example := examples[name]; example != "" {
			s.Examples = []any{json.RawMessage(example)}
		}
		for _, f := range reflect.VisibleFields(t) {
			if p := s.Properties[jsonName(f)]; p != nil && !f.Anonymous {
				describeField(p, f, declaring(t, f))
			}
		}
	}
}

// jsonName is what a field is called on the wire.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// declaring returns the struct in which a visible field of t is declared.
func declaring(t reflect.Type, f reflect.StructField) reflect.Type {
	for _, i := range f.Index[:len(f.Index)-1] {
		if t = t.Field(i).Type; t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	return t
}

func describeField(p *huma.Schema, f reflect.StructField, in reflect.Type) {
	doc := docs[roomOf(in)+"."+f.Name]
	if p.Ref == "" { // beside a reference nothing else may stand in every reader
		p.Description = cmp.Or(p.Description, doc)
	}
	of, t := p, f.Type
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		if t.Kind() == reflect.Slice {
			of = of.Items
		}
		t = t.Elem()
	}
	if t.Kind() == reflect.String && of != nil && of.Type == huma.TypeString && !open[roomOf(t)] {
		words := values[roomOf(t)]
		if roomOf(t) == anyWord {
			of.Examples = anys(words)
		} else if of.Enum == nil && len(words) > 0 {
			of.Enum = anys(words)
			if optional := strings.Contains(f.Tag.Get("json"), ",omit"); !optional && slices.Contains(emptyWords, roomOf(t)) {
				of.Enum = append(of.Enum, "")
			}
		}
	}
}

// open are types of which the constants are not all there is.
var open = map[string]bool{"access.Actor": true, "event.Type": true}

// anyWord is a type of which the constants are what is known, and any other word is taken.
const anyWord = "support.Category"

// emptyWords are types of which "" is a word, too.
var emptyWords = []string{"order.End", "order.Failure"}

func anys(texts []string) (all []any) {
	for _, x := range texts {
		all = append(all, x)
	}
	return all
}
