package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"

	"doorstep/inventory"
)

// Weight stands in for what the online-retail format does not say: what one of
// an article weighs, in grams.
const Weight = 250

// origin is where the shop of the format sends its parcels from.
var origin = inventory.Location{ID: inventory.MainLocation, Name: "Main", Country: "GB"}

// stock makes the catalogue and receives as much of each article as the file's
// orders want. Its command keys carry the file's fingerprint, so that another
// file of the same shop brings its own stock.
func (r *run) stock(ctx context.Context) error {
	hash := sha256.New()
	articles, err := Demand(io.TeeReader(r.file(), hash))
	if err != nil {
		return err
	}
	if _, err := r.Process.SetLocation(ctx, command("location"), origin); err != nil {
		return err
	}
	fingerprint := hex.EncodeToString(hash.Sum(nil)[:8])
	for i, a := range articles {
		err := r.stockOne(ctx, fingerprint, a)
		// The invoices that want an article which the shop can't have are refused
		// with the reason, or fail for want of stock.
		if err != nil && !refuses(err) {
			return err
		}
		r.tell(Stocking, int64(i+1), int64(len(articles)))
	}
	r.result.Articles = len(articles)
	return nil
}

func (r *run) stockOne(ctx context.Context, fingerprint string, a Article) error {
	sku := inventory.SKU{Code: a.SKU, Name: a.Name, Currency: Currency, Price: a.FirstPrice, Weight: Weight}
	if _, err := r.Process.DefineSKU(ctx, command(fingerprint+":sku:"+a.SKU), sku); err != nil {
		return err
	}
	_, err := r.Process.ReceiveStock(ctx, command(fingerprint+":stock:"+a.SKU), a.SKU, origin.ID, a.Quantity)
	return err
}
