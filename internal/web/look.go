package web

import _ "embed"

// Look is what all pages have in common: their colours, light and dark, and their type.
//
//go:embed look.css
var Look string
