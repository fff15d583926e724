package importer

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"doorstep/fault"
)

// lines reads a source line by line.
type lines struct {
	from   *bufio.Reader
	most   int
	offset int64
	line   int
	atEnd  bool
}

// linesOf returns the lines of a source, each of fewer bytes than most.
func linesOf(source io.Reader, most int) lines {
	return lines{from: bufio.NewReader(source), most: most}
}

// Offset returns how many bytes of the source have been read, for progress.
func (l *lines) Offset() int64 { return l.offset }

// next returns the next line without its end, and without the byte order mark of the
// first, and io.EOF with the last
// one. Of a line that is too long it returns the beginning.
func (l *lines) next() (text string, long bool, err error) {
	l.line++
	var line []byte
	for {
		part, err := l.from.ReadSlice('\n')
		l.offset += int64(len(part))
		if !long {
			line = append(line, part...)
		}
		if long = long || len(bytes.TrimSuffix(line, []byte("\n"))) >= l.most; long {
			line = []byte(clip(string(line[:min(len(line), l.most)])))
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return "", false, fault.New(fault.Unavailable, "the file cannot be read after line %d: %w", l.line-1, err)
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if l.line == 1 { // spreadsheets put a byte order mark before UTF-8
			line = bytes.TrimPrefix(line, []byte("\uFEFF"))
		}
		return string(line), long, err
	}
}
