package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"doorstep/access"
	"doorstep/api"
	"doorstep/internal/db/dbtest"
	"doorstep/process"
	"doorstep/verify"
)

var (
	schemaRounds = flag.Int("schema.rounds", 12, "schema test: how many requests each operation is sent")
	schemaSeed   = flag.Uint64("schema.seed", 1, "schema test: where the requests are drawn from")
)

// TestEveryOperationTakesAnything sends each operation requests that are made of its own
// schema and spoilt: what it answers is no failure of the server, and what the document
// says, and the books are right afterwards.
func TestEveryOperationTakesAnything(t *testing.T) {
	t.Parallel()
	a, err := api.New(api.Config{Process: process.New(process.Deps{})})
	must(t, err)
	text, err := a.Document()
	must(t, err)
	dbtest.Engines(t, func(t *testing.T, engine string) {
		f := &fuzzer{server: serve(t, engine), rng: rand.New(rand.NewPCG(*schemaSeed, 0)), known: map[string][]string{"sku": {"CUP"}}, good: map[string]int{}}
		must(t, json.Unmarshal(text, &f.doc))
		for n := range 10 {
			f.learn(f.ask("POST", "/v1/orders", placing(fmt.Sprint(n))).json)
		}
		operations, rounds := f.operations(), *schemaRounds
		if testing.Short() {
			rounds = min(rounds, 4)
		}
		for range rounds {
			f.rng.Shuffle(len(operations), func(i, j int) { operations[i], operations[j] = operations[j], operations[i] })
			for _, o := range operations {
				f.try(o)
			}
		}
		report, err := verify.Run(t.Context(), f.shop.DB, verify.Options{})
		must(t, err)
		for _, v := range report.Violations {
			t.Errorf("verify: %s", v)
		}
		t.Logf("%d of %d operations have done what was asked at least once; there are %d orders", len(f.good), len(operations), report.Orders)
		if rounds >= 12 && len(f.good) < len(operations)/2 {
			t.Error("most requests are refused: what is behind was not tried")
		}
	})
}

// fuzzer makes requests of the document.
type fuzzer struct {
	*server
	rng   *rand.Rand
	doc   map[string]any
	known map[string][]string // identifiers that were seen, by the parameter that takes them
	good  map[string]int      // how often operations have done what was asked
}

// described is an operation as the document has it.
type described struct {
	method, path string
	spec         map[string]any
}

func (f *fuzzer) operations() (all []described) {
	paths := f.doc["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		methods := paths[path].(map[string]any)
		for _, method := range slices.Sorted(maps.Keys(methods)) {
			all = append(all, described{strings.ToUpper(method), path, methods[method].(map[string]any)})
		}
	}
	return all
}

func (f *fuzzer) chance(p float64) bool { return f.rng.Float64() < p }

func one[T any](f *fuzzer, of ...T) T { return of[f.rng.IntN(len(of))] }

