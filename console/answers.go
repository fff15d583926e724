package console

import (
	"net/http"

	"doorstep/fault"
	"doorstep/support"
)

// answers is what the page of canned answers shows.
type answers struct {
	Items  []support.Canned
	Blanks []support.Blank
	Typed  support.CannedRequest // as it was sent, where it was not done
	Of     string                // the answer that it was sent for, "" for a new one
}

func (c *Console) answers(w http.ResponseWriter, r *http.Request) error {
	return c.answersWith(w, r, nil)
}

// answersWith shows the canned answers, and why what was asked for was not done, with what
// was typed.
func (c *Console) answersWith(w http.ResponseWriter, r *http.Request, problem error) error {
	all, err := c.process.CannedAnswers(r.Context())
	if err != nil {
		return err
	}
	v := answers{Items: all, Blanks: support.Blanks}
	if problem != nil {
		v.Typed, v.Of = typedAnswer(r), r.PathValue("answer")
	}
	return c.show(w, r, "answers", shown{Title: "Canned answers", Here: "settings", Page: v}, problem)
}

func typedAnswer(r *http.Request) support.CannedRequest {
	return support.CannedRequest{Name: r.PostForm.Get("name"), Body: r.PostForm.Get("body")}
}

func (c *Console) addAnswer(w http.ResponseWriter, r *http.Request) error {
	if _, err := c.process.AddCanned(r.Context(), command(r), typedAnswer(r)); err != nil {
		return c.answersWith(w, r, err)
	}
	return done(w, r, "/settings/answers", "answer-kept")
}

// changeAnswer makes a canned answer, as it was seen, another one.
func (c *Console) changeAnswer(w http.ResponseWriter, r *http.Request) error {
	by, err := commandAt(r)
	if err == nil {
		_, err = c.process.ChangeCanned(r.Context(), by, r.PathValue("answer"), typedAnswer(r))
	}
	return c.afterAnswer(w, r, "answer-kept", err)
}

// removeAnswer removes a canned answer as it was seen.
func (c *Console) removeAnswer(w http.ResponseWriter, r *http.Request) error {
	by, err := commandAt(r)
	if err == nil {
		_, err = c.process.RemoveCanned(r.Context(), by, r.PathValue("answer"))
	}
	return c.afterAnswer(w, r, "answer-removed", err)
}

// afterAnswer shows what became of a change of a canned answer.
func (c *Console) afterAnswer(w http.ResponseWriter, r *http.Request, what string, err error) error {
	switch {
	case fault.Is(err, fault.NotFound):
		return err
	case err != nil:
		return c.answersWith(w, r, err)
	}
	return done(w, r, "/settings/answers", what)
}
