package cli_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

var welcome = regexp.MustCompile(`(http://127\.0\.0\.1:[0-9]+)/welcome/\S+`)

// openDemo runs the demo in the real program until its shop is open, and returns where that is,
// the link to get in, and what is still to be read.
func openDemo(t *testing.T) (cmd *exec.Cmd, at, link string, out io.Reader) {
	t.Helper()
	cmd = program(t, "unused.db", "demo", "--console", "--orders", "1", "--seed", "7", "--listen", "127.0.0.1:0")
	cmd.Env = append(cmd.Env, "TMPDIR="+cmd.Dir)
	out, err := cmd.StdoutPipe()
	must(t, err)
	cmd.Stderr = t.Output()
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := welcome.FindStringSubmatch(lines.Text()); found != nil {
			return cmd, found[1], found[0], out
		}
	}
	t.Fatalf("there is no link (%v)", cmd.Wait())
	return nil, "", "", nil
}

// TestTheDemoLeavesAShopOpen in the real program: who has the link gets in, sees the week that
// is behind it; Ctrl-C closes it, and only the report is left.
func TestTheDemoLeavesAShopOpen(t *testing.T) {
	t.Parallel()
	cmd, at, link, out := openDemo(t)
	jar, err := cookiejar.New(nil)
	must(t, err)
	client := &http.Client{Jar: jar}
	page := func(answer *http.Response, err error) string {
		must(t, err)
		b, err := io.ReadAll(answer.Body)
		must(t, err)
		must(t, answer.Body.Close())
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", answer.Request.URL, answer.Status)
		}
		return string(b)
	}
	form := url.Values{"name": {"Made Up"}, "mail": {"made.up@example.com"}, "password": {"made up for the test"}}
	if today := page(client.PostForm(link, form)); !strings.Contains(today, "Made Up") || !strings.Contains(today, "Test shop.") {
		t.Errorf("the first page is %s", today)
	}
	if orders := page(client.Get(at + "/orders")); strings.Count(orders, `<th scope="row">`) < 50 {
		t.Errorf("there is no week behind it: %s", orders)
	}
	must(t, cmd.Process.Signal(os.Interrupt))
	rest, err := io.ReadAll(out)
	must(t, err)
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ends with %v: %s", err, rest)
	}
	left, err := filepath.Glob(filepath.Join(cmd.Dir, "doorstep-demo-*", "*"))
	must(t, err)
	if len(left) != 1 || filepath.Base(left[0]) != "report.html" {
		t.Errorf("it leaves %v behind", left)
	}
	if _, err := client.Get(at); err == nil || !strings.Contains(err.Error(), syscall.ECONNREFUSED.Error()) {
		t.Errorf("it is still open (%v)", err)
	}
}

var pictures = flag.String("pictures", "", "keep the pictures of the console in this folder: README has them from docs/images")

// TestPicturesOfTheConsole looks at the main pages of the demo's shop in a real browser.
func TestPicturesOfTheConsole(t *testing.T) {
	t.Parallel()
	folder := *pictures
	if folder == "" {
		folder = t.TempDir()
	}
	cmd, at, link, out := openDemo(t)
	ctx, cancel := chromedp.NewContext(t.Context(), chromedp.WithAllocatorOptions(chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true)))
	defer cancel()
	run := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		within, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		must(t, chromedp.Do(within, actions...))
	}
	must(t, chromedp.Do(ctx, chromedp.Navigate("about:blank"))) // which starts it, for as long as its context goes on
	run(chromedp.EmulateViewport(1280, 800), chromedp.Navigate(link),
		chromedp.SendKeys(chromedp.CSS("input[name=name]"), "Made Up"), chromedp.SendKeys(chromedp.CSS("input[name=mail]"), "made.up@example.com"),
		chromedp.SendKeys(chromedp.CSS("input[name=password]"), "made up for the test\r"), chromedp.WaitVisible(chromedp.CSS(".chart canvas")))
	for _, page := range []struct{ name, path, then, shows string }{
		{"today", "/", "", ".chart canvas"},
		{"orders", "/orders", "", "table.orders"},
		{"order", "/orders?status=delivered", "table.orders tbody th a", ".story"},
		{"ticket", "/tickets?view=all", "main tbody th a", ".write"},
	} {
		run(chromedp.Navigate(at + page.path))
		if page.then != "" {
			run(chromedp.Click(chromedp.CSS(page.then)))
		}
		run(chromedp.WaitVisible(chromedp.CSS(page.shows)))
		png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		must(t, err)
		must(t, os.WriteFile(filepath.Join(folder, "console-"+page.name+".png"), png, 0o644))
	}
	must(t, cmd.Process.Signal(os.Interrupt))
	_, err := io.Copy(io.Discard, out)
	must(t, errors.Join(err, cmd.Wait()))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
