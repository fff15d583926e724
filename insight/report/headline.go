package report

import (
	"math"
	"strconv"
)

// card is one headline figure.
type card struct {
	Name    string
	Figures []sum
	Note    string
	Money   bool
}

// sum is a number and what it counts, which may be nothing in particular.
type sum struct{ Unit, Number string }

// headline returns the figures that a shop owner looks for first.
func (p *page) headline() []card {
	first := "placed"
	if len(p.Funnel) > 0 {
		first = p.Funnel[0].Name
	}
	cards := []card{counted(words(first), p.Placed, p.length())}
	if len(p.Funnel) > 1 {
		cards = append(cards, counted(words(p.last().Name), p.last().Orders, p.ofPlaced(p.last().Orders)))
	}
	cards = append(cards, counted("Failed", p.Lost, p.ofPlaced(p.Lost)), counted("Tickets", p.TicketSum, p.perHundred()))
	if len(p.Balance) > 0 {
		cards = append(cards, p.kept())
	}
	return cards
}

func counted(name string, n int64, note string) card {
	return card{Name: name, Figures: []sum{{Number: count(n)}}, Note: note}
}

// kept shows the balance of each currency, without adding two of them up.
func (p *page) kept() card {
	c := card{Name: "Money kept", Note: "taken less refunded", Money: true}
	for _, b := range p.Balance {
		c.Figures = append(c.Figures, sum{string(b.Kept.Currency), decimal(b.Kept)})
	}
	return c
}

// length says for how long the shop was looked at.
func (p *page) length() string {
	d := p.To.Sub(p.From)
	switch {
	case p.Period == "" || d <= 0:
		return "in all"
	case d%day == 0:
		return "in " + plural(int64(d/day), "day")
	}
	return "in " + duration(d)
}

func (p *page) ofPlaced(n int64) string {
	if p.Placed == 0 {
		return "no orders yet"
	}
	return share(n, p.Placed) + " of orders"
}

func (p *page) perHundred() string {
	if p.Placed == 0 || p.TicketSum == 0 {
		return "none opened"
	}
	rate := strconv.FormatFloat(math.Round(10*percent(p.TicketSum, p.Placed))/10, 'f', -1, 64)
	return rate + " per 100 orders"
}
