package console

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"doorstep/fault"
	"doorstep/process"
	"doorstep/process/stockfile"
)

// The bounds of a file that is sent by a browser: doorstep stock import takes larger ones.
const (
	maxFile     = 2 << 20 // bytes of the form that it is in
	maxFileRows = 10_000
	filesShown  = 100 // how many of its changes are shown
)

// stockCSV sends the stock as a file that can be changed and sent back: what it says is
// the shop's own, and is not altered for spreadsheets.
func (c *Console) stockCSV(w http.ResponseWriter, r *http.Request) error {
	part, err := c.process.Stock(r.Context(), "", "", exported)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="stock.csv"`)
	out, _ := stockfile.NewWriter(w) // Flush has it
	for {
		if !wroteStock(out, part) || len(part) < exported {
			return nil
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportWithin)) // where it can not be set there is none
		if part, err = c.process.Stock(r.Context(), "", part[len(part)-1].Code, exported); err != nil {
			panic(http.ErrAbortHandler) // so that half of it is not taken for all
		}
	}
}

// wroteStock sends rows of a file, and says whether the browser is still there.
func wroteStock(out *stockfile.Writer, part []process.Stock) bool {
	for _, s := range part {
		for _, row := range s.Rows() {
			_ = out.Write(row) // Flush has it
		}
	}
	return out.Flush() == nil
}

// fileSent is a stock file that was sent, and what it comes to.
type fileSent struct {
	Content, Country string
	Plan             *process.StockFile // nil while none was sent that can be taken
}

// Shown are the first of the changes.
func (f fileSent) Shown() []process.Counted {
	return f.Plan.Changes[:min(len(f.Plan.Changes), filesShown)]
}

// Left is how many changes are not shown.
func (f fileSent) Left() int { return len(f.Plan.Changes) - len(f.Shown()) }

func (c *Console) stockFile(w http.ResponseWriter, r *http.Request) error {
	return c.fileShown(w, r, fileSent{Country: "GB"}, nil)
}

func (c *Console) fileShown(w http.ResponseWriter, r *http.Request, f fileSent, problem error) error {
	return c.show(w, r, "stock-file", shown{Title: "Stock file", Here: "stock", Page: f}, problem)
}

// sentFile reads the file of a form: one that was chosen, or the one that was previewed.
//
// Errors: invalid, with the line of everything that is wrong.
func sentFile(r *http.Request) (f fileSent, rows []stockfile.Row, err error) {
	f = fileSent{Country: cmp.Or(strings.ToUpper(strings.TrimSpace(r.PostForm.Get("country"))), "GB"), Content: r.PostForm.Get("file")}
	if file, _, none := r.FormFile("file"); none == nil {
		defer func() { _ = file.Close() }()
		b, err := io.ReadAll(file)
		if err != nil {
			return f, nil, err
		}
		f.Content = string(b)
	}
	if f.Content == "" {
		return f, nil, fault.New(fault.Invalid, "no file was chosen")
	}
	if rows, err = stockfile.Read([]byte(f.Content)); err != nil {
		return f, nil, err
	}
	if len(rows) > maxFileRows {
		err = fault.New(fault.Invalid, "the file has %d rows: from 1 to %d can be sent, and doorstep stock import takes more", len(rows), maxFileRows)
	}
	return f, rows, err
}

// previewFile says what a file would change, or everything that is wrong with it.
func (c *Console) previewFile(w http.ResponseWriter, r *http.Request) error {
	f, rows, err := sentFile(r)
	if err == nil {
		var plan process.StockFile
		if plan, err = c.process.PreviewStockFile(r.Context(), rows, f.Country); err == nil {
			f.Plan = &plan
		}
	}
	return c.fileShown(w, r, f, wrongLines(err))
}

// takeFile takes a file as it was previewed.
func (c *Console) takeFile(w http.ResponseWriter, r *http.Request) error {
	f, rows, err := sentFile(r)
	if err == nil {
		_, err = c.process.TakeStockFile(r.Context(), command(r), rows, f.Country)
	}
	if err != nil {
		return c.fileShown(w, r, f, wrongLines(err))
	}
	return done(w, r, "/stock", "file")
}

// wrongLines is an error of a file with as many of its lines as a page has room for.
func wrongLines(err error) error {
	e := fault.As(err)
	if e == nil || len(e.Fields) <= filesShown {
		return err
	}
	short := *e
	short.Message = fmt.Sprintf("%s; these are the first %d of %d", e.Message, filesShown, len(e.Fields))
	short.Fields = e.Fields[:filesShown]
	return &short
}
