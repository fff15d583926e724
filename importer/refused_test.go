package importer_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"doorstep/fault"
	"doorstep/importer"
	"doorstep/internal/db/dbtest"
	"doorstep/order"
)

func rowsOf(rows ...string) []byte { return []byte(header + strings.Join(rows, "\n") + "\n") }

// soldOn is a row of made-up goods.
func soldOn(invoice int, sku string, quantity int, price string) string {
	return fmt.Sprintf("%d,%s,MADE UP,%d,2011-01-01 00:00:00,%s,,France", invoice, sku, quantity, price)
}

// asideRows returns reason and detail of each row set aside.
func asideRows(t *testing.T, path string) [][]string {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(read(t, path))).ReadAll()
	must(t, err)
	var rows [][]string
	for _, r := range records[1:] {
		rows = append(rows, []string{r[2], r[3], r[5]})
	}
	return rows
}

func TestWhatTheProcessRefusesIsSetAside(t *testing.T) {
	t.Parallel()
	p := newPlace(t, dbtest.SQLite)
	aside := filepath.Join(t.TempDir(), "aside.csv")
	long := strings.Repeat("9", 65)
	got := p.run(t, rowsOf(soldOn(1, "9", 1, "2.5"), soldOn(2, long, 1, "1.5"), soldOn(2, "9", 3, "2.5")), importer.Options{SetAside: aside})
	if got.Orders != 1 || got.Statuses[order.Delivered] != 1 || got.Balance("GBP").Imported.Net().String() != "2.50" {
		t.Errorf("%d orders of %s: %v", got.Orders, got.Balance("GBP").Imported.Net(), got.Statuses)
	}
	why := "the order is not valid: lines[0].sku: at most 64 bytes"
	if diff := cmp.Diff([][]string{{"refused", why, "2"}, {"refused", why, "2"}}, asideRows(t, aside)); diff != "" {
		t.Errorf("set aside (-want +got):\n%s", diff)
	}
}

// An order for more than a shop can have of an article is placed, and fails.
func TestAnOrderThatFailsIsImported(t *testing.T) {
	t.Parallel()
	rows := []string{soldOn(2, "8", 1, "2.5")}
	for range 1001 {
		rows = append(rows, soldOn(1, "9", importer.MaxQuantity, "0.01"))
	}
	got := newPlace(t, dbtest.SQLite).run(t, rowsOf(rows...), importer.Options{})
	want := map[order.Status]int{order.Failed: 1, order.Delivered: 1}
	if diff := cmp.Diff(want, got.Statuses); diff != "" || got.Failures[order.OutOfStock] != 1 {
		t.Errorf("failures %v, statuses (-want +got):\n%s", got.Failures, diff)
	}
	if got.Orders != 2 || len(got.Balance("GBP").SetAside) != 0 {
		t.Errorf("%d orders, set aside: %v", got.Orders, got.Balance("GBP").SetAside)
	}
}

func TestAnotherFileOfTheSameShop(t *testing.T) {
	t.Parallel()
	p := newPlace(t, dbtest.SQLite)
	p.run(t, rowsOf(soldOn(1, "9", 1, "2.5"), soldOn(2, "9", 1, "2.5")), importer.Options{})
	aside := filepath.Join(t.TempDir(), "aside.csv")
	// The same, changed, new.
	got := p.run(t, rowsOf(soldOn(1, "9", 1, "2.5"), soldOn(2, "9", 1, "3.5"), soldOn(3, "9", 4, "2.5")), importer.Options{SetAside: aside})
	if got.Orders != 2 || got.Replayed != 1 || got.Statuses[order.Delivered] != 2 {
		t.Errorf("%d orders, %d known: %v", got.Orders, got.Replayed, got.Statuses)
	}
	why := "the shop has an order of this number that is not the same: the command key was used for another request"
	if diff := cmp.Diff([][]string{{"refused", why, "2"}}, asideRows(t, aside)); diff != "" {
		t.Errorf("set aside (-want +got):\n%s", diff)
	}
	if s := p.state(t); len(s.Orders) != 3 {
		t.Errorf("%d orders in the shop", len(s.Orders))
	}
}

func TestASetAsideFileThatCannotBeMade(t *testing.T) {
	t.Parallel()
	o := importer.Options{SetAside: filepath.Join(t.TempDir(), "none", "aside.csv")}
	if _, err := newPlace(t, dbtest.SQLite).try(t.Context(), t, sample(t), o, nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("import: %v", err)
	}
}

// An older file of rows set aside stays until the new one is whole.
func TestASetAsideFileIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	aside := filepath.Join(t.TempDir(), "aside.csv")
	must(t, os.WriteFile(aside, []byte("older"), 0o600))
	o := importer.Options{SetAside: aside, Progress: func(now importer.Progress) {
		if got := string(read(t, aside)); now.Phase == importer.Placing && got != "older" {
			t.Errorf("while placing: %q", got)
		}
	}}
	newPlace(t, dbtest.SQLite).run(t, sample(t), o)
	golden(t, "testdata/aside.golden.csv", read(t, aside))
}

