package console_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
	"doorstep/inventory"
	"doorstep/order"
	"doorstep/process"
)

// level is what there is of an SKU at the main location.
func (s *shop) level(sku string) inventory.Level {
	s.t.Helper()
	found, err := s.Process.StockOf(s.t.Context(), sku)
	must(s.t, err)
	return found.Levels[0]
}

// few makes an SKU of which there are as many, that orders may wait for.
func (s *shop) few(sku string, quantity int64) {
	s.t.Helper()
	s.stock(sku, "Made up", 450, quantity)
	_, err := s.Process.AllowBackorders(s.t.Context(), operator, sku, true)
	must(s.t, err)
}

// wanting is a made-up order for two of an SKU, which waits to be paid.
func wanting(sku, number string) order.Request {
	q := placing(number)
	q.Lines[0].SKU = sku
	return q
}

// byAge are orders as their identifiers tell them apart, which within a millisecond is by
// chance.
func byAge(orders ...order.Order) []order.Order {
	slices.SortFunc(orders, func(a, b order.Order) int { return cmp.Compare(a.ID, b.ID) })
	return orders
}

func TestStockIsLookedAtAndMoved(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		s.few("POT/1", 5)
		b := s.as(access.RoleOperator, "operator")
		at := "/stock/POT%2F1"
		b.get("/stock").want(200, "CUP", "POT/1", `href="`+at+`"`, "10000")
		b.get("/stock?q=POT").want(200, "POT/1").lacks("CUP")
		b.get("/stock?q=nothing").want(200, "No SKU begins with nothing")
		b.get("/stock/nothing").want(404)
		one, two, three := s.place(wanting("POT/1", "A-1")), s.place(wanting("POT/1", "A-2")), s.place(wanting("POT/1", "A-3"))
		number := func(o order.Order) string { return fmt.Sprintf("Order %d</a>", o.Number) }
		b.get(at).want(200, number(one), number(two), number(three), "Waited for", "1 unit", "reservation", "receipt")

		plan := at + "/receive?location=main&quantity=7"
		b.get(plan).want(200, "Receive: 7 of POT/1 at main?", "<b>12</b>", number(three)+": 1 unit").lacks(number(one))
		if l := s.level("POT/1"); l.OnHand != 5 {
			t.Errorf("a look has moved it: %+v", l)
		}
		form, _ := b.get(plan).form(at + "/receive")
		b.post(at+"/receive", form).leads(at + "?done=receive")
		b.post(at+"/receive", form).leads(at + "?done=receive") // the same form again does nothing more
		s.eventually("given", func() bool { return s.level("POT/1").Reserved == 6 })
		if l := s.level("POT/1"); l.OnHand != 12 {
			t.Errorf("there are %+v", l)
		}
		b.get(at).want(200).lacks("Waited for")

		b.get(at+"/adjust?location=main&quantity=-7&reason=made+up").want(409, "6 are reserved", `value="-7"`)
		b.get(at+"/adjust?location=main&quantity=x").want(422, "a whole number")
		b.get(at + "/receive?location=main&quantity=0").want(422)
		b.get(at + "/count?location=nowhere&quantity=1").want(404)
		b.submit(at+"/adjust?location=main&quantity=-2&reason=made+up", at+"/adjust").leads(at + "?done=adjust")
		b.submit(at+"/safety?location=main&quantity=1", at+"/safety").leads(at + "?done=safety")
		if l := s.level("POT/1"); l.OnHand != 10 || l.Safety != 1 {
			t.Errorf("there are %+v", l)
		}

		// Fewer are found than are reserved, and someone else counts meanwhile.
		plan = at + "/count?location=main&quantity=4"
		orders := byAge(one, two, three)
		youngest := orders[2]
		b.get(plan).want(200, "the youngest first", number(youngest)+": 2 units", "are held").lacks(number(orders[0]), number(orders[1]))
		form, _ = b.get(plan).form(at + "/count")
		_, err := s.Process.ReceiveStock(t.Context(), operator, "POT/1", "main", 1)
		must(t, err)
		b.post(at+"/count", form).want(412, "Someone else has changed this", `value="4"`)
		if l := s.level("POT/1"); l.OnHand != 11 || s.now(youngest).Held != "" {
			t.Errorf("something was done: %+v", l)
		}
		b.submit(plan, at+"/count").leads(at + "?done=count")
		if l := s.level("POT/1"); l.OnHand != 4 || l.Reserved != 4 || s.now(youngest).Held != "stock_missing" {
			t.Errorf("there are %+v, the order is %+v", l, s.now(youngest))
		}

		viewer := s.as(access.RoleViewer, "viewer")
		viewer.get(at).want(200, number(one)).lacks("Receive…")
		viewer.get(at + "/receive?location=main&quantity=7").want(200).lacks(`method="post" action="` + at)
		viewer.get("/running-out").want(200, "POT/1", "Runs out")
	})
}

