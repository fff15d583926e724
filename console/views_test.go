package console_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"doorstep/access"
	"doorstep/internal/db/dbtest"
)

func TestAPersonKeepsViewsOfOrders(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		s.place(placing("A-1"))
		b, other := s.as(access.RoleViewer, "viewer"), s.as(access.RoleAdmin, "admin")
		b.get("/orders").want(200).lacks("Keep this as a view", `aria-label="Views"`)
		const at = "/orders?held=yes&status=processed"
		form, is := b.get(at).want(200, "Keep this as a view").form("/views")
		if !is {
			t.Fatal("it can not be kept")
		}
		b.post("/views", form).want(422, "what it is called", `name="list" value="held=yes&amp;status=processed"`)
		form.Set("name", "<b>Mine</b>")
		b.post("/views", form).leads(at)
		b.get(at).want(200, `<a href="/orders?held=yes&amp;status=processed" aria-current="page">&lt;b&gt;Mine&lt;/b&gt;</a>`, "Remove the view").lacks("Keep this")
		other.get("/orders").want(200).lacks("Mine")

		// The same name is the same view from then on; what is no narrowing is not kept.
		form.Set("list", "stock=reserved&nonsense=1&before=x")
		b.post("/views", form).leads("/orders?stock=reserved")
		page := b.get("/orders?stock=reserved").want(200, "Remove the view")
		if n := strings.Count(page.body, "Mine"); n != 2 {
			t.Errorf("it is named %d times", n)
		}
		_, remove, _ := strings.Cut(page.body, `action="/views/`)
		remove, _, _ = strings.Cut(remove, `"`)
		other.post("/views/"+remove, url.Values{}).leads("/orders?done=view-removed") // which is not theirs
		b.get("/orders").want(200, "Mine")
		b.post("/views/"+remove, url.Values{}).leads("/orders?done=view-removed")
		b.get("/orders").want(200).lacks("Mine")

		for n := range access.MaxViews {
			form.Set("name", fmt.Sprint("View ", n))
			b.post("/views", form).leads("/orders?stock=reserved")
		}
		form.Set("name", "One more")
		b.post("/views", form).want(409, "no more can be")
		form.Set("list", "nonsense=1")
		b.post("/views", form).want(422)
	})
}

func TestEveryListIsAFileToo(t *testing.T) {
	t.Parallel()
	dbtest.Engines(t, func(t *testing.T, engine string) {
		s := serve(t, engine)
		s.place(placing("A-1"))
		b := s.as(access.RoleAdmin, "admin")
		b.get("/stock/CUP").want(200, "/stock/CUP/movements.csv")
		b.get("/stock/CUP/movements.csv").want(200, "receipt,main,10000,0", "reservation,main,0,2")
		b.get("/stock/NONE/movements.csv").want(404)
		b.get("/running-out").want(200, "/running-out.csv")
		b.get("/running-out.csv").want(200, "sku,name,available,ordered,runs_out")
		b.get("/settings/users").want(200, "/settings/users.csv")
		b.get("/settings/users.csv").want(200, "admin@example.com,admin")
		s.as(access.RoleOperator, "operator").get("/settings/users.csv").want(403)
	})
}
