package event

// ParseCursor reads a cursor and writes it again.
func ParseCursor(c Cursor) (Cursor, error) {
	at, err := parseCursor(c)
	return at.cursor(), err
}
