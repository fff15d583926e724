package report

import (
	"slices"

	"doorstep/fault"
	"doorstep/money"
)

// balance is what was taken and refunded in one currency.
type balance struct{ Taken, Refunded, Kept money.Amount }

// balances joins what was taken and refunded, per currency.
func balances(taken, refunded []money.Amount) ([]balance, error) {
	in, err := sums(taken)
	if err != nil {
		return nil, err
	}
	out, err := sums(refunded)
	if err != nil {
		return nil, err
	}
	var all []balance
	for _, c := range currencies(taken, refunded) {
		if out[c] < 0 {
			return nil, fault.New(fault.Invalid, "less than nothing was refunded in %s", c)
		}
		kept, ok := money.Add(in[c], -out[c])
		if !ok {
			return nil, tooMuch(c)
		}
		all = append(all, balance{money.Of(in[c], c), money.Of(out[c], c), money.Of(kept, c)})
	}
	return all, nil
}

func sums(amounts []money.Amount) (map[money.Currency]int64, error) {
	sum := map[money.Currency]int64{}
	for _, a := range amounts {
		s, ok := money.Add(sum[a.Currency], a.Minor)
		if !ok {
			return nil, tooMuch(a.Currency)
		}
		sum[a.Currency] = s
	}
	return sum, nil
}

func tooMuch(c money.Currency) error {
	return fault.New(fault.Invalid, "the amounts of %s are too large to add up", c)
}

// currencies returns each currency once, in the order of the amounts.
func currencies(lists ...[]money.Amount) []money.Currency {
	var all []money.Currency
	for _, a := range slices.Concat(lists...) {
		if !slices.Contains(all, a.Currency) {
			all = append(all, a.Currency)
		}
	}
	return all
}