// TestAnSKUsListsGoOn: pages of movements and of reservations have each once.
func TestAnSKUsListsGoOn(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	for n := range 60 {
		s.place(placing(fmt.Sprint(n)))
	}
	b := s.as(access.RoleViewer, "viewer")
	for name, text := range map[string]string{"reserved": "at main</span>", "before": `<th scope="row">re`} {
		first := b.get("/stock/CUP").want(200)
		_, after, is := strings.Cut(first.body, `href="/stock/CUP?`+name+`=`)
		link, _, _ := strings.Cut(after, `#`)
		if !is {
			t.Fatalf("the list does not go on: %s", first.body)
		}
		second := b.get("/stock/CUP?" + name + "=" + link)
		want := map[string]int{"reserved": 10, "before": 11}[name] // and the receipt
		if n, m := strings.Count(first.body, text), strings.Count(second.body, text); n != 50 || m != want {
			t.Errorf("the pages of %s have %d and %d", name, n, m)
		}
	}
	for n := range 60 {
		_, err := s.Process.DefineSKU(t.Context(), operator, inventory.SKU{Code: fmt.Sprintf("P-%02d", n), Name: "Made up", Currency: "GBP"})
		must(t, err)
	}
	b.get("/stock?q=P").want(200, "P-00", "/stock?after=P-49&amp;q=P").lacks("P-50", "CUP<")
	b.get("/stock?after=P-49&q=P").want(200, "P-50", "P-59").lacks("P-49<", `rel="next"`)
}

