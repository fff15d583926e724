package webhook_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"doorstep/event"
	"doorstep/fault"
	"doorstep/webhook"
)

// TestTheSignatureIsThatOfTheSpecification signs the example of the specification's own
// tests, and what its library is to verify.
func TestTheSignatureIsThatOfTheSpecification(t *testing.T) {
	t.Parallel()
	// Source: libraries/go/webhook_test.go, TestWebhookSign, of the specification.
	got := webhook.Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("the signature is %s, not %s", got, want)
	}
	secret := webhook.NewSecret()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(secret), "whsec_"))
	if err != nil || len(key) < 24 || len(key) > 64 {
		t.Errorf("the key has %d bytes (%v): the specification wants 24 to 64", len(key), err)
	}
	now, body := time.Now(), []byte(`{"type":"made.up"}`)
	headers := http.Header{}
	headers.Set("webhook-id", "msg_1")
	headers.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	headers.Set("webhook-signature", secret.Sign("msg_1", now, body))
	library, err := standardwebhooks.NewWebhook(string(secret))
	if err != nil {
		t.Fatal(err)
	}
	if err := library.Verify(body, headers); err != nil {
		t.Error(err)
	}
	if err := library.Verify([]byte(`{"type":"made.over"}`), headers); !errors.Is(err, standardwebhooks.ErrNoMatchingSignature) {
		t.Errorf("another body: %v", err)
	}
}

func TestOnlyThePublicInternetIsPublic(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"1.1.1.1": true, "93.184.216.34": true, "2606:4700::1111": true,
		"127.0.0.1": false, "127.9.9.9": false, "0.0.0.0": false, "10.1.2.3": false, "172.16.0.1": false, "172.31.255.255": false, "172.32.0.1": true,
		"192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "198.18.0.1": false,
		"::": false, "::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:1.1.1.1": true, "fe80::1": false, "fc00::1": false, "fd12::1": false,
		"ff02::1": false, "64:ff9b::a00:1": false, "2002:7f00:1::": false, "2001:db8::1": false, "2001::1": false, "fec0::1": false,
	} {
		if got := webhook.Public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is public: %v", address, got)
		}
	}
}

func TestARequestIsChecked(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"https://shop.example/events?of=doorstep": true, "http://receiver:9000/": true, "https://receiver/": true, "https://1.1.1.1/": true,
		"": false, "shop.example": false, "http://shop.example/": false, "ftp://shop.example/": false, "https:///x": false, "https://a:b@shop.example/": false,
		"https://127.0.0.1/": false, "https://[::1]/": false, "https://169.254.169.254/latest": false, "https://shop.example/#x": false,
		"https://shop.example/" + strings.Repeat("x", 2000): false, "https://%zz/": false,
	} {
		err := webhook.Request{Name: "made up", URL: url, Types: []event.Type{"order.placed", "payment.*"}}.Check(webhook.Hosts{"receiver"})
		if (err == nil) != want || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%.60q: %v", url, err)
		}
	}
	for _, q := range []webhook.Request{
		{URL: "https://shop.example/"}, {Name: "x", URL: "https://shop.example/", Types: []event.Type{"*"}}, {Name: "x", URL: "https://shop.example/", Types: []event.Type{"a,b.c"}},
	} {
		if err := q.Check(nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}
