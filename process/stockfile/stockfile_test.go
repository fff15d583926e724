package stockfile_test

import (
	"bytes"
	"strings"
	"testing"

	"doorstep/fault"
	"doorstep/inventory"
	"doorstep/process/stockfile"

	"github.com/google/go-cmp/cmp"
)

const header = "sku,name,currency,price,weight_grams,location,on_hand\n"

const withSafety = "sku,name,currency,price,weight_grams,location,on_hand,safety\n"

func TestReadNamesLineAndColumn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, path, code string }{
		"nothing":                     {"", "line 1", "required"},
		"a column missing":            {"sku,name\nA,b\n", "line 1", "required"},
		"a column unknown":            {strings.Replace(header, "name", "title", 1), "line 1", "unknown"},
		"a column twice":              {"sku," + header, "line 1", "duplicate"},
		"too few cells":               {header + "A,b,GBP,1,1,main\n", "line 2, column 1", "malformed"},
		"a stray quote":               {header + "A,b\"c,GBP,1,1,main,1\n", "line 2, column 4", "malformed"},
		"a quote that never ends":     {header + "A,\"b,GBP,1,1,main,1\n", "line 2, column 21", "malformed"},
		"bytes that are no UTF-8":     {header + "A,b,GBP,1,1,main,1\nB,\xff,GBP,1,1,main,1\n", "line 3", "not_utf8"},
		"no SKU":                      {header + ",b,GBP,1,1,main,1\n", "line 2, sku", "required"},
		"an SKU too long":             {header + strings.Repeat("A", 65) + ",b,GBP,1,1,main,1\n", "line 2, sku", "too_long"},
		"no name":                     {header + "A,,GBP,1,1,main,1\n", "line 2, name", "required"},
		"a name that shows nothing":   {header + "A,\u200b,GBP,1,1,main,1\n", "line 2, name", "required"},
		"an unknown currency":         {header + "A,b,XXX,1,1,main,1\n", "line 2, currency", "unknown"},
		"a price that is no number":   {header + "A,b,GBP,1.2.3,1,main,1\n", "line 2, price", "malformed"},
		"a price below the penny":     {header + "A,b,GBP,1.005,1,main,1\n", "line 2, price", "malformed"},
		"a price with half a yen":     {header + "A,b,JPY,1.5,1,main,1\n", "line 2, price", "malformed"},
		"a negative price":            {header + "A,b,GBP,-1,1,main,1\n", "line 2, price", "out_of_range"},
		"a price that overflows":      {header + "A,b,GBP,99999999999999999999,1,main,1\n", "line 2, price", "malformed"},
		"a weight in words":           {header + "A,b,GBP,1,light,main,1\n", "line 2, weight_grams", "malformed"},
		"a negative weight":           {header + "A,b,GBP,1,-1,main,1\n", "line 2, weight_grams", "out_of_range"},
		"half a cup":                  {header + "A,b,GBP,1,1,main,0.5\n", "line 2, on_hand", "malformed"},
		"fewer than none":             {header + "A,b,GBP,1,1,main,-1\n", "line 2, on_hand", "out_of_range"},
		"too many":                    {header + "A,b,GBP,1,1,main,1000000001\n", "line 2, on_hand", "out_of_range"},
		"stock nowhere":               {header + "A,b,GBP,1,1,,5\n", "line 2, location", "required"},
		"a place too long":            {header + "A,b,GBP,1,1," + strings.Repeat("x", 65) + ",5\n", "line 2, location", "too_long"},
		"a place that rings":          {header + "A,b,GBP,1,1,ma\ain,5\n", "line 2, location", "control_character"},
		"kept back in words":          {withSafety + "A,b,GBP,1,1,main,1,some\n", "line 2, safety", "malformed"},
		"less than none kept back":    {withSafety + "A,b,GBP,1,1,main,1,-1\n", "line 2, safety", "out_of_range"},
		"too many kept back":          {withSafety + "A,b,GBP,1,1,main,1,1000000001\n", "line 2, safety", "out_of_range"},
		"kept back nowhere":           {withSafety + "A,b,GBP,1,1,,,5\n", "line 2, location", "required"},
		"the same place twice":        {header + "A,b,GBP,1,1,main,1\nA,b,GBP,1,1,main,2\n", "line 3, location", "duplicate"},
		"two prices for the same SKU": {header + "A,b,GBP,1,1,main,1\nA,b,GBP,2,1,north,2\n", "line 3, sku", "mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, err := stockfile.Read([]byte(c.in))
			e := fault.As(err)
			if e == nil || e.Code != fault.Invalid || len(e.Fields) == 0 || rows != nil {
				t.Fatalf("got %v, %v; want an invalid file", rows, err)
			}
			if f := e.Fields[0]; f.Path != c.path || f.Code != c.code {
				t.Errorf("got %+v, want %q %q", f, c.path, c.code)
			}
		})
	}
}

func TestEverythingThatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	_, err := stockfile.Read([]byte(header + "A,b,GBP,x,1,main,1\nB,,GBP,1,y,main,1\n"))
	var paths []string
	for _, f := range fault.As(err).Fields {
		paths = append(paths, f.Path)
	}
	want := []string{"line 2, price", "line 3, weight_grams", "line 3, name"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	in := "\ufeffname, SKU ,on_hand,location,weight_grams,currency,safety,price\r\n" + // any order, as spreadsheets write it
		"\"A \"\"blue\"\" cup, big\",CUP,100,main,300,GBP,12,4.5\r\n" +
		"\"A \"\"blue\"\" cup, big\",CUP,7,north,300,GBP,,4.50\r\n" +
		"Voucher,V,,,0,JPY,,1000\r\n"
	rows, err := stockfile.Read([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	if rows[0].SKU.Price != 450 || rows[1].OnHand != 7 || *rows[0].Safety != 12 || rows[1].Safety != nil || rows[2].Location != "" || rows[2].SKU.Price != 1000 {
		t.Errorf("got %+v", rows)
	}
	again, err := stockfile.Read(write(t, rows))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rows, again); diff != "" {
		t.Error(diff)
	}
}

func TestCountsAreRead(t *testing.T) {
	t.Parallel()
	got, err := stockfile.ReadCounts([]byte("counted,SKU\n7,CUP\n0,POT\n"), "north")
	want := []inventory.Count{{SKU: "CUP", Location: "north", Quantity: 7}, {SKU: "POT", Location: "north"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	got, err = stockfile.ReadCounts([]byte("sku,location,counted\nCUP,,1\nCUP,main,2\n"), "north")
	if err != nil || got[0].Location != "north" || got[1].Location != "main" {
		t.Errorf("%v, %v", got, err)
	}
	for in, path := range map[string]string{
		"":                                     "line 1",
		"sku\nCUP\n":                           "line 1",
		"sku,counted,price\n":                  "line 1",
		"sku,counted\n,1\n":                    "line 2, sku",
		"sku,counted\nCUP,x\n":                 "line 2, counted",
		"sku,counted\nCUP,-1\n":                "line 2, counted",
		"sku,counted\nCUP,1\nCUP,1\n":          "line 3, location",
		"sku,location,counted\nCUP,ma\ain,1\n": "line 2, location",
	} {
		if _, err := stockfile.ReadCounts([]byte(in), "main"); !fault.Is(err, fault.Invalid) || fault.As(err).Fields[0].Path != path {
			t.Errorf("%q: %v, not %s", in, err, path)
		}
	}
}

func write(t testing.TB, rows []stockfile.Row) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := stockfile.NewWriter(&b)
	for _, r := range rows {
		if err == nil {
			err = w.Write(r)
		}
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzRead: what is taken can be written and read again, as the same.
func FuzzRead(f *testing.F) {
	f.Add([]byte(header + "A,b,GBP,1,1,main,1\n"))
	f.Add([]byte(header + "A,\"b\n\",KWD,1.005,1,,\n"))
	f.Add([]byte(withSafety + "A,b,GBP,1,1,main,1,0\n"))
	f.Add([]byte("\ufeffsku\n\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := stockfile.Read(data)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", data, err)
			}
			return
		}
		again, err := stockfile.Read(write(t, rows))
		if err != nil {
			t.Fatalf("%q was taken, but not when written anew: %v", data, err)
		}
		for i := range rows {
			rows[i].Line, again[i].Line = 0, 0
		}
		if diff := cmp.Diff(rows, again); diff != "" {
			t.Error(diff)
		}
	})
}
