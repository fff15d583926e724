package importer

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"doorstep/fault"
)

// maxLine bounds the bytes of a line.
const maxLine = 64 << 10

// lines reads a source line by line.
type lines struct {
	from   *bufio.Reader
	offset int64
	line   int
	atEnd  bool
}

func linesOf(source io.Reader) lines { return lines{from: bufio.NewReaderSize(source, maxLine)} }

// Offset returns how many bytes of the source have been read, for progress.
func (l *lines) Offset() int64 { return l.offset }

// next returns the next line without its end, and io.EOF with the last
// one. Of a line that is too long it returns the beginning.
func (l *lines) next() (text string, long bool, err error) {
	l.line++
	line, err := l.from.ReadSlice('\n')
	l.offset += int64(len(line))
	text = string(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")))
	for errors.Is(err, bufio.ErrBufferFull) {
		long, text = true, clip(text)
		line, err = l.from.ReadSlice('\n')
		l.offset += int64(len(line))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", false, fault.New(fault.Unavailable, "the file cannot be read after line %d: %w", l.line-1, err)
	}
	return text, long, err
}
