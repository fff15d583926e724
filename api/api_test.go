package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"doorstep"
	"doorstep/access"
	"doorstep/api"
	"doorstep/internal/db/dbtest"
	"doorstep/internal/vault"
	"doorstep/inventory"
	"doorstep/process"
)

// server is a shop behind its API, on a loopback address.
type server struct {
	t      *testing.T
	shop   *doorstep.Shop
	api    *api.API
	url    string
	ended  chan struct{} // has one for each connection that the server has closed
	secret string
	check  validator.Validator
}

func serve(t *testing.T, engine string) *server {
	t.Helper()
	meter := api.NewMeter()
	shop, err := doorstep.Open(t.Context(), doorstep.Config{
		DB: dbtest.URL(t, engine), Outside: doorstep.InMemory, SecretsKey: vault.NewKey(), WebhookHosts: []string{"127.0.0.1"}, Done: meter.Done, Asked: meter.Asked, Committed: meter.Committed,
	})
	must(t, err)
	t.Cleanup(func() { must(t, shop.Close()) })
	must(t, shop.Runner.Start(t.Context()))
	must(t, shop.Webhooks.Start(t.Context()))
	shop.Figures.Start(t.Context())
	check, err := documented()
	must(t, err)
	s := (&server{t: t, shop: shop, check: check}).behind(api.Config{Meter: meter}, 1000)
	s.secret = s.key(access.Admin)
	s.stock("CUP", 450, 100)
	return s
}

// behind has the shop answer through another API, of so many connections.
func (s *server) behind(cfg api.Config, connections int) *server {
	s.t.Helper()
	cfg.Process, cfg.Figures = s.shop.Process, s.shop.Figures
	a, err := api.New(cfg)
	must(s.t, err)
	on, err := net.Listen("tcp", "127.0.0.1:0")
	must(s.t, err)
	other := *s
	other.api, other.url, other.ended = a, "http://"+on.Addr().String(), make(chan struct{}, 10_000)
	h := a.Server()
	h.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			other.ended <- struct{}{}
		}
	}
	over := make(chan error, 1)
	go func() { over <- h.Serve(api.Limit(narrow{on}, connections)) }()
	s.t.Cleanup(func() {
		must(s.t, h.Close())
		if err := <-over; !errors.Is(err, http.ErrServerClosed) {
			s.t.Error(err)
		}
	})
	return &other
}

// narrow has the system keep little of what a client does not read.
type narrow struct{ net.Listener }

func (l narrow) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		_ = c.(*net.TCPConn).SetWriteBuffer(16 << 10)
	}
	return c, err
}

// documented is the document as what holds answers to it: it takes long to make, and
// is the same for every server.
var documented = sync.OnceValues(func() (validator.Validator, error) {
	a, err := api.New(api.Config{Process: process.New(process.Deps{})})
	if err != nil {
		return nil, err
	}
	document, err := a.Document()
	if err != nil {
		return nil, err
	}
	// It knows JSON alone: an answer of lines is held to it line by line.
	doc, err := libopenapi.NewDocument(bytes.ReplaceAll(document, []byte("application/x-ndjson"), []byte("application/json")))
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(doc)
	return v, errors.Join(errs...)
})

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var operator = process.Command{By: access.Operator}

// key makes an API key, and returns its secret.
func (s *server) key(scopes ...access.Scope) string {
	s.t.Helper()
	r, err := s.shop.Process.AddKey(s.t.Context(), operator, access.KeyRequest{Name: "made up", Scopes: scopes})
	must(s.t, err)
	return string(r.Value.Secret)
}

func (s *server) stock(sku string, price, quantity int64) {
	s.t.Helper()
	ctx := s.t.Context()
	_, err := s.shop.Process.SetLocation(ctx, operator, inventory.Location{ID: inventory.MainLocation, Name: "Main", Country: "GB"})
	must(s.t, err)
	_, err = s.shop.Process.DefineSKU(ctx, operator, inventory.SKU{Code: sku, Name: "Made up", Currency: "GBP", Price: price, Weight: 300})
	must(s.t, err)
	_, err = s.shop.Process.ReceiveStock(ctx, operator, sku, inventory.MainLocation, quantity)
	must(s.t, err)
}

