package cli

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"doorstep"
	"doorstep/importer"
	"doorstep/insight"
	"doorstep/insight/report"
	"doorstep/verify"
)

// report writes the page of an import: the orders' times are the shop's own.
func (v *importVerb) report(s *session, shop *doorstep.Shop, result importer.Result, checked verify.Report) error {
	ctx := context.WithoutCancel(s.ctx)
	in, err := insight.Read(ctx, shop.DB)
	if err != nil {
		return err
	}
	durable, err := shop.DB.Durability(ctx)
	if err != nil {
		return err
	}
	data := in.In(result.First.Location()).Data()
	data.Title, data.Shop, data.Verify = "A shop's history", "From "+filepath.Base(v.File), verdict(checked)
	data.Facts = []report.Fact{
		{Name: "Format", Value: v.Format},
		{Name: "Opening stock", Value: v.Stock + " of what is wanted"},
		{Name: "Seed", Value: strconv.FormatUint(v.Seed, 10)},
		{Name: "Database", Value: durability(durable)},
		{Name: "Computed in", Value: result.Took.Round(10 * time.Millisecond).String()},
		{Name: "Events", Value: thousands(in.Events)},
	}
	if v.Format == importer.OnlineRetail {
		data.Facts = append(data.Facts, report.Fact{Name: "Cancellations", Value: result.Cancellations.String()})
	}
	if v.Format == importer.PlainFormat {
		data.Facts[1].Value = v.Stock + " of what the file of SKUs says"
	}
	return writePage(v.Report, func(f *os.File) error { return report.Render(f, data) })
}
