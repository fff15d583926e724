package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The feed as server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
const (
	anewUsual   = 2 * time.Second  // after which a stream that ended is begun again
	anewMost    = 30 * time.Second // the same, when the server is not there
	silentMost  = 45 * time.Second // after which a stream is given up: the server says something every 15 s
	longestLine = 1 << 20          // bytes
)

// Entry is an event and the cursor behind it.
type Entry struct {
	Cursor string // keep it with what was made of the event: Follow goes on behind it
	Event  Event
}

// Follow reads the feed behind a cursor ("" for all of it), and then what happens, for as
// long as the context lasts. A stream that breaks is begun again where it was: nothing is
// missed, and no event is given twice.
//
// Errors: the context's; a *Problem that waiting does not help. It is the last thing that
// is given.
func (c *Client) Follow(ctx context.Context, after string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		f := follower{client: c, cursor: after, anew: anewUsual}
		wait := waitFirst
		for {
			begun, err := f.stream(ctx, func(e Entry) bool { return yield(e, nil) })
			switch {
			case errors.Is(err, errEnough):
				return
			case ctx.Err() != nil:
				yield(Entry{}, ctx.Err())
				return
			case err != nil && !again(err):
				yield(Entry{}, err)
				return
			case begun:
				wait = f.anew
			}
			if err := sleep(ctx, wait); err != nil {
				yield(Entry{}, err)
				return
			}
			wait = min(2*wait, anewMost)
		}
	}
}

var (
	errEnough = errors.New("doorstep: no more events are wanted")
	errSilent = errors.New("doorstep: the stream has fallen silent")
)

// follower is where a reader of the feed is.
type follower struct {
	client *Client
	cursor string
	anew   time.Duration // after which to come again, as the server has it
}

// stream reads one stream to its end, and says whether there was one.
func (f *follower) stream(ctx context.Context, take func(Entry) bool) (begun bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(silentMost, func() { cancel(errSilent) })
	defer silent.Stop()
	r := &request{method: http.MethodGet, path: "/v1/events", header: http.Header{"Accept": {"text/event-stream"}}}
	if f.cursor != "" {
		r.path += "?after=" + url.QueryEscape(f.cursor)
	}
	res, err := f.client.open(ctx, r)
	if err != nil {
		return false, heard(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return false, heard(ctx, refusal(res))
	}
	return true, heard(ctx, f.read(res.Body, func() { silent.Reset(silentMost) }, take))
}

// heard is the error of a stream: one that was given up because it was silent is begun
// again as one that broke.
func heard(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errSilent) {
		return errSilent
	}
	return err
}

// read reads events until the stream ends. alive is told of every line.
func (f *follower) read(body io.Reader, alive func(), take func(Entry) bool) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, longestLine)
	var id, data string
	for lines.Scan() {
		alive()
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case name == "id":
			id = value
		case name == "data":
			data += value
		case name == "retry":
			if ms, err := strconv.Atoi(value); err == nil {
				f.anew = time.Duration(ms) * time.Millisecond
			}
		case lines.Text() == "" && data != "":
			e := Entry{Cursor: id}
			if err := json.Unmarshal([]byte(data), &e.Event); err != nil {
				return fmt.Errorf("doorstep: an event of the feed: %w", err)
			}
			data, f.cursor = "", id
			if !take(e) {
				return errEnough
			}
		}
	}
	return lines.Err()
}

// PlaceOrders places many orders in one request, and gives the result of each as soon as
// it is there, in the order in which they are done: BulkResult.Line counts the orders from
// 1. Each needs a Reference, by which it is placed once: when the results break off, send
// the orders again.
//
// Errors: a *Problem; the context's; that the answer broke off. It is the last thing that
// is given.
func (c *Client) PlaceOrders(ctx context.Context, orders iter.Seq[OrderRequest]) iter.Seq2[BulkResult, error] {
	return func(yield func(BulkResult, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		r, w := io.Pipe()
		defer func() { _ = r.Close() }() // which ends the sending
		go func() {
			enc := json.NewEncoder(w)
			for q := range orders {
				if err := enc.Encode(q); err != nil {
					w.CloseWithError(err)
					return
				}
			}
			_ = w.Close() // a pipe's gives no error
		}()
		if err := c.placeAll(ctx, r, func(b BulkResult) bool { return yield(b, nil) }); err != nil && !errors.Is(err, errEnough) {
			yield(BulkResult{}, err)
		}
	}
}

// placeAll sends lines of orders, and reads lines of results.
func (c *Client) placeAll(ctx context.Context, lines io.Reader, take func(BulkResult) bool) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/v1/orders/bulk", lines)
	if err != nil {
		return fmt.Errorf("doorstep: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	res, err := c.do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return refusal(res)
	}
	dec := json.NewDecoder(res.Body)
	for {
		var b BulkResult
		switch err := dec.Decode(&b); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("doorstep: the results: %w", err)
		case !take(b):
			return errEnough
		}
	}
}