func TestProgress(t *testing.T) {
	t.Parallel()
	file := sample(t)
	var last importer.Progress
	seen := map[importer.Phase]importer.Progress{}
	got := newPlace(t, dbtest.SQLite).run(t, file, importer.Options{Progress: func(now importer.Progress) {
		if now.Phase == last.Phase && (now.Done < last.Done || now.Orders < last.Orders) || now.At.Before(last.At) {
			t.Errorf("progress went back from %+v to %+v", last, now)
		}
		last, seen[now.Phase] = now, now
	}})
	for phase, want := range map[importer.Phase]int64{
		importer.Stocking: int64(got.Articles), importer.Placing: int64(len(file)), importer.Comparing: int64(got.Orders),
	} {
		if now := seen[phase]; now.Done != want || now.Total != want {
			t.Errorf("%s ended with %+v, want %d", phase, now, want)
		}
	}
	if _, ok := seen[importer.Delivering]; !ok {
		t.Error("nothing was said while parcels were on their way")
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	// The first by time, in the zone of the shop: summer time.
	at, err := importer.Start(importer.Online{}, strings.NewReader(header+"2,9,X,1,2011-07-01 10:00:00,1,,France\n1,9,X,1,2011-07-01 09:00:00,1,,France\n"))
	must(t, err)
	if want := time.Date(2011, 7, 1, 8, 0, 0, 0, time.UTC); !at.Equal(want) {
		t.Errorf("%v, want %v", at, want)
	}
	for name, file := range map[string]string{"no invoice": header, "another format": "a,b\n"} {
		if _, err := importer.Start(importer.Online{}, strings.NewReader(file)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestResultAsText(t *testing.T) {
	t.Parallel()
	got := newPlace(t, dbtest.SQLite).run(t, sample(t), importer.Options{})
	got.Replayed, got.Took = 3, 1234*time.Millisecond
	got.Failures = map[order.Failure]int{order.OutOfStock: 2}
	var b bytes.Buffer
	must(t, got.WriteText(&b))
	golden(t, "testdata/result.golden.txt", b.Bytes())
	for line := range strings.Lines(b.String()) {
		if len(line) > 81 {
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
	if err := got.WriteText(fails{}); err == nil {
		t.Error("an error of the writer was lost")
	}
	b.Reset()
	must(t, importer.Result{}.WriteText(&b))
	if !strings.HasPrefix(b.String(), "no orders\n") {
		t.Errorf("nothing imported: %s", b.String())
	}
	b.Reset()
	must(t, importer.Result{Orders: 1, Replayed: 1}.WriteText(&b))
	if !strings.HasPrefix(b.String(), "1 order from ") || !strings.Contains(b.String(), "\n1 of them was placed") {
		t.Errorf("one order: %s", b.String())
	}
}

// TestAnImportGoesOnAsItBegan: neither with less stock nor with other chance.
func TestAnImportGoesOnAsItBegan(t *testing.T) {
	t.Parallel()
	p, file := newPlace(t, dbtest.SQLite), []byte(header+goods)
	p.run(t, file, importer.Options{Seed: 1})
	if _, err := p.try(t.Context(), t, file, importer.Options{Seed: 2}, nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("with another seed: %v", err)
	}
	if got := p.run(t, file, importer.Options{Seed: 1}); got.Replayed != got.Orders {
		t.Errorf("%d of %d orders were known", got.Replayed, got.Orders)
	}
}

// TestTimesAreThoseOfTheShop: in summer, too, and as the file has them.
func TestTimesAreThoseOfTheShop(t *testing.T) {
	t.Parallel()
	file := []byte(header + "1,90000,X,1,2011-07-01 00:26:00,1,,France\n")
	got := newPlace(t, dbtest.SQLite).run(t, file, importer.Options{})
	var text strings.Builder
	must(t, got.WriteText(&text))
	if !strings.Contains(text.String(), "1 order from 2011-07-01 00:26 to 2011-07-01 00:26 (shop time)") {
		t.Errorf("it says %s", text.String())
	}
}

// TestNothingButACancellation has no last step, and says of none when it was.
func TestNothingButACancellation(t *testing.T) {
	t.Parallel()
	got := newPlace(t, dbtest.SQLite).run(t, []byte(header+"C1,90000,X,-1,2011-07-01 00:26:00,1,5,France\n"), importer.Options{})
	var text strings.Builder
	must(t, got.WriteText(&text))
	if strings.Contains(text.String(), "0001") || !strings.Contains(text.String(), "1 cancellation: 0 undid a whole order, 0 a part of one, 1 nothing\n") {
		t.Errorf("it says %s", text.String())
	}
}
