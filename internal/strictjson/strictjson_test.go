package strictjson_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"doorstep/fault"
	"doorstep/internal/strictjson"
	"doorstep/order"
	"doorstep/policy"
)

func TestUnmarshalNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, message, path, code string }{
		"a number that does not fit": {
			`{"lines": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 99999999999999999999}]}`,
			"the order is not valid", "lines[1].quantity", "out_of_range",
		},
		"a fraction":              {`{"lines": [{"quantity": 1.5}]}`, "the order is not valid", "lines[0].quantity", "out_of_range"},
		"more than any number":    {`{"lines": [{"quantity": 1e999}]}`, "the order is not valid", "lines[0].quantity", "out_of_range"},
		"a number for the whole":  {`-1e999`, "the order is not valid: it should be an object, not a number", "", ""},
		"a text for a number":     {`{"discount": "1"}`, "the order is not valid", "discount", "wrong_type"},
		"a number for a text":     {`{"ship_to": {"name": 7}}`, "the order is not valid", "ship_to.name", "wrong_type"},
		"a list for an object":    {`{"ship_to": []}`, "the order is not valid", "ship_to", "wrong_type"},
		"an object for a list":    {`{"lines": {}}`, "the order is not valid", "lines", "wrong_type"},
		"a field twice":           {`{"ship_to": {"name": "A", "city": "B", "name": "C"}}`, "the order is not valid", "ship_to.name", "duplicate"},
		"a field of a line twice": {`{"lines": [{}, {"sku": "A", "sku": "A"}]}`, "the order is not valid", "lines[1].sku", "duplicate"},
		"a field by an escape":    {`{"total": 1, "tot\u0061l": 1}`, "the order is not valid", "total", "duplicate"},
		"another case":            {`{"ship_to": {"Name": "A"}}`, "the order is not valid", "ship_to.Name", "unknown"},
		"an unknown field deep":   {`{"lines": [{"colour": 1}]}`, "the order is not valid", "lines[0].colour", "unknown"},
		"a name of Go's":          {`{"Lines": []}`, "the order is not valid", "Lines", "unknown"},
		"half a character":        {`{"ship_to": {"name": "\ud83d"}}`, "the order is not valid", "ship_to.name", "not_utf8"},
		"its other half":          {`{"ship_to": {"name": "\\\uDE9A"}}`, "the order is not valid", "ship_to.name", "not_utf8"},
		"two first halves":        {`{"ship_to": {"name": "\ud83d\ud83d\ude9a"}}`, "the order is not valid", "ship_to.name", "not_utf8"},
		"half a character's key":  {`{"\ud83d": 1}`, "the order is not valid", "\ufffd", "not_utf8"},
		"a list for the whole":    {`[]`, "the order is not valid: it should be an object, not a list", "", ""},
		"a text for the whole":    {`"x"`, "the order is not valid: it should be an object, not a text", "", ""},
		"no UTF-8 at all":         {"\xff", "the order is not valid: it should be valid UTF-8", "", ""},
		"an unknown field":        {`{"lines": [], "coupon": 1}`, "the order is not valid", "coupon", "unknown"},
		"bytes that are no UTF-8": {"{\"lines\": [{}, {\"sku\": \"A\xff\"}]}", "the order is not valid", "lines[1].sku", "not_utf8"},
		"nothing":                 {"", "the order is empty, not JSON", "", ""},
		"half of it":              {`{"lines": [`, "the order is not valid JSON: it ends too early", "", ""},
		"a missing comma": {
			"{\"discount\": 1\n \"total\": 2}",
			"the order is not valid JSON (line 2, column 2): invalid character '\"' after object key:value pair", "", "",
		},
		"two of them": {`{} {}`, "the order is not valid JSON: something follows it", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var q order.Request
			e := fault.As(strictjson.Unmarshal([]byte(c.in), "the order", &q))
			if e == nil || e.Code != fault.Invalid || e.Message != c.message {
				t.Fatalf("got %+v, want invalid: %s", e, c.message)
			}
			var path, code string
			if len(e.Fields) > 0 {
				path, code = e.Fields[0].Path, e.Fields[0].Code
			}
			if path != c.path || code != c.code {
				t.Errorf("got the field %q %q, want %q %q", path, code, c.path, c.code)
			}
		})
	}
}