// odd are texts that something may trip over.
var odd = []string{
	"", " ", "x", "0", "-1", "1.5", "1e9", "99999999999999999999", "null", "true", "\x00", "a\x00b", "\xff\xfe", "\xed\xa0\x80", "%", "%2F", "../..", "'; --", `"`, `\`,
	"\u202e", "\U0001F6D2", "ﬁ", "İ", "\n", "a\r\nb", "=1+1", "*", "ord_", "tkt_01ARZ3NDEKTSV4RRFFQ69G5FAV", "2026-02-30T25:61:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
	"http://127.0.0.1:1/", strings.Repeat("x", 300), strings.Repeat("é", 3000), strings.Repeat("9", 400),
}

// try sends an operation a request, and looks at the answer.
func (f *fuzzer) try(o described) {
	f.t.Helper()
	spoil := 0
	if f.chance(0.6) {
		spoil = 1 + f.rng.IntN(3)
	}
	path, query, header := f.parameters(o, spoil > 0 && f.chance(0.4))
	body, mediaType := f.body(o, spoil)
	target := path
	if query != "" {
		target += "?" + query
	}
	req, err := http.NewRequestWithContext(f.t.Context(), o.method, f.url, bytes.NewReader(body))
	must(f.t, err)
	req.URL.Opaque = "//" + req.URL.Host + target // as it stands
	req.Header = header
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	req.Header.Set("Authorization", "Bearer "+f.secret)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		f.t.Errorf("%s %q: %s", o.method, target, err)
		return
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	must(f.t, err)
	f.judge(o, fmt.Sprintf("%s %q %v %.3000q", o.method, target, header, body), res, answer)
}

// judge holds an answer to the document.
func (f *fuzzer) judge(o described, request string, res *http.Response, answer []byte) {
	f.t.Helper()
	if res.StatusCode == http.StatusUnauthorized {
		f.secret = f.key(access.Admin) // the one before has ended its own key
	}
	right := res.StatusCode < http.StatusInternalServerError
	plain, err := http.NewRequest(o.method, f.url+strings.NewReplacer("{", "", "}", "").Replace(o.path), nil)
	must(f.t, err)
	lines := [][]byte{answer}
	if res.Header.Get("Content-Type") == "application/x-ndjson" {
		lines = slices.Collect(bytes.Lines(answer))
	}
	for _, line := range lines {
		var r response
		err := json.Unmarshal(line, &r.json)
		r.status, r.body = res.StatusCode, line
		right = f.documented(plain, res, r) && err == nil && right
		if status, is := r.json["status"].(float64); is { // of a line
			right = right && status < http.StatusInternalServerError
		}
		f.learn(r.json)
	}
	if res.StatusCode < 300 {
		f.good[o.method+" "+o.path]++
	}
	if !right {
		f.t.Errorf("%d %s is what was answered to %s", res.StatusCode, answer, request)
	}
}

// learn keeps the identifiers of an answer.
func (f *fuzzer) learn(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			f.learn(v[k])
		}
	case []any:
		for _, x := range v {
			f.learn(x)
		}
	case string:
		for prefix, name := range map[string]string{"ord_": "order", "pay_": "payment", "rfd_": "refund", "ret_": "return", "shp_": "shipment", "tkt_": "ticket", "whk_": "webhook", "key_": "key"} {
			if strings.HasPrefix(v, prefix) && len(v) == len(prefix)+26 && !slices.Contains(f.known[name], v) {
				f.known[name] = append(f.known[name], v)
			}
		}
	}
}

// parameters are a path, a query and headers for an operation, odd ones or such as it takes.
func (f *fuzzer) parameters(o described, strange bool) (path, query string, header http.Header) {
	path, header = o.path, http.Header{}
	var asked []string
	list, _ := o.spec["parameters"].([]any)
	for _, p := range list {
		p := p.(map[string]any)
		name, schema := p["name"].(string), p["schema"].(map[string]any)
		value := fmt.Sprint(f.value(schema, name, 0))
		if known := f.known[name]; len(known) > 0 {
			value = one(f, known...)
		}
		if strange && f.chance(0.5) {
			value = one(f, odd...)
		}
		switch p["in"] {
		case "path":
			if strings.Trim(value, ".") == "" || strings.Contains(value, "..") { // of these net/http makes another path
				value = "x"
			}
			path = strings.Replace(path, "{"+name+"}", url.PathEscape(value), 1)
		case "query":
			if f.chance(0.4) {
				asked = append(asked, name+"="+url.QueryEscape(value))
			}
		case "header":
			if value = strings.Map(printable, value); f.chance(0.4) {
				header.Set(name, value)
			}
		}
	}
	if strange && f.chance(0.3) {
		asked = append(asked, one(f, "colour=red", "limit=1&limit=2", "%zz", "=", "&&", "a;b", "cursor", "limit=%00", "expand=notes,notes", "expand=,"))
	}
	if f.chance(0.2) {
		header.Set("If-Match", one(f, `"1"`, "*", `W/"2"`, "x", `"99999999999999999999"`, `""`))
	}
	if strange && f.chance(0.3) {
		header.Set("Accept", one(f, "text/html", "*/*", "application/xml;q=0.1", "application/json;q=0", ";;", "application/problem+json"))
	}
	return path, strings.Join(asked, "&"), header
}

// printable leaves out what a client can not put into a header.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}

// body is what an operation is sent, and its media type.
func (f *fuzzer) body(o described, spoil int) (body []byte, mediaType string) {
	spec, _ := o.spec["requestBody"].(map[string]any)
	if spec == nil {
		if spoil > 0 && f.chance(0.2) {
			return []byte(`{"made":"up"}`), "application/json"
		}
		return nil, ""
	}
	for mediaType, content := range spec["content"].(map[string]any) {
		schema := content.(map[string]any)["schema"].(map[string]any)
		lines := 1
		if mediaType == "application/x-ndjson" {
			lines = 3
		}
		for range lines {
			v := f.value(schema, "", 0)
			for range spoil {
				v = f.spoilt(v)
			}
			body = append(write(body, v), '\n')
		}
		if spoil > 0 && f.chance(0.15) {
			body = f.broken(body)
		}
		if spoil > 0 && f.chance(0.1) {
			mediaType = one(f, "", "text/plain", "application/xml", "application/json; charset=latin1", "application/x-ndjson", "a/b;c", "application/JSON", ";")
		}
		return body, mediaType
	}
	return nil, ""
}

// raw is JSON, or none, as it is sent.
type raw string

// value makes one of a schema: an example of the document, or what its words allow.
func (f *fuzzer) value(schema map[string]any, name string, depth int) any {
	if ref, is := schema["$ref"].(string); is {
		schema = f.doc["components"].(map[string]any)["schemas"].(map[string]any)[ref[strings.LastIndexByte(ref, '/')+1:]].(map[string]any)
	}
	if examples, _ := schema["examples"].([]any); len(examples) > 0 && schema["type"] == "object" && f.chance(0.7) {
		return f.renewed(one(f, examples...), "")
	}
	if words, _ := schema["enum"].([]any); len(words) > 0 {
		return one(f, words...)
	}
	switch schema["type"] {
	case "object":
		v := map[string]any{}
		properties, _ := schema["properties"].(map[string]any)
		required, _ := schema["required"].([]any)
		for _, k := range slices.Sorted(maps.Keys(properties)) {
			if slices.Contains(required, any(k)) || depth < 3 && f.chance(0.4) {
				v[k] = f.value(properties[k].(map[string]any), k, depth+1)
			}
		}
		return v
	case "array":
		v := []any{}
		for range f.rng.IntN(3) {
			v = append(v, f.value(schema["items"].(map[string]any), name, depth+1))
		}
		return v
	case "integer", "number":
		return one(f, 1, 1, 1, 2, 3, 10, 100, 450)
	case "boolean":
		return f.chance(0.5)
	}
	if schema["format"] == "date-time" {
		return one(f, "2026-01-02T03:04:05Z", "2031-01-02T03:04:05.000006+02:00")
	}
	return f.text(name)
}

// text is one that a field of the name may take.
func (f *fuzzer) text(name string) string {
	if known := f.known[name]; len(known) > 0 {
		return one(f, known...)
	}
	switch name {
	case "currency":
		return "GBP"
	case "country":
		return "GB"
	case "location":
		return "main"
	case "url":
		return "http://127.0.0.1:1/made-up"
	}
	return one(f, "made_up", "Made up", "made.up@example.com", fmt.Sprint(f.rng.IntN(1000)), one(f, odd...))
}

// renewed is an example about what there is here, with names of its own.
func (f *fuzzer) renewed(v any, name string) any {
	switch v := v.(type) {
	case map[string]any:
		all := map[string]any{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			all[k] = f.renewed(v[k], k)
		}
		return all
	case []any:
		all := []any{}
		for _, x := range v {
			all = append(all, f.renewed(x, name))
		}
		return all
	case string:
		if known := f.known[name]; len(known) > 0 {
			return one(f, known...)
		}
		if name == "number" {
			return fmt.Sprint("f-", f.rng.IntN(1_000_000))
		}
	}
	return v
}

// spoilt changes something in a value.
func (f *fuzzer) spoilt(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) > 0 && f.chance(0.85) {
			k := one(f, slices.Sorted(maps.Keys(v))...)
			switch {
			case f.chance(0.2):
				delete(v, k)
			case f.chance(0.15):
				v[one(f, "colour", "", "Lines", "__proto__", "a.b", "\x00")] = f.wrong()
			default:
				v[k] = f.spoilt(v[k])
			}
			return v
		}
	case []any:
		if len(v) > 0 && f.chance(0.85) {
			i := f.rng.IntN(len(v))
			if f.chance(0.2) {
				return append(v, v[i])
			}
			v[i] = f.spoilt(v[i])
			return v
		}
	case string:
		if f.chance(0.6) {
			return one(f, odd...)
		}
	case float64, int:
		if f.chance(0.6) {
			return raw(one(f, "0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1.5", "1e3", "1e400", "-0", "4611686018427387904", "1000000000000"))
		}
	}
	return f.wrong()
}

// wrong is a value of some type.
func (f *fuzzer) wrong() any {
	return one[any](f, nil, true, 7, raw("1e400"), one(f, odd...), raw(`"\ud800"`), raw(`"\u0000"`), raw("\"\xff\""), []any{}, map[string]any{}, []any{nil}, map[string]any{"a": 1},
		raw(strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)), raw(strings.Repeat(`{"a":`, 5_000)+"1"+strings.Repeat("}", 5_000)), raw(`{"a":1,"a":2}`), raw("[1,]"), raw("01"))
}

// broken is text that was changed on its way.
func (f *fuzzer) broken(b []byte) []byte {
	at := f.rng.IntN(len(b))
	switch f.rng.IntN(5) {
	case 0:
		return b[:at]
	case 1:
		b[at] ^= byte(1 + f.rng.IntN(255))
		return b
	case 2:
		return append(b, b...)
	case 3:
		return append([]byte("\ufeff"), b...)
	default:
		return bytes.Repeat([]byte(" "), 2<<20)
	}
}

// write is JSON with what is raw as it stands.
func write(b []byte, v any) []byte {
	switch v := v.(type) {
	case raw:
		return append(b, v...)
	case map[string]any:
		b = append(b, '{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(write(b, k), ':')
			b = write(b, v[k])
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for i, x := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = write(b, x)
		}
		return append(b, ']')
	case string: // also where it is no UTF-8
		text, _ := json.Marshal(v)
		if strings.ToValidUTF8(v, "") != v {
			text = []byte(`"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\r", `\r`, "\x00", `\u0000`).Replace(v) + `"`)
		}
		return append(b, text...)
	}
	text, _ := json.Marshal(v)
	return append(b, text...)
}