// response is what was answered.
type response struct {
	status int
	header http.Header
	body   []byte
	json   map[string]any
}

// ask sends a request and holds the answer to the document.
func (s *server) ask(method, path, body string, headers ...string) response {
	s.t.Helper()
	return s.askAs(s.secret, method, path, body, headers...)
}

func (s *server) askAs(secret, method, path, body string, headers ...string) response {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	must(s.t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if secret != "" {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	must(s.t, err)
	defer func() { _ = res.Body.Close() }()
	r := response{status: res.StatusCode, header: res.Header}
	r.body, err = io.ReadAll(res.Body)
	must(s.t, err)
	if len(r.body) > 0 {
		must(s.t, json.Unmarshal(r.body, &r.json))
	}
	s.documented(req, res, r)
	return r
}

// documented holds an answer to what the document says of it.
func (s *server) documented(req *http.Request, res *http.Response, r response) (is bool) {
	s.t.Helper()
	if !strings.HasPrefix(req.URL.Path, "/v1/") || r.json["code"] == "method_not_allowed" || strings.HasPrefix(req.URL.Path, "/v1/nothing") {
		return true
	}
	again := *res
	again.Body = io.NopCloser(bytes.NewReader(r.body))
	if res.Header.Get("Content-Type") == "application/x-ndjson" {
		again.Header = http.Header{"Content-Type": {"application/json"}}
	}
	is, errs := s.check.ValidateHttpResponse(req, &again)
	if !is {
		for _, e := range errs {
			s.t.Errorf("%s %s: %s: %s", req.Method, req.URL.Path, e.Message, e.Reason)
			for _, x := range e.SchemaValidationErrors {
				s.t.Errorf("  %s: %s", x.FieldPath, x.Reason)
			}
		}
		s.t.Logf("the answer was %d %s", r.status, r.body)
	}
	return is
}

// want fails unless the answer has the status, and, where it is a problem, the code.
func (s *server) want(r response, status int, code string) {
	s.t.Helper()
	got, _ := r.json["code"].(string)
	if r.status != status || code != "" && got != code {
		s.t.Errorf("the answer is %d %s, not %d %s", r.status, r.body, status, code)
	}
}

// placing is a made-up order.
func placing(number string) string {
	return fmt.Sprintf(`{"reference":{"source":"web","number":%q},"currency":"GBP","prices_include_tax":true,
		"lines":[{"sku":"CUP","quantity":2}],"shipping":{"price":395},"total":1295,
		"customer":{"id":"c1","name":"Made Up","mail":"made.up@example.com"},
		"ship_to":{"name":"Made Up","line1":"1 Sample Street","city":"Sampleton","country":"GB"}}`, number)
}

// eventually waits until something is so.
func (s *server) eventually(what string, is func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.t.Fatalf("never %s", what)
		}
	}
}

// shipped places an order, waits until it is shipped, and returns its path.
func (s *server) shipped(number string) string {
	s.t.Helper()
	r := s.ask("POST", "/v1/orders", placing(number))
	s.want(r, 201, "")
	path := r.header.Get("Location")
	s.eventually("shipped", func() bool { return s.ask("GET", path, "").json["status"] == "shipped" })
	return path
}

