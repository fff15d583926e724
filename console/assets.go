package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"doorstep/fault"
	"doorstep/insight/report"
	"doorstep/internal/web"
)

const assetsPath = "/assets/"

//go:embed assets
var assetFiles embed.FS

// asset is a file that pages load.
type asset struct {
	mediaType     string
	plain, zipped []byte
}

// assets are served under names with the hash of what is in them, so that browsers keep
// them for good.
type assets struct {
	byName map[string]string // the address, by the name of the file
	at     map[string]asset  // by address
}

func newAssets() (*assets, error) {
	a := &assets{byName: map[string]string{}, at: map[string]asset{}}
	files, err := assetFiles.ReadDir("assets")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		content, err := assetFiles.ReadFile("assets/" + f.Name())
		if err != nil {
			return nil, err
		}
		if f.Name() == "console.css" {
			content = append([]byte(web.Look), content...)
		}
		a.add(f.Name(), content)
	}
	a.add("chart.js", []byte(report.Library()))
	return a, nil
}

func (a *assets) add(name string, content []byte) {
	sum := sha256.Sum256(content)
	kind := path.Ext(name)
	at := assetsPath + strings.TrimSuffix(name, kind) + "." + hex.EncodeToString(sum[:6]) + kind
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is one
	_, _ = z.Write(content)                               // to memory
	_ = z.Close()
	mediaType := mime.TypeByExtension(kind)
	if mediaType == "" {
		mediaType = "text/plain; charset=utf-8"
	}
	a.byName[name], a.at[at] = at, asset{mediaType, content, b.Bytes()}
}

// path is the address of a file.
//
// Errors: internal when there is none.
func (a *assets) path(name string) (string, error) {
	at, there := a.byName[name]
	if !there {
		return "", fault.New(fault.Internal, "there is no asset %s", name)
	}
	return at, nil
}

// ServeHTTP answers with a file.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	one, there := a.at[r.URL.Path]
	if !there {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", one.mediaType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable") // RFC 8246
	h.Set("Vary", "Accept-Encoding")
	content := one.plain
	if takesGzip(r) {
		h.Set("Content-Encoding", "gzip")
		content = one.zipped
	}
	h.Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // the browser has gone: no one else can be told
}

// takesGzip says whether whoever asks can read it (RFC 9110, 12.5.3).
func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == "gzip" && strings.TrimSpace(quality) != "q=0" {
			return true
		}
	}
	return false
}

// zipped compresses pages for whoever can read that.
func zipped(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Encoding")
		if !takesGzip(r) {
			next.ServeHTTP(w, r)
			return
		}
		z := &zipping{ResponseWriter: w}
		defer z.close()
		next.ServeHTTP(z, r)
	})
}

// zipping compresses an answer, unless it only leads elsewhere.
type zipping struct {
	http.ResponseWriter
	to    *gzip.Writer // nil for an answer that is sent as it is
	begun bool
}

// Write compresses a part of the answer.
func (z *zipping) Write(b []byte) (int, error) {
	z.WriteHeader(http.StatusOK)
	if z.to == nil {
		return z.ResponseWriter.Write(b)
	}
	return z.to.Write(b)
}

// WriteHeader begins the answer.
func (z *zipping) WriteHeader(status int) {
	if z.begun {
		return
	}
	if z.begun = true; status != http.StatusSeeOther {
		z.Header().Set("Content-Encoding", "gzip")
		z.to = gzip.NewWriter(z.ResponseWriter)
	}
	z.ResponseWriter.WriteHeader(status)
}

// FlushError sends what was written so far.
func (z *zipping) FlushError() error {
	if z.to != nil {
		if err := z.to.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(z.ResponseWriter).Flush()
}

func (z *zipping) close() {
	if z.to != nil {
		_ = z.to.Close() // the browser has gone: no one else can be told
	}
}

// Unwrap is for http.ResponseController.
func (z *zipping) Unwrap() http.ResponseWriter { return z.ResponseWriter }
