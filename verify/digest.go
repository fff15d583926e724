package verify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math/bits"
	"slices"

	"doorstep/fault"
	"doorstep/internal/db"
)

// Omission is what a digest leaves out of a table, and why.
type Omission struct {
	Table   string
	Columns []string // all of the table when there are none
	Why     string
}

// Omissions returns all that Digest leaves out: what may honestly differ between
// two databases that hold the same business.
func Omissions() []Omission { return slices.Clone(omissions) }

var omissions = []Omission{
	{"meta", nil, "It says how the file was made, not what the shop did."},
	{"goose_db_version", nil, "The migrations, by the machine's clock."},
	{"feed_clusters", nil, "In which clusters of PostgreSQL the database has lived."},
	{"events", []string{"seq", "xid"}, "The places in the feed, of which each engine has its own kind. Subject and version say what came after what."},
	{"orders", []string{"number"}, "The short numbers for people have gaps where a program was killed."},
	{"order_numbers", nil, "The number that comes next, for the same reason."},
	{"commands", []string{"answer"}, "A first answer as it was given, with the order's short number in it."},
	{"order_traces", nil, "In which trace of whom an order was placed."},
	{"counts", nil, "Sums of what is in other tables, kept in as many parts as the engine has lanes; verify counts them again."},
	{"figures", nil, "Sums of what is in the log, as far as it was counted; verify counts them again."},
	{"figures_feed", nil, "How far the log was counted, and by which node."},
	{"figures_kept", nil, "Since when sums are kept, by when they were counted last."},
	{"figures_steps", nil, "Sums of what is in the log."},
	{"figures_sold", nil, "Sums of what is in the log."},
	{"figures_answers", nil, "Sums of what is in the log."},
	{"work", []string{"lease", "lease_until", "last_error"}, "Which node works on a step, by the database's clock, and what a provider last said."},
}

// StateDigest is a hash of what a shop has come to.
type StateDigest struct {
	Digest string        `json:"digest"` // SHA-256 in hex over the tables' digests
	Rows   int64         `json:"rows"`
	Tables []TableDigest `json:"tables"` // by name: where two digests differ, these say in which table
}

// TableDigest is a hash of the rows of one table.
type TableDigest struct {
	Table  string `json:"table"`
	Rows   int64  `json:"rows"`
	Digest string `json:"digest"`
}

// Digest hashes every row of every table, but for Omissions. It is the same for
// two databases that hold the same business, on whatever engine and however
// often the program was stopped on the way. Tables are read range by range in
// bounded memory: beside a running process it is the digest of no single moment.
//
// Errors by code: invalid when rows is negative; those of db.View.
func Digest(ctx context.Context, d *db.DB, o Options) (StateDigest, error) {
	if o.Orders < 0 {
		return StateDigest{}, fault.New(fault.Invalid, "the size of a range is not negative")
	}
	tables, err := db.View(ctx, d, db.Tables)
	if err != nil {
		return StateDigest{}, err
	}
	all, s := sha256.New(), StateDigest{Tables: []TableDigest{}}
	for _, t := range tables {
		columns := hashed(t)
		if len(columns) == 0 {
			continue
		}
		found, err := digestTable(ctx, d, t, columns, cmp.Or(o.Orders, defaultOrders))
		if err != nil {
			return StateDigest{}, err
		}
		fmt.Fprintf(all, "%s %d %s\n", found.Table, found.Rows, found.Digest)
		s.Rows += found.Rows
		s.Tables = append(s.Tables, found)
	}
	s.Digest = hex.EncodeToString(all.Sum(nil))
	return s, nil
}

// hashed returns the columns of a table that count.
func hashed(t db.Table) []string {
	columns := slices.Clone(t.Columns)
	for _, o := range omissions {
		if o.Table != t.Name {
			continue
		}
		if o.Columns == nil {
			return nil
		}
		columns = slices.DeleteFunc(columns, func(c string) bool { return slices.Contains(o.Columns, c) })
	}
	slices.Sort(columns)
	return columns
}

// digestTable walks a table by its key. The rows' hashes are added up rather
// than chained, since the engines sort texts each in their own way.
func digestTable(ctx context.Context, d *db.DB, t db.Table, columns []string, limit int) (TableDigest, error) {
	type page struct {
		sum  sum256
		rows int64
		last []any
	}
	var sum sum256
	found := TableDigest{Table: t.Name}
	for after := []any(nil); ; {
		p, err := db.View(ctx, d, func(r db.Reader) (p page, err error) {
			row := sha256.New()
			p.last, err = t.Page(r, columns, after, limit, func(values []any) error {
				p.rows++
				p.sum = p.sum.plus(hashRow(row, columns, values))
				return nil
			})
			return p, err
		})
		if err != nil {
			return TableDigest{}, err
		}
		sum = sum.plus(p.sum)
		found.Rows += p.rows
		if after = p.last; p.rows < int64(limit) {
			found.Digest = sum.String()
			return found, nil
		}
	}
}

// hashRow hashes the names and the values of a row, each with its length, so
// that no two rows read alike.
func hashRow(h hash.Hash, columns []string, values []any) (sum sum256) {
	h.Reset()
	for i, v := range values {
		text := fmt.Sprintf("%T %v", v, v)
		fmt.Fprintf(h, "%s %d %s\n", columns[i], len(text), text)
	}
	digest := h.Sum(nil)
	for i := range sum {
		sum[i] = binary.BigEndian.Uint64(digest[8*i:])
	}
	return sum
}

// sum256 is a number of 256 bits, the first of its words the highest.
type sum256 [4]uint64

// plus adds modulo 2²⁵⁶.
func (s sum256) plus(t sum256) sum256 {
	var carry uint64
	for i := len(s) - 1; i >= 0; i-- {
		s[i], carry = bits.Add64(s[i], t[i], carry)
	}
	return s
}

// String returns the number in hex.
func (s sum256) String() string { return fmt.Sprintf("%016x%016x%016x%016x", s[0], s[1], s[2], s[3]) }
