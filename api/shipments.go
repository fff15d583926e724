package api

import (
	"context"
	"net/http"

	"doorstep/access"
	"doorstep/order"
	"doorstep/process"
	"doorstep/shipping"
)

// ShipmentPath names a shipment.
type ShipmentPath struct {
	Shipment string `path:"shipment" maxLength:"200" example:"shp_01JD3Z0000000000000000000A" doc:"The shipment: its identifier or its tracking number."`
}

// Rates are what carriers would take for an order's parcels.
type Rates struct {
	Items []process.Rate `json:"items"`
}

func (a *API) shipments() {
	listOfOrder(a, "shipments", func(ctx context.Context, f narrowed[shipping.Status]) ([]shipping.Shipment, error) {
		return a.process.Shipments(ctx, shipping.Filter(f))
	}, func(s shipping.Shipment) string { return s.ID })
	register(a, operation{
		id: "show-shipment", method: http.MethodGet, path: "/v1/shipments/{shipment}", tag: "shipments", scope: access.Read, versioned: true, ambiguous: true, answer: Shipment{},
		summary: "Show a parcel with what is in it, its label, and where it was seen",
	}, func(ctx context.Context, in *ShipmentPath) (answer, error) {
		of, id, err := a.process.FindShipment(ctx, in.Shipment)
		if err != nil {
			return answer{}, err
		}
		return a.part(ctx, of, func(v process.Overview) any {
			return only(viewShipments(v), func(s Shipment) bool { return s.ID == id })
		})
	})
	register(a, operation{
		id: "list-rates", method: http.MethodGet, path: "/v1/orders/{order}/rates", tag: "shipments", scope: access.Read, answer: Rates{},
		summary: "Ask what the carriers would take for an order's parcels", description: "That buys nothing.",
	}, func(ctx context.Context, in *OrderPath) (answer, error) {
		id, err := a.orderID(ctx, in.Order)
		if err != nil {
			return answer{}, err
		}
		rates, err := a.process.Rates(ctx, id)
		return answer{body: Rates{list(rates)}}, err
	})
	a.shipmentChanges()
	a.shipmentsAstray()
}

func (a *API) shipmentChanges() {
	changeShipment(a, "hand-over", "Say that a parcel was handed over to its carrier", "The stock leaves with it. Where no label was bought, the number is needed under which it is followed.",
		func(ctx context.Context, by process.Command, of, id string, q shipping.HandOver) (process.Result[order.Order], error) {
			return a.process.HandOver(ctx, by, of, id, q)
		})
	changeShipment(a, "label", "Have a parcel's label bought now",
		"It is for one whose carrier is to be asked later, or has not answered for too long: an attempt that may have bought one is asked again under its key, so that none is bought twice. Of an order that is held because no carrier takes it, all are asked again. What a label would cost, the rates of the order say.",
		func(ctx context.Context, by process.Command, of, id string, _ Nothing) (process.Result[order.Order], error) {
			return a.process.BuyLabel(ctx, by, of, id)
		})
	changeShipment(a, "scan", "Say where a parcel was seen",
		"It is for a carrier that does not tell the shop's own program, and is followed as a scan of the carrier's: what is older, or says less than what is known, moves nothing. The same status of the same moment is one scan.",
		func(ctx context.Context, by process.Command, of, id string, q shipping.Sighting) (process.Result[order.Order], error) {
			return a.process.RecordScan(ctx, by, of, id, q)
		})
	changeShipment(a, "delivered", "Say that a parcel has arrived that no carrier reports on", "",
		func(ctx context.Context, by process.Command, of, id string, _ Nothing) (process.Result[order.Order], error) {
			return a.process.MarkDelivered(ctx, by, of, id)
		})
	for _, mishap := range []struct {
		verb, summary string
		became        shipping.Status
	}{
		{"lost", "Say that a parcel is lost", shipping.Lost},
		{"damaged", "Say that a parcel was damaged on its way", shipping.Damaged},
		{"refused", "Say that a parcel was not taken, and comes back", shipping.Returned},
	} {
		changeShipment(a, mishap.verb, mishap.summary, "Its goods are sent anew, or a ticket asks a person, as policy has it.",
			func(ctx context.Context, by process.Command, of, id string, _ Nothing) (process.Result[order.Order], error) {
				return a.process.ReportMishap(ctx, by, of, id, mishap.became)
			})
	}
	changeShipment(a, "found", "Say that a lost parcel is on its way again", "Where its goods were sent anew already, a ticket tells of it.",
		func(ctx context.Context, by process.Command, of, id string, _ Nothing) (process.Result[order.Order], error) {
			return a.process.MarkFound(ctx, by, of, id)
		})
}

