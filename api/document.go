package api

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// documentPath is where programs read the document.
const documentPath = "/openapi.json"

// written serves what is to be read about the API, for which no key is needed.
func (a *API) written() (http.Handler, error) {
	document, err := a.Document()
	if err != nil {
		return nil, err
	}
	docs, err := a.explain()
	if err != nil {
		return nil, err
	}
	errors, err := explainErrors()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc(documentPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
		_, _ = w.Write(document) // the client has gone: no one else can be told
	})
	mux.Handle(docsPath, docs)
	mux.Handle(errorsPath, errors)
	return mux, nil
}

// Document is the API as an OpenAPI 3.1 document, indented.
func (a *API) Document() ([]byte, error) {
	raw, err := a.huma.OpenAPI().MarshalJSON()
	if err != nil {
		return nil, err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, raw, "", "  "); err != nil {
		return nil, err
	}
	indented.WriteByte('\n')
	return indented.Bytes(), nil
}
