package api

import (
	"cmp"
	"reflect"
	"strings"
)

// Meaning says what stands at a path of a value of the type as it is written in JSON, such as
// ask.tries, and which words may stand there, none where others may: as the source says it.
func Meaning(of reflect.Type, path string) (doc string, words []string) {
	for name := range strings.SplitSeq(path, ".") {
		if of.Kind() != reflect.Struct {
			break
		}
		for _, f := range reflect.VisibleFields(of) {
			if jsonName(f) == name {
				doc = cmp.Or(docs[roomOf(declaring(of, f))+"."+f.Name], doc)
				of = f.Type
				break
			}
		}
	}
	if of.Kind() == reflect.String && !open[roomOf(of)] {
		words = values[roomOf(of)]
	}
	return doc, words
}
