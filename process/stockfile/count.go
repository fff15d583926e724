package stockfile

import "doorstep/inventory"

// CountColumns are the columns of a file of counts, in any order. It may lack
// the location.
var CountColumns = []string{"sku", "location", "counted"}

// ReadCounts reads a whole file of counts and checks it whole. What lies at no
// location that the file says lies at the given one.
//
// Errors: invalid, with the line and the column of everything that is wrong.
func ReadCounts(data []byte, location string) ([]inventory.Count, error) {
	var counts []inventory.Count
	err := eachRow(data, CountColumns, []string{"location"}, func(r *reader) {
		c := inventory.Count{SKU: r.cell("sku"), Location: r.cell("location"), Quantity: r.quantity("counted")}
		if c.SKU == "" {
			r.wrong("sku", "required", "what was counted")
		}
		if c.Location == "" {
			c.Location = location
		}
		r.once(c.SKU, c.Location)
		counts = append(counts, c)
	})
	if err != nil {
		return nil, err
	}
	return counts, nil
}
