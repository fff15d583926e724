package process

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"doorstep/attempt"
	"doorstep/event"
	"doorstep/order"
	"doorstep/order/ordertest"
	"doorstep/payment"
	"doorstep/shipping"
	"doorstep/state"
	"doorstep/support"
)

var update = flag.Bool("update", false, "write the documents anew")

// TestTheDocumentIsDrawnFromTheTables keeps docs/order-process.md true.
func TestTheDocumentIsDrawnFromTheTables(t *testing.T) {
	path := filepath.Join("..", "docs", "order-process.md")
	want := document()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("the document is not what the tables say: go test ./process -run Document -update\n%s", d)
	}
}

const preamble = `# The order process

This page is drawn from the tables in the code and checked by a test
(` + "`go test ./process -run Document`" + `); after a change of a table, ` + "`-update`" + ` writes
it anew.

An order is a fold of its facets: stock, payment, fulfilment, and whether it has
ended. Each facet moves by events alone (` + "`order/status.go`" + `); what follows an event is
said by one table (` + "`process/table.go`" + `). The runner reads nothing else.

## What an order's status goes through

The status is the one word for people. The picture is every way through the
facets' table, by the events that change the status.

`

func document() []byte {
	var b bytes.Buffer
	b.WriteString(preamble)
	drawStatuses(&b)
	b.WriteString("\n## How a step leads to the next\n\n")
	b.WriteString("Round boxes are events, square ones are steps. Steps that any event of another\nroom only reports on are left to the table below.\n\n")
	drawSteps(&b)
	b.WriteString("\n## The table\n\n" + kinds)
	for _, r := range Table() {
		tellRow(&b, r)
	}
	b.WriteString("\n## The tables of the rooms\n")
	drawStates(&b, "Payments", payment.Transitions)
	drawStates(&b, "Attempts, at gateways and carriers", attempt.Transitions)
	drawStates(&b, "Refunds", payment.RefundTransitions)
	drawStates(&b, "Shipments", shipping.Transitions)
	drawStates(&b, "Returns", shipping.ReturnTransitions)
	drawStates(&b, "Tickets", support.Transitions)
	return b.Bytes()
}

const kinds = `A **rule** is decided in the transaction in which its event happens. An **ask** is a
question to a provider: what will be asked and under which key is committed with
the event, then it is asked, then what became of it is committed; it goes on until
one of the events that end it. A **wait** is for a person or the time.

A step that is stuck or waits for what is late needs a person, who may **retry** it,
**skip** it and see to it themselves, or **compensate**: cancel the order, so that
what was begun is undone. Each row says which of them it allows; none leaves an
order in a state that is not true.

`

func tellRow(b *bytes.Buffer, r Row) {
	fmt.Fprintf(b, "### %s (%s)\n\n%s.\n\n", r.Step, r.Kind, upper(r.Does))
	fmt.Fprintf(b, "- on %s", names(r.On))
	if r.Guard != nil {
		fmt.Fprintf(b, ", when %s", r.Guard.Name)
	}
	b.WriteString("\n")
	if r.Holds {
		fmt.Fprintf(b, "- waits while the order is held\n")
	}
	if len(r.Until) > 0 {
		fmt.Fprintf(b, "- until %s\n", names(r.Until))
	}
	if len(r.Leads) > 0 {
		fmt.Fprintf(b, "- may lead to %s\n", names(r.Leads))
	}
	if r.Kind != Rule {
		fmt.Fprintf(b, "- when it is stuck or late, a person may %s\n", waysOf(r))
	}
	b.WriteString("\n")
}

func waysOf(r Row) string {
	var all []string
	for _, w := range r.Ways {
		all = append(all, "**"+string(w)+"**")
	}
	if r.Else != "" {
		all = append(all, r.Else)
	}
	if len(all) == 1 {
		return all[0]
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func names(types []event.Type) string {
	all := make([]string, len(types))
	for i, t := range types {
		all[i] = "`" + string(t) + "`"
	}
	return strings.Join(all, ", ")
}

// drawStatuses walks every way through the facets.
func drawStatuses(b *bytes.Buffer) {
	edges := map[[2]string][]string{}
	ordertest.Ways(func(before ordertest.Standing, on event.Type, after ordertest.Standing) {
		from, to := string(before.Status()), string(after.Status())
		if before.Facets == order.New() {
			from = "[*]"
		}
		if e := [2]string{from, to}; from != to && !slices.Contains(edges[e], string(on)) {
			edges[e] = append(edges[e], string(on))
		}
	})
	var all []string
	for e, on := range edges {
		slices.Sort(on)
		all = append(all, fmt.Sprintf("    %s --> %s: %s\n", e[0], e[1], strings.Join(on, ", ")))
	}
	slices.Sort(all)
	fmt.Fprintf(b, "```mermaid\nstateDiagram-v2\n%s```\n", strings.Join(all, ""))
}

func drawSteps(b *bytes.Buffer) {
	b.WriteString("```mermaid\nflowchart TD\n")
	event := func(t event.Type) string {
		return fmt.Sprintf("%s([%s])", strings.ReplaceAll(string(t), ".", "_"), t)
	}
	for _, r := range Table() {
		for _, on := range r.On {
			fmt.Fprintf(b, "    %s --> %s[%s]\n", event(on), "step_"+r.Step, r.Step)
		}
		for _, to := range append(slices.Clone(r.Leads), r.Until...) {
			if r.Kind != Wait || slices.Contains(r.Leads, to) {
				fmt.Fprintf(b, "    step_%s --> %s\n", r.Step, event(to))
			}
		}
	}
	b.WriteString("```\n")
}

func drawStates[S, E ~string](b *bytes.Buffer, title string, table state.Table[S, E]) {
	fmt.Fprintf(b, "\n### %s\n\n```mermaid\nstateDiagram-v2\n", title)
	for _, r := range table {
		from := string(r.From)
		if from == "" {
			from = "[*]"
		}
		fmt.Fprintf(b, "    %s --> %s: %s\n", from, r.To, r.On)
	}
	b.WriteString("```\n")
}