// TestUnmarshalNamesWhatATypeRefuses reads a policy, whose durations are texts
// that they read themselves.
func TestUnmarshalNamesWhatATypeRefuses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]fault.Field{
		`{"carrier": "soon", "silence": "soon"}`:               {Path: "silence", Code: "malformed", Message: `"soon" is no duration such as 1h30m`},
		`{"ask": {"tries": 3, "first": "1 s"}, "silence": ""}`: {Path: "ask.first", Code: "malformed", Message: `"1 s" is no duration such as 1h30m`},
		`{"payment_retries": ["5m", "5x"], "silence": "48h"}`:  {Path: "payment_retries[1]", Code: "malformed", Message: `"5x" is no duration such as 1h30m`},
		`{"silence": 5}`:                             {Path: "silence", Code: "wrong_type", Message: "a text, not a number"},
		`{"silence": "x"} {"silence": "5m"} {}`:      {Path: "silence", Code: "malformed", Message: `"x" is no duration such as 1h30m`},
		`{"label_retries": [], "silence": "\ud800"}`: {Path: "silence", Code: "not_utf8", Message: `characters of Unicode; \ud800 to \udfff by itself is none`},
	} {
		var p policy.Policy
		e := fault.As(strictjson.Unmarshal([]byte(in), "the policy", &p))
		if e == nil || e.Code != fault.Invalid || e.Message != "the policy is not valid" || len(e.Fields) != 1 || e.Fields[0] != want {
			t.Errorf("%s: got %v, want %+v", in, e, want)
		}
	}
}

func TestUnmarshalReadsWhatIsRight(t *testing.T) {
	t.Parallel()
	var q order.Request
	err := strictjson.Unmarshal([]byte(" {\"lines\": [{\"sku\": \"\\ud83d\\ude9a\\\\ud83d\", \"quantity\": 2, \"unit_price\": null}]}\n"), "the order", &q)
	if err != nil || len(q.Lines) != 1 || q.Lines[0].SKU != `🚚\ud83d` || q.Lines[0].Quantity != 2 || q.Lines[0].UnitPrice != nil {
		t.Errorf("got %+v, %v", q, err)
	}
}

// FuzzRefusals: what a type refuses has a path, wherever it is.
func FuzzRefusals(f *testing.F) {
	for _, s := range []string{`{"ask":{"first":"1x"}}`, `{"payment_retries":["5m",{"a":[]},"\n"]}`, `[{"silence":""}]`, `{"silence":"1h"} {"silence":"x"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var p policy.Policy
		e := fault.As(strictjson.Unmarshal(data, "the policy", &p))
		if e != nil && (e.Code != fault.Invalid || len(e.Fields) > 0 && e.Fields[0].Code == "malformed" && e.Fields[0].Path == "") {
			t.Errorf("%q: %v", data, e)
		}
	})
}

// FuzzUnmarshal: what it takes is JSON in UTF-8, and what it refuses is
// refused as invalid.
func FuzzUnmarshal(f *testing.F) {
	for _, s := range []string{`{"lines":[{"quantity":1}]}`, `{"a":{"b":[1,"x",{"c":null}]}}`, `[1`, `1e999`, `{"lines":[{"quantity":1e999}]}`, "\"\xff\"", `{"total":9e99}`, ``, `{"a":"\ud800","A":[{"lines":[]}]}`, `{"ship_to":{"name":"","name":""}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var q order.Request
		err := strictjson.Unmarshal(data, "the order", &q)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", data, err)
			}
			return
		}
		if !utf8.Valid(data) || !json.Valid(bytes.TrimSpace(data)) {
			t.Errorf("%q was taken", data)
		}
	})
}
