package importer

// ledger is what every reader keeps of rows: what they come to, and which of them
// were set aside.
type ledger struct {
	account Account
	aside   func(Aside) error // may be nil
}

// Account returns the running totals.
func (l *ledger) Account() *Account { return &l.account }

// SetAside sets the rows of an entry aside.
func (l *ledger) SetAside(e Entry, why Reason, detail string) error {
	return l.putAside(reject(e.of().rows, problem{reason: why, detail: detail}))
}

func (l *ledger) putAside(out []rejected) error {
	for _, o := range out {
		if err := l.putRowAside(o.row, o.problem); err != nil {
			return err
		}
	}
	return nil
}

func (l *ledger) putRowAside(row row, p problem) error {
	l.account.putAside(row, p.reason)
	if l.aside == nil {
		return nil
	}
	return l.aside(Aside{
		Row: row.line, Column: p.column, Reason: p.reason, Detail: p.detail,
		Value: row.value, Known: row.known, Fields: row.fields, Text: row.text,
	})
}
