package process

import (
	"doorstep/access"
	"doorstep/fault"
	"doorstep/inventory"
)

// scopes are what each use case takes of who calls it with a limited permit.
var scopes = map[string]access.Scope{
	"place": access.Orders, "cancel": access.Orders, "edit": access.Orders, "withdraw_edit": access.Orders, "hold": access.Orders, "release": access.Orders,
	"note": access.Orders, "buy_label": access.Orders, "record_scan": access.Orders, "retry_stuck": access.Orders, "attend": access.Orders, "record_payment": access.Orders,
	"hand_over": access.Orders, "mark_delivered": access.Orders, "report_mishap": access.Orders, "mark_found": access.Orders, "reship": access.Orders,
	"receive_back": access.Orders, "authorise_return": access.Orders, "receive_return": access.Orders, "cancel_return": access.Orders, "exchange": access.Orders,

	"refund": access.Refunds, "record_refund": access.Refunds, "fail_refund": access.Refunds, "withdraw_refund": access.Refunds, "void": access.Refunds, "record_void": access.Refunds, "capture": access.Orders,
	"record_found": access.Refunds,

	"define_sku": access.Stock, "describe_sku": access.Stock, "allow_backorders": access.Stock, "set_location": access.Stock, "set_stock": access.Stock, "count_stock": access.Stock,
	string(inventory.EventReceived): access.Stock, string(inventory.EventReturned): access.Stock, string(inventory.EventAdjusted): access.Stock,
	string(inventory.EventSafety): access.Stock,

	"open_ticket": access.Tickets, "reply_ticket": access.Tickets, "solve_ticket": access.Tickets, "reopen_ticket": access.Tickets, "assign_ticket": access.Tickets,
	"note_ticket": access.Tickets, "add_canned": access.Answers, "change_canned": access.Answers, "remove_canned": access.Answers,
	"approve_ticket": access.Tickets, "reject_ticket": access.Tickets,

	"change_policy": access.Admin, "set_policy": access.Admin, "find_sales": access.Admin, "add_key": access.Admin, "revoke_key": access.Admin,
	"add_webhook": access.Admin, "change_webhook": access.Admin, "disable_webhook": access.Admin, "enable_webhook": access.Admin, "rotate_webhook": access.Admin,
	"replay_webhook": access.Admin,
	"forget":         access.Admin,
	"add_user":       access.Admin, "link_user": access.Admin, "set_role": access.Admin, "disable_user": access.Admin, "enable_user": access.Admin, "sign_out_user": access.Admin,
}

// permitted refuses what who commands may not do.
//
// Errors: forbidden.
func (c Command) permitted(useCase string) error {
	scope, known := scopes[useCase]
	if !known {
		return fault.New(fault.Internal, "the use case %s has no scope", useCase)
	}
	return c.May.Check(scope)
}
