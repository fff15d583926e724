package console

import "net/url"

// stockPath is where an SKU is shown.
func stockPath(sku string) string { return "/stock/" + url.PathEscape(sku) }