// shipmentsAstray is about parcels that do not arrive.
func (a *API) shipmentsAstray() {
	changeShipment(a, "receive", "Receive a parcel that has come back", "What is fit to be sold goes back to where it left from; the rest is written off.",
		func(ctx context.Context, by process.Command, of, id string, q shipping.Grading) (process.Result[order.Order], error) {
			return a.process.ReceiveBack(ctx, by, of, id, q)
		})
	previewShipment(a, "receive", "Preview what receiving a parcel puts where", func(ctx context.Context, of, id string, q shipping.Grading) (process.ComingBack, int64, error) {
		plan, err := a.process.PreviewReceiveBack(ctx, of, id, q)
		plan.Lines = list(plan.Lines)
		return plan, plan.Version, err
	})
	changeShipment(a, "reship", "Send what is in a parcel that does not arrive once more", "All of it is reserved, or nothing. An edit of the order withdraws it while it is here.",
		func(ctx context.Context, by process.Command, of, id string, _ Nothing) (process.Result[order.Order], error) {
			return a.process.Reship(ctx, by, of, id)
		})
	previewShipment(a, "reship", "Preview what sending a parcel's goods anew reserves", func(ctx context.Context, of, id string, _ Nothing) (process.Reshipping, int64, error) {
		plan, err := a.process.PreviewReship(ctx, of, id)
		plan.Lines, plan.From = list(plan.Lines), list(plan.From)
		return plan, plan.Version, err
	})
}

// changeShipment registers an operation that changes a parcel of an order, and answers
// with the order.
func changeShipment[Q any](a *API, verb, summary, description string, do func(ctx context.Context, by process.Command, of, id string, q Q) (process.Result[order.Order], error)) {
	register(a, operation{
		id: verb + "-shipment", method: http.MethodPost, path: "/v1/shipments/{shipment}/" + verb, tag: "shipments", scope: access.Orders, answer: order.Order{},
		summary: summary, description: description,
	}, func(ctx context.Context, in *struct {
		ShipmentPath
		Posting
		Matching
		Sent[Q]
	}) (answer, error) {
		by, err := commandOn(ctx, in)
		if err != nil {
			return answer{}, err
		}
		of, id, err := a.process.FindShipment(ctx, in.Shipment)
		if err != nil {
			return answer{}, err
		}
		return changed(do(ctx, by, of, id, in.Value))
	})
}

// previewShipment registers the preview of a change of a parcel.
func previewShipment[Q, P any](a *API, verb, summary string, do func(ctx context.Context, of, id string, q Q) (P, int64, error)) {
	var plan P
	register(a, operation{
		id: "preview-" + verb + "-shipment", method: http.MethodPost, path: "/v1/shipments/{shipment}/" + verb + "/preview", tag: "shipments", scope: access.Orders,
		versioned: true, answer: plan, summary: summary, description: aboutPreviews,
	}, func(ctx context.Context, in *struct {
		ShipmentPath
		Sent[Q]
	}) (answer, error) {
		of, id, err := a.process.FindShipment(ctx, in.Shipment)
		if err != nil {
			return answer{}, err
		}
		plan, version, err := do(ctx, of, id, in.Value)
		return answer{body: plan, version: version}, err
	})
}
