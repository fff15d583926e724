// Package client is how a Go program asks a Doorstep server. What it can ask for, and the
// types of it, are made from the server's OpenAPI document (https://…/openapi.json, and
// /docs to be read): there is a method for each operation.
//
// Every request that changes something has an idempotency key, and is sent again under it
// when no answer came or the server says that it is for later: it is carried out once.
package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Client asks one server. It is for many at once.
type Client struct {
	// HTTP sends the requests; when nil, one that waits 45 s for an answer to begin.
	HTTP *http.Client
	// Attempts is how often a request is sent at most, 5 when 0.
	Attempts int
	// Patience is how long is waited at most before it is sent again, 30 s when 0: a
	// server that asks for longer has its answer returned.
	Patience time.Duration

	url, key string
}

// New returns a client of the server at an address, such as http://127.0.0.1:8420, with an
// API key.
func New(url, key string) *Client {
	return &Client{url: strings.TrimSuffix(url, "/"), key: key}
}

// The bounds of what is sent again.
const (
	attemptsUsual = 5
	patienceUsual = 30 * time.Second
	waitFirst     = 100 * time.Millisecond // before the second attempt; twice as long before each that follows
	longest       = 64 << 20               // of an answer, in bytes
)

// usual sends the requests of a Client that names nothing else.
var usual = func() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout, t.MaxIdleConnsPerHost = silentMost, t.MaxIdleConns
	return &http.Client{Transport: t}
}()

// Error is what the server found wrong, in words.
func (p *Problem) Error() string {
	text := "doorstep: " + cmp.Or(p.Detail, p.Title, p.Code)
	for _, f := range p.Fields {
		text += fmt.Sprintf("; %s: %s", f.Path, f.Message)
	}
	return text
}

// Is says whether the target is a problem of the same code, for errors.Is.
func (p *Problem) Is(target error) bool {
	other, is := target.(*Problem)
	return is && other.Code == p.Code
}

// CodeOf returns the code of the problem that an error is, "" when it is none.
func CodeOf(err error) string {
	if p, is := errors.AsType[*Problem](err); is {
		return p.Code
	}
	return ""
}

// Meta is what an answer has beside what was asked for.
type Meta struct {
	Replayed bool   // it was given before, under the same key
	Location string // the path of what was made
	Request  string // the name of the request in the logs of the server
}

// Option says more about one request.
type Option func(*request)

// Key sends a request under a key of the caller's, which makes it safe to be sent again
// after the program has ended: keep the key first. Without it, the key is random.
func Key(key string) Option { return func(r *request) { r.header.Set("Idempotency-Key", key) } }

// If has a change refused (CodeStale) unless the order is at a version: that at which it
// was seen, or previewed.
func If(version int64) Option {
	return func(r *request) { r.header.Set("If-Match", strconv.Quote(strconv.FormatInt(version, 10))) }
}

// Into fills in what the answer has beside what was asked for.
func Into(m *Meta) Option { return func(r *request) { r.meta = m } }

// request is what is sent, perhaps more than once.
type request struct {
	method, path string
	header       http.Header
	body         []byte
	meta         *Meta
}

func get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return ask[T](ctx, c, &request{method: http.MethodGet, path: path, header: http.Header{}})
}

func post[T any](ctx context.Context, c *Client, path string, body any, with []Option) (T, error) {
	r := &request{method: http.MethodPost, path: path, header: http.Header{"Idempotency-Key": {rand.Text()}}}
	if body != nil {
		var err error
		if r.body, err = json.Marshal(body); err != nil {
			return *new(T), fmt.Errorf("doorstep: what is sent: %w", err)
		}
		r.header.Set("Content-Type", "application/json")
	}
	for _, option := range with {
		option(r)
	}
	return ask[T](ctx, c, r)
}