func TestAnOrderGoesToTheDoor(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		r := s.ask("POST", "/v1/orders", placing("A-1"), "Idempotency-Key", "k1")
		s.want(r, 201, "")
		o, _ := r.json["order"].(map[string]any)
		if o["status"] != "processed" || r.header.Get("Location") != "/v1/orders/"+o["id"].(string) || r.header.Get("ETag") == "" {
			t.Errorf("placed: %s, %v", r.body, r.header)
		}
		again := s.ask("POST", "/v1/orders", placing("A-1"), "Idempotency-Key", "k1")
		s.want(again, 201, "")
		if again.header.Get("Idempotency-Replayed") != "true" || !bytes.Equal(again.body, r.body) {
			t.Errorf("sent again: %s, %v", again.body, again.header)
		}
		s.want(s.ask("POST", "/v1/orders", placing("A-2"), "Idempotency-Key", "k1"), 409, "conflict")
		path := r.header.Get("Location")
		s.eventually("shipped", func() bool { return s.ask("GET", path, "").json["status"] == "shipped" })
		whole := s.ask("GET", path+"?expand=payments,refunds,shipments,returns,tickets,notes,next,timeline", "")
		s.want(whole, 200, "")
		for _, part := range []string{"lines", "contact", "payments", "refunds", "shipments", "returns", "tickets", "notes", "next", "timeline"} {
			if _, there := whole.json[part]; !there {
				t.Errorf("the whole order has no %s", part)
			}
		}
		s.want(s.ask("GET", "/v1/orders/web%2FA-1", ""), 200, "")
		s.want(s.ask("POST", path+"/cancel", `{"reason":"made up"}`), 409, "too_late")
		s.want(s.ask("POST", path+"/notes", `{"text":"made up"}`), 200, "")
	})
}

func TestAStaleVersionIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		path := s.shipped("A-1")
		seen := s.ask("GET", path, "").header.Get("ETag")
		s.want(s.ask("POST", path+"/hold", `{"reason":"made_up"}`, "If-Match", `"1"`), 412, "stale")
		s.want(s.ask("POST", path+"/notes", `{"text":"made up"}`, "If-Match", seen), 200, "")
		s.want(s.ask("POST", path+"/notes", `{"text":"made up"}`, "If-Match", seen), 412, "stale")
		s.want(s.ask("POST", path+"/notes", `{"text":"made up"}`, "If-Match", `*`), 200, "")
		s.want(s.ask("POST", path+"/notes", `{"text":"made up"}`, "If-Match", `"x"`), 422, "invalid")
	})
}

