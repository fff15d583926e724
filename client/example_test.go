package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"

	"doorstep/client"
)

// The examples ask a server of their own: s is a client of it, as client.New makes one.
var ctx = context.Background()

func Example() {
	s := open(ctx)
	defer s.close()

	doorstep := client.New(s.url, s.key) // such as http://127.0.0.1:8420 and dsk_…
	placed, err := doorstep.PlaceOrder(ctx, client.OrderRequest{
		Reference: client.Reference{Source: "web", Number: "A-1"},
		Currency:  "GBP", PricesIncludeTax: true,
		Lines:  []client.OrderLineRequest{{SKU: "CUP", Quantity: 2}},
		ShipTo: client.Address{Name: "Made Up", Line1: "1 Sample Street", City: "Sampleton", Country: "GB"},
	}, client.Key("checkout-1"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(placed.Order.Number, placed.Order.Status, placed.Order.Total)
	// Output: 1001 processed 900
}

func ExampleClient_PlaceOrder() {
	s := open(ctx)
	defer s.close()

	q := order("A-1")
	var answer client.Meta
	first, err := s.PlaceOrder(ctx, q, client.Key("checkout-1"))
	check(err)
	again, err := s.PlaceOrder(ctx, q, client.Key("checkout-1"), client.Into(&answer))
	check(err)
	fmt.Println(first.Order.ID == again.Order.ID, answer.Replayed)

	q.Reference.Number, q.Lines[0].Quantity = "A-2", 100
	tooMany, err := s.PlaceOrder(ctx, q)
	check(err)
	fmt.Println(tooMany.Order.Status, tooMany.Order.Failure, tooMany.Shortages[0].SKU)

	q.Lines[0].Quantity = 0
	_, err = s.PlaceOrder(ctx, q)
	if p, is := errors.AsType[*client.Problem](err); is && p.Code == client.CodeInvalid {
		fmt.Println(p.Fields[0].Path, "is", p.Fields[0].Code)
	}
	// Output:
	// true true
	// failed out_of_stock CUP
	// lines[0].quantity is out_of_range
}

func ExampleClient_PlaceOrders() {
	s := open(ctx)
	defer s.close()

	placed := 0
	for result, err := range s.PlaceOrders(ctx, slices.Values([]client.OrderRequest{order("A-1"), order("A-2"), order("A-3")})) {
		check(err)
		if result.Status == http.StatusCreated {
			placed++
		}
	}
	fmt.Println(placed)
	// Output: 3
}

func ExampleClient_ListOrders() {
	s := open(ctx)
	defer s.close()
	for _, number := range []string{"A-1", "A-2", "A-3"} {
		need(s.PlaceOrder(ctx, order(number)))
	}

	for o, err := range s.ListOrders(ctx, client.ListOrdersParams{Limit: 2}) { // two on a page
		check(err)
		fmt.Println(o.Number, o.Reference.Number)
	}
	// Output:
	// 1003 A-3
	// 1002 A-2
	// 1001 A-1
}

func ExampleClient_CancelOrder() {
	s := open(ctx)
	defer s.close()
	need(s.PlaceOrder(ctx, order("A-1")))

	plan, err := s.PreviewCancel(ctx, "web/A-1", client.CancelRequest{})
	check(err)
	need(s.NoteOrder(ctx, "1001", client.NoteRequest{Text: "To be wrapped as a gift."}))
	_, err = s.CancelOrder(ctx, "1001", client.CancelRequest{}, client.If(plan.Version))
	fmt.Println(client.CodeOf(err)) // it is another order than the one that was previewed

	_, err = s.CancelOrder(ctx, "1001", client.CancelRequest{Reason: "the customer has changed their mind"})
	fmt.Println(err)
	// Output:
	// stale
	// <nil>
}

func ExampleClient_RecordPayment() {
	s := open(ctx)
	defer s.close()
	q := order("A-1")
	q.Payment.Gateway = "manual" // by bank transfer
	need(s.PlaceOrder(ctx, q))

	paid, err := s.RecordPayment(ctx, "1001", client.PaymentRecord{Reference: "bank statement 7, line 3", Amount: 900})
	check(err)
	fmt.Println(paid.Payment)
	for p, err := range s.ListPayments(ctx, client.ListPaymentsParams{Order: "1001"}) {
		check(err)
		fmt.Println(p.Gateway, p.Amount, p.Status)
	}
	// Output:
	// captured
	// manual 900 succeeded
}

func ExampleClient_MakeRefund() {
	s := open(ctx)
	defer s.close()
	s.delivered(ctx, "A-1")

	q := client.CreditRequest{Lines: []client.CreditLine{{Line: 1, Quantity: 1}}, Reason: "goodwill"}
	plan, err := s.PreviewRefunds(ctx, "1001", q)
	check(err)
	made, err := s.MakeRefund(ctx, "1001", q, client.If(plan.Version))
	check(err)
	fmt.Println(plan.Amount, made.Refund.Amount)
	// Output: 450 450
}

func ExampleClient_HandOverShipment() {
	s := open(ctx)
	defer s.close()
	need(s.PlaceOrder(ctx, order("A-1")))

	parcel := s.parcel(ctx, "1001")
	shipped, err := s.HandOverShipment(ctx, parcel.ID, client.HandOver{TrackingNumber: "MADEUP001GB"})
	check(err)
	fmt.Println(shipped.Status)
	need(s.ScanShipment(ctx, "MADEUP001GB", client.Sighting{Status: client.ShippingTrackingStatusInTransit, Place: "Sampleton"}))
	whole, err := s.ShowShipment(ctx, "MADEUP001GB")
	check(err)
	fmt.Println(whole.Lines[0].Quantity, whole.Lines[0].SKU)
	// Output:
	// shipped
	// 2 CUP
}

func ExampleClient_AuthoriseReturn() {
	s := open(ctx)
	defer s.close()
	s.delivered(ctx, "A-1")

	back, err := s.AuthoriseReturn(ctx, "1001", client.ReturnRequest{Reason: "too_small"})
	check(err)
	_, err = s.ReceiveReturn(ctx, back.Return.ID, client.Reception{})
	check(err)
	r, err := s.ShowReturn(ctx, back.Return.ID)
	check(err)
	fmt.Println(back.Return.Status, r.Status)
	// Output: authorised received
}

func ExampleClient_ReceiveStock() {
	s := open(ctx)
	defer s.close()

	_, err := s.DefineSKU(ctx, client.SKURequest{Code: "BOWL", Name: "Bowl", Currency: "GBP", Price: 1250, Weight: 700})
	check(err)
	_, err = s.ReceiveStock(ctx, "BOWL", client.ReceiveRequest{Quantity: 4})
	check(err)
	for sku, err := range s.ListStock(ctx, client.ListStockParams{}) {
		check(err)
		fmt.Println(sku.Code, sku.Levels[0].OnHand)
	}
	// Output:
	// BOWL 4
	// CUP 10
}

func ExampleClient_ListAttention() {
	s := open(ctx)
	defer s.close()
	need(s.PlaceOrder(ctx, order("A-1")))
	need(s.HoldOrder(ctx, "1001", client.HoldRequest{Reason: "address_unclear"}))

	list, err := s.ListAttention(ctx, client.ListAttentionParams{})
	check(err)
	for _, item := range list.Items {
		fmt.Println(item.Cause, item.Number)
	}
	_, err = s.RetryAttention(ctx, client.AttendRequest{Item: "1001"}) // which releases it
	fmt.Println(err)
	// Output:
	// held 1001
	// <nil>
}

func ExampleClient_OpenTicket() {
	s := open(ctx)
	defer s.close()
	s.delivered(ctx, "A-1")

	ticket, err := s.OpenTicket(ctx, client.TicketRequest{Order: "1001", Category: client.SupportCategoryOther, Body: "Is it fit for the dishwasher?"})
	check(err)
	_, err = s.ReplyTicket(ctx, ticket.ID, client.ReplyRequest{Body: "It is."})
	check(err)
	solved, err := s.SolveTicket(ctx, ticket.ID, client.SolveRequest{Body: "Enjoy it."})
	check(err)
	fmt.Println(solved.Status)
	again, err := s.ReopenTicket(ctx, ticket.ID, client.ReopenRequest{})
	check(err)
	fmt.Println(again.Status)
	// Output:
	// solved
	// open
}

func ExampleClient_Follow() {
	s := open(ctx)
	defer s.close()
	need(s.PlaceOrder(ctx, order("A-1")))

	kept := "" // the cursor of the last event that something was made of
	for e, err := range s.Follow(ctx, kept) {
		check(err)
		kept = e.Cursor
		if e.Event.Status != "" {
			fmt.Println(e.Event.Type, e.Event.Status)
		}
		if e.Event.Status == "paid" {
			break
		}
	}
	for e, err := range s.Follow(ctx, kept) { // goes on behind it
		check(err)
		fmt.Println(e.Event.Type != "payment.succeeded")
		break
	}
	// Output:
	// order.processed processed
	// payment.succeeded paid
	// true
}

func ExampleReceiver() {
	s := open(ctx)
	defer s.close()

	var receiver *client.Receiver
	told := make(chan client.Delivery, 1)
	storefront := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		delivery, err := receiver.Read(r)
		if err != nil {
			http.Error(w, "not signed", http.StatusUnauthorized)
			return
		}
		told <- delivery
	}))
	defer storefront.Close()

	webhook, err := s.AddWebhook(ctx, client.WebhookRequest{Name: "storefront", URL: storefront.URL, Types: []string{"order.processed"}})
	check(err)
	receiver, err = client.NewReceiver(webhook.Secret) // keep it: it is shown once
	check(err)
	need(s.PlaceOrder(ctx, order("A-1")))
	fmt.Println((<-told).Type)
	// Output: order.processed
}

func ExampleClient_CreateKey() {
	s := open(ctx)
	defer s.close()

	made, err := s.CreateKey(ctx, client.APIKeyRequest{Name: "till", Scopes: []client.AccessScope{client.AccessScopeRead}})
	check(err)
	till := client.New(s.url, made.Secret) // which is shown once
	_, err = till.PlaceOrder(ctx, order("A-1"))
	fmt.Println(client.CodeOf(err))
	_, err = s.RevokeKey(ctx, made.ID)
	fmt.Println(err)
	// Output:
	// forbidden
	// <nil>
}