// TestACountHoldsTheYoungestInABrowser counts fewer than are reserved, after a look at
// whose goods are not there.
func TestACountHoldsTheYoungestInABrowser(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	s.few("POT", 4)
	orders := byAge(s.place(wanting("POT", "A-1")), s.place(wanting("POT", "A-2")))
	one, two := orders[0], orders[1]
	_, err := s.Process.AcceptLink(t.Context(), s.invite("agent", access.RoleOperator), process.Acceptance{Password: password})
	must(t, err)
	b := open(t)
	b.run(chromedp.Navigate(s.url + "/stock/POT"))
	b.signIn()
	b.shows("MOVEMENTS")
	b.click(`details:nth-of-type(2) summary`)
	b.types(`form[action$="/count"] input[name=quantity]`, "3")
	b.click(`form[action$="/count"] button`)
	b.shows("They lose what is reserved for them")
	b.shows(fmt.Sprintf("Order %d: 2 units", two.Number))
	b.click(`main form button`)
	b.shows("The count is taken.")
	if s.level("POT").OnHand != 3 || s.now(two).Held != "stock_missing" || s.now(one).Held != "" {
		t.Errorf("there are %+v, the orders are %+v, %+v", s.level("POT"), s.now(one), s.now(two))
	}
	if said := b.complained(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}

// upload sends a file as a form does in which it was chosen.
func (b *browser) upload(path, name, content string) response {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(name, "made-up.csv")
	must(b.t, err)
	_, err = part.Write([]byte(content))
	must(b.t, err)
	must(b.t, form.Close())
	req, err := http.NewRequestWithContext(b.t.Context(), "POST", b.url+path, &body)
	must(b.t, err)
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := b.client.Do(req)
	must(b.t, err)
	defer func() { _ = res.Body.Close() }()
	got, err := io.ReadAll(res.Body)
	must(b.t, err)
	return response{b.t, res.StatusCode, res.Header, string(got)}
}

func TestStockGoesOutAndInAsAFile(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		s.place(placing("A-1"))
		b := s.as(access.RoleOperator, "operator")
		out := b.get("/stock.csv").want(200, "sku,name,currency", "CUP,Blue cup,GBP,4.50,300,main,10000,0,no").body
		b.upload("/stock-file", "file", out).want(200, "No level changes")

		// Everything that is wrong is told, and nothing is done.
		bad := out + "POT,\"A \"\"big\"\" pot\",GBP,x,1,main,5,,\nPAN,,GBP,1,1,main,-2,,\n"
		b.upload("/stock-file", "file", bad).want(422, "line 3, price", "line 4, name", "line 4, on hand").lacks("Take the file</button>")
		b.upload("/stock-file", "file", strings.Replace(out, "10000", "1", 1)).want(422, "line 2, on hand", "at least the 2 that are reserved")
		b.upload("/stock-file", "file", "").want(422, "No file was chosen")
		b.upload("/stock-file", "file", strings.Repeat("x", 2<<20)).want(422, "larger than 2048 kB")

		good := strings.Replace(out, "10000", "9000", 1) + "POT,\"A \"\"big\"\", red pot\",GBP,12.50,900,north,5,1,yes\n"
		page := b.upload("/stock-file", "file", good).want(200, "1</b> of them is new: POT", "are made, in GB: north", "2</b> of 2 levels change", "9000")
		if s.level("CUP").OnHand != 10_000 {
			t.Error("a look has taken it")
		}
		form, _ := page.form("/stock-file/take")
		b.post("/stock-file/take", form).leads("/stock?done=file")
		b.post("/stock-file/take", form).leads("/stock?done=file") // the same form again does nothing more
		pot := s.level("POT")
		if l := s.level("CUP"); l.OnHand != 9000 || pot.OnHand != 5 || pot.Safety != 1 || pot.Location != "north" {
			t.Errorf("there are %+v, %+v", l, pot)
		}
		found, err := s.Process.StockOf(t.Context(), "POT")
		must(t, err)
		if found.Name != "A \"big\", red pot" || found.Price != 1250 || !found.Backorder {
			t.Errorf("the SKU is %+v", found)
		}
		viewer := s.as(access.RoleViewer, "viewer")
		viewer.get("/stock-file").want(200, "Export as CSV").lacks("Take a file")
		viewer.upload("/stock-file", "file", good).want(403)
	})
}

// TestAFileIsTakenInABrowser: as it was previewed, though the browser sends it anew.
func TestAFileIsTakenInABrowser(t *testing.T) {
	t.Parallel()
	s := serve(t, dbtest.SQLite)
	_, err := s.Process.AcceptLink(t.Context(), s.invite("agent", access.RoleOperator), process.Acceptance{Password: password})
	must(t, err)
	name := filepath.Join(t.TempDir(), "stock.csv")
	must(t, os.WriteFile(name, []byte("sku,name,currency,price,weight_grams,location,on_hand\nCUP,Blue cup,GBP,4.50,300,main,77\n"), 0o600))
	b := open(t)
	b.run(chromedp.Navigate(s.url + "/stock-file"))
	b.signIn()
	b.shows("TAKE A FILE")
	b.run(chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), []string{name}))
	b.click(`main form button`)
	b.shows("1 of 1 levels change")
	b.click(`main form button`)
	b.shows("The file is taken.")
	if l := s.level("CUP"); l.OnHand != 77 {
		t.Errorf("there are %+v", l)
	}
	if said := b.complained(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}