// pages reads a list that comes in pages, as far as it is wanted.
func pages[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		asked := url.Values{}
		for name, value := range query {
			asked[name] = value
		}
		for {
			page, err := get[struct {
				Items []T    `json:"items"`
				Next  string `json:"next"`
			}](ctx, c, path, asked)
			if err != nil {
				yield(*new(T), err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			asked.Set("cursor", page.Next)
		}
	}
}

// ask sends a request until it is answered, and reads the answer.
//
// Errors: a *Problem; the context's; that no answer could be had.
func ask[T any](ctx context.Context, c *Client, r *request) (answer T, err error) {
	wait := waitFirst
	for attempt := 1; ; attempt++ {
		var data []byte
		var after time.Duration
		data, after, err = c.send(ctx, r)
		if err == nil {
			if err = json.Unmarshal(data, &answer); err != nil {
				err = fmt.Errorf("doorstep: the answer to %s %s: %w", r.method, r.path, err)
			}
			return answer, err
		}
		pause := max(after, wait/2+mathrand.N(wait/2)) // so that many do not come at once
		if attempt >= cmp.Or(c.Attempts, attemptsUsual) || ctx.Err() != nil || !again(err) || pause > cmp.Or(c.Patience, patienceUsual) || sleep(ctx, pause) != nil {
			return answer, err
		}
		wait *= 2
	}
}

// again says whether a request that ended so may be sent again: no answer came, or the
// server has no time for it. It is carried out once, whichever it was.
func again(err error) bool {
	if p, is := errors.AsType[*Problem](err); is {
		switch p.Status {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	return true
}

// sleep waits, unless the context ends or would end before: then it says so at once.
func sleep(ctx context.Context, d time.Duration) error {
	if end, has := ctx.Deadline(); has && time.Until(end) <= d {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// send sends a request once. after is how long the server asks to wait.
func (c *Client) send(ctx context.Context, r *request) (data []byte, after time.Duration, err error) {
	res, err := c.open(ctx, r)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = res.Body.Close() }()
	data, err = io.ReadAll(io.LimitReader(res.Body, longest))
	if err != nil {
		return nil, 0, fmt.Errorf("doorstep: the answer to %s %s: %w", r.method, r.path, err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		return nil, retryAfter(res.Header.Get("Retry-After")), problemOf(res, data)
	}
	if r.meta != nil {
		*r.meta = Meta{Replayed: res.Header.Get("Idempotency-Replayed") == "true", Location: res.Header.Get("Location"), Request: res.Header.Get("X-Request-Id")}
	}
	return data, 0, nil
}

// open sends a request once and returns the answer as it begins.
func (c *Client) open(ctx context.Context, r *request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, c.url+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("doorstep: %w", err)
	}
	req.Header = r.header.Clone()
	return c.do(req)
}

func (c *Client) do(req *http.Request) (*http.Response, error) {
	req.Header.Set("Authorization", "Bearer "+c.key)
	res, err := cmp.Or(c.HTTP, usual).Do(req)
	if err != nil {
		return nil, fmt.Errorf("doorstep: %w", err)
	}
	return res, nil
}

// refusal is what the answer to a request that was not taken says.
//
// Errors: a *Problem; that the answer broke off.
func refusal(res *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(res.Body, longest))
	if err != nil {
		return fmt.Errorf("doorstep: the answer %s: %w", res.Status, err)
	}
	return problemOf(res, data)
}

// problemOf reads a problem. What stands before the server may answer with something else.
func problemOf(res *http.Response, data []byte) *Problem {
	p := &Problem{}
	if json.Unmarshal(data, p) != nil || p.Code == "" {
		p = &Problem{Title: "The answer is " + res.Status + "."}
	}
	p.Status = res.StatusCode
	p.Trace = cmp.Or(p.Trace, res.Header.Get("X-Request-Id"))
	return p
}

// retryAfter reads a Retry-After (RFC 9110, 10.2.3), 0 where there is none.
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil {
		return time.Duration(max(seconds, 0)) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}

// add says a parameter of a query, unless it is zero.
func add(v url.Values, name string, value any) {
	of := reflect.ValueOf(value)
	if of.IsZero() {
		return
	}
	if at, is := value.(time.Time); is {
		v.Set(name, at.Format(time.RFC3339Nano))
		return
	}
	if of.Kind() == reflect.Slice {
		var all []string
		for i := range of.Len() {
			all = append(all, fmt.Sprint(of.Index(i)))
		}
		v.Set(name, strings.Join(all, ","))
		return
	}
	v.Set(name, fmt.Sprint(value))
}