func TestAListIsStableWhileOrdersComeIn(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		for n := range 7 {
			s.want(s.ask("POST", "/v1/orders", placing(fmt.Sprint(n))), 201, "")
		}
		var numbers []any
		cursor := ""
		for pages := 0; ; pages++ {
			r := s.ask("GET", "/v1/orders?limit=3&cursor="+cursor, "")
			s.want(r, 200, "")
			for _, o := range r.json["items"].([]any) {
				numbers = append(numbers, o.(map[string]any)["reference"].(map[string]any)["number"])
			}
			s.want(s.ask("POST", "/v1/orders", placing(fmt.Sprint("later ", pages))), 201, "")
			next, more := r.json["next"].(string)
			if !more {
				break
			}
			cursor = next
		}
		if got := fmt.Sprint(numbers); got != "[6 5 4 3 2 1 0]" {
			t.Errorf("the pages have %s", got)
		}
		r := s.ask("GET", "/v1/orders?status=cancelled", "")
		if items := r.json["items"].([]any); len(items) != 0 {
			t.Errorf("cancelled are %v", items)
		}
		later := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		if items := s.ask("GET", "/v1/orders?placed_from="+later, "").json["items"].([]any); len(items) != 0 {
			t.Errorf("placed from %s on are %v", later, items)
		}
		if items := s.ask("GET", "/v1/orders?placed_before="+later+"&customer=c1&limit=200", "").json["items"].([]any); len(items) < 7 {
			t.Errorf("placed before %s are %d", later, len(items))
		}
	})
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		s.want(s.askAs("", "GET", "/v1/orders", ""), 401, "unauthenticated")
		s.want(s.askAs("dsk_MADEUP", "GET", "/v1/orders", ""), 401, "unauthenticated")
		reader, placer := s.key(access.Read), s.key(access.Orders)
		s.want(s.askAs(reader, "GET", "/v1/orders", ""), 200, "")
		s.want(s.askAs(reader, "POST", "/v1/orders", placing("A-1")), 403, "forbidden")
		s.want(s.askAs(placer, "POST", "/v1/orders", placing("A-1")), 201, "")
		s.want(s.askAs(placer, "GET", "/v1/orders", ""), 403, "forbidden")
		s.want(s.askAs(placer, "GET", "/v1/keys", ""), 403, "forbidden")

		made := s.ask("POST", "/v1/keys", `{"name":"till","scopes":["orders"]}`, "Idempotency-Key", "a till")
		s.want(made, 201, "")
		secret, _ := made.json["secret"].(string)
		if again := s.ask("POST", "/v1/keys", `{"name":"till","scopes":["orders"]}`, "Idempotency-Key", "a till"); again.json["secret"] != nil || again.json["id"] != made.json["id"] {
			t.Errorf("made again: %s", again.body)
		}
		placed := s.askAs(secret, "POST", "/v1/orders", placing("A-2"))
		s.want(placed, 201, "")
		whole := s.ask("GET", placed.header.Get("Location")+"?expand=timeline", "")
		if first := whole.json["timeline"].([]any)[0].(map[string]any); first["actor"] != "key:"+made.json["id"].(string) {
			t.Errorf("it was placed by %v", first["actor"])
		}
		s.want(s.ask("POST", "/v1/keys/"+made.json["id"].(string)+"/revoke", ""), 200, "")
		s.eventually("refused", func() bool { return s.askAs(secret, "POST", "/v1/orders", placing("A-3")).status == 401 })
		s.want(s.ask("GET", "/v1/keys", ""), 200, "")
		s.want(s.ask("POST", "/v1/keys/key_made_up/revoke", ""), 404, "not_found")
	})
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		code, field        string
	}{
		"a wrong type":         {"POST", "/v1/orders", `{"lines":[{"sku":"CUP","quantity":"2"}]}`, 422, "invalid", "lines[0].quantity"},
		"a surplus field":      {"POST", "/v1/orders", `{"colour":"red"}`, 422, "invalid", "colour"},
		"nothing":              {"POST", "/v1/orders", `{}`, 422, "invalid", "lines"},
		"no body":              {"POST", "/v1/orders", ``, 422, "invalid", "lines"},
		"half a body":          {"POST", "/v1/orders", `{"lines":`, 422, "invalid", ""},
		"no such order":        {"GET", "/v1/orders/ord_made_up", ``, 404, "not_found", ""},
		"no such path":         {"GET", "/v1/nothing", ``, 404, "not_found", ""},
		"no such method":       {"DELETE", "/v1/orders", ``, 405, "method_not_allowed", ""},
		"a wrong limit":        {"GET", "/v1/orders?limit=0", ``, 422, "invalid", "limit"},
		"a word for a number":  {"GET", "/v1/orders?limit=many", ``, 422, "invalid", "limit"},
		"an unknown status":    {"GET", "/v1/orders?status=lost", ``, 422, "invalid", "status"},
		"an unknown parameter": {"GET", "/v1/orders?colour=red", ``, 422, "invalid", "colour"},
		"a wrong time":         {"GET", "/v1/orders?placed_from=yesterday", ``, 422, "invalid", "placed_from"},
		"a part said twice":    {"GET", "/v1/orders/ord_made_up?expand=notes&expand=next", ``, 422, "invalid", "expand"},
		"an unknown part":      {"GET", "/v1/orders/ord_made_up?expand=colour", ``, 422, "invalid", "expand[0]"},
	} {
		r := s.ask(c.method, c.path, c.body)
		s.want(r, c.status, c.code)
		if r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: the type is %s", name, r.header.Get("Content-Type"))
		}
		if c.field != "" && !strings.Contains(string(r.body), fmt.Sprintf(`"path":%q`, c.field)) {
			t.Errorf("%s: %s does not name %s", name, r.body, c.field)
		}
	}
	s.want(s.ask("POST", "/v1/orders", placing("A-1"), "Content-Type", "text/plain"), 415, "unsupported_media_type")
	s.want(s.ask("POST", "/v1/orders", `{"note":"`+strings.Repeat("x", 1<<20)+`"}`), 413, "too_large")
}
