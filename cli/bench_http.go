package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"doorstep"
	"doorstep/access"
	"doorstep/api"
	"doorstep/bench"
	"doorstep/console"
	"doorstep/fault"
	"doorstep/order"
)

// serveBench serves a shop's API on this machine as serve does, and returns how orders are
// placed there, under a key of their own.
func serveBench(ctx context.Context, s *session, shop *doorstep.Shop) (bench.Place, func() error, error) {
	made, err := shop.Process.AddKey(ctx, keyed{}.command(s), access.KeyRequest{Name: "the bench", Scopes: []access.Scope{access.Orders}})
	if err != nil {
		return nil, nil, err
	}
	served, err := listening{Listen: "127.0.0.1:0", meter: api.NewMeter()}.serveAPI(s, shop, nil)
	if err != nil {
		return nil, nil, err
	}
	caller := apiCaller{served.URL + "/v1/orders", string(made.Value.Secret), &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1024}}}
	return caller.place, func() error {
		caller.client.CloseIdleConnections()
		return served.stop(context.WithoutCancel(ctx))
	}, nil
}

// apiCaller places orders as another program does.
type apiCaller struct {
	url, secret string
	client      *http.Client
}

func (a apiCaller) place(ctx context.Context, key string, q order.Request) (o order.Order, err error) {
	body, err := json.Marshal(q)
	if err != nil {
		return o, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(body))
	if err != nil {
		return o, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+a.secret)
	req.Header.Set("Idempotency-Key", key)
	res, err := a.client.Do(req)
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return o, err
	}
	var answer struct {
		Order struct {
			ID     string       `json:"id"`
			Status order.Status `json:"status"`
		} `json:"order"`
	}
	if res.StatusCode != http.StatusCreated {
		return o, fault.New(fault.Internal, "an order was answered by %s: %.500s", res.Status, text)
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return o, fmt.Errorf("the answer to an order: %w", err)
	}
	return order.Order{ID: answer.Order.ID, Status: answer.Order.Status}, nil
}

// lookBench serves a shop's console on this machine, and returns how its pages are asked for
// by a person who may do everything.
func lookBench(ctx context.Context, s *session, shop *doorstep.Shop) (bench.Look, func() error, error) {
	served, err := listening{Listen: "127.0.0.1:0", meter: api.NewMeter()}.serveAPI(s, shop, nil)
	if err != nil {
		return nil, nil, err
	}
	jar, _ := cookiejar.New(nil) // which has no error
	client := &http.Client{Jar: jar}
	stop := func() error {
		client.CloseIdleConnections()
		return served.stop(context.WithoutCancel(ctx))
	}
	look := func(ctx context.Context, path string) (int64, error) {
		return looked(ctx, client, http.MethodGet, served.URL+path, "")
	}
	made, err := shop.Process.AddUser(ctx, keyed{}.command(s), access.UserRequest{Name: "The bench", Mail: "bench@example.com", Role: access.RoleAdmin})
	if err == nil {
		_, err = looked(ctx, client, http.MethodPost, served.URL+console.LinkPath(made.Value.Link), url.Values{"password": {rand.Text()}}.Encode())
	}
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return look, stop, nil
}

// looked asks for a page, as it comes over the wire, or sends a form.
func looked(ctx context.Context, client *http.Client, method, at, form string) (n int64, err error) {
	req, err := http.NewRequestWithContext(ctx, method, at, strings.NewReader(form))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Accept-Encoding", "gzip")
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if res.StatusCode != http.StatusOK {
		return 0, fault.New(fault.Internal, "%s was answered by %s", req.URL.Path, res.Status)
	}
	return io.Copy(io.Discard, res.Body)
}
