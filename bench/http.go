package bench

import "context"

// HTTP is what the process came to when its orders were placed over HTTP. The callers
// run on the same processors.
type HTTP struct {
	Process  []Run  `json:"process"` // B, by callers, each of whom has a connection
	OneSKU   Run    `json:"one_sku"` // C
	HalfRate *Paced `json:"half_rate"`
}

// overAPI measures the process once more, through the API.
func (m *measure) overAPI(ctx context.Context) (err error) {
	if !m.HTTP {
		return nil
	}
	m.overHTTP = true
	defer func() { m.overHTTP = false }()
	h := &HTTP{}
	for _, callers := range m.Callers {
		m.Told(told("B over HTTP", callers))
		if err := m.inShop(ctx, func(s *load) error {
			run, err := m.runOf(ctx, s, callers, basket)
			h.Process = append(h.Process, run)
			return err
		}); err != nil {
			return err
		}
	}
	m.Told(told("C over HTTP", Usual))
	if h.OneSKU, err = m.soldOut(ctx); err != nil {
		return err
	}
	if h.HalfRate, err = m.atHalf(ctx, h.Process); err != nil {
		return err
	}
	m.result.HTTP = h
	return nil
}
