package console

import (
	"net/http"
	"net/url"
	"strings"

	"doorstep/access"
)

// saveView keeps the list as it is narrowed down, for who is signed in.
func (c *Console) saveView(w http.ResponseWriter, r *http.Request) error {
	q, err := url.ParseQuery(r.PostForm.Get("list"))
	if err == nil {
		q = asked(q, kept...)
	}
	list := q.Encode()
	err = c.process.SaveView(r.Context(), signedInOf(r.Context()).User, access.ViewRequest{Name: strings.TrimSpace(r.PostForm.Get("name")), Query: list})
	if err != nil {
		return c.ordersWith(w, r, q, err)
	}
	http.Redirect(w, r, "/orders?"+list, http.StatusSeeOther)
	return nil
}

func (c *Console) removeView(w http.ResponseWriter, r *http.Request) error {
	if err := c.process.RemoveView(r.Context(), signedInOf(r.Context()).User, r.PathValue("view")); err != nil {
		return err
	}
	return done(w, r, "/orders", "view-removed")
}
