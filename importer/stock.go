package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/big"
	"slices"

	"doorstep/fault"
	"doorstep/inventory"
)

// stock makes the catalogue and receives what the shop has at first. Its command
// keys carry a fingerprint of that and of the file, so that another file of the
// same shop brings its own stock.
func (r *run) stock(ctx context.Context) error {
	hash := sha256.New()
	opening, err := r.Format.Opening(io.TeeReader(r.file(), hash))
	if err != nil {
		return err
	}
	if _, err := io.Copy(hash, r.file()); err != nil { // a format need not have read it
		return fault.New(fault.Unavailable, "the file can not be read: %w", err)
	}
	if err := json.NewEncoder(hash).Encode(opening); err != nil {
		return err
	}
	fingerprint := hex.EncodeToString(hash.Sum(nil)[:8])
	if err := r.locations(ctx, fingerprint, opening); err != nil {
		return err
	}
	defined := map[string]bool{}
	for i, o := range opening {
		err := r.stockOne(ctx, fingerprint, o, !defined[o.Code])
		// The sales that want an article which the shop can't have are refused
		// with the reason, or fail for want of stock.
		if err != nil && !refuses(err) {
			return err
		}
		defined[o.Code] = true
		r.tell(Stocking, int64(i+1), int64(len(opening)))
	}
	r.result.Articles = len(defined)
	return nil
}

// locations makes the places where the shop has anything. That of the adjustments
// is always there.
//
// Errors: conflict when the file was begun with another factor or another seed.
func (r *run) locations(ctx context.Context, fingerprint string, opening []Opening) error {
	seen := map[string]bool{"": true}
	for _, o := range append(slices.Clone(opening), Opening{Location: mainLocation, Country: home}) {
		if seen[o.Location] {
			continue
		}
		seen[o.Location] = true
		by := r.command(fingerprint + ":location:" + o.Location)
		by.Asked = struct {
			Stock string
			Seed  uint64
		}{r.Stock.RatString(), r.Seed}
		_, err := r.Process.SetLocation(ctx, by, inventory.Location{ID: o.Location, Name: o.Location, Country: o.Country})
		if fault.Is(err, fault.Conflict) {
			return fault.New(fault.Conflict, "the import of this file was begun with another opening stock or seed: go on with that, or into another database")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// home is where the main location is that no format has named.
const home = "GB"

func (r *run) stockOne(ctx context.Context, fingerprint string, o Opening, define bool) error {
	if define {
		if _, err := r.Process.DefineSKU(ctx, r.command(fingerprint+":sku:"+o.Code), o.SKU); err != nil {
			return err
		}
	}
	quantity := portion(o.Quantity, r.Stock)
	if o.Location == "" || quantity == 0 {
		return nil
	}
	at := o.Location + ":" + o.Code
	if _, err := r.Process.ReceiveStock(ctx, r.command(fingerprint+":stock:"+at), o.Code, o.Location, quantity); err != nil || o.Safety == 0 {
		return err
	}
	_, err := r.Process.SetSafetyStock(ctx, r.command(fingerprint+":safety:"+at), o.Code, o.Location, o.Safety)
	return err
}

// portion is so much of a quantity, rounded down.
func portion(quantity int64, of *big.Rat) int64 {
	product := new(big.Rat).Mul(new(big.Rat).SetInt64(quantity), of)
	return new(big.Int).Quo(product.Num(), product.Denom()).Int64()
}
