package cli

import (
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progress shows how far something long is: a bar on a terminal, and plain
// lines, ten at most, elsewhere.
type progress struct {
	out   *screen
	what  string
	total int64
	bars  *mpb.Progress
	bar   *mpb.Bar
	said  int64 // how many tenths a line was written for
}

// newProgress begins to show how far what is, of total.
func (s *session) newProgress(what string, total int64) *progress {
	p := &progress{out: s.out, what: what, total: max(total, 1)}
	if f, ok := s.program.Stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) && !s.flags.JSON {
		p.bars = mpb.New(mpb.WithOutput(f), mpb.WithWidth(barWidth))
		p.bar = p.bars.AddBar(p.total,
			mpb.PrependDecorators(decor.Name("  "+what+" ")),
			mpb.AppendDecorators(decor.Percentage(), decor.Name(" "), decor.Elapsed(decor.ET_STYLE_GO)),
			mpb.BarRemoveOnComplete())
	}
	return p
}

const barWidth = 70

// set says that n of the total are done, with what a plain line adds.
func (p *progress) set(n int64, more string) {
	if p.bar != nil {
		p.bar.SetCurrent(n)
		return
	}
	if tenth := n * 10 / p.total; tenth > p.said {
		p.said = tenth
		if !p.out.json {
			p.out.printf("  %s: %3d %%%s\n", p.what, tenth*10, more)
		}
	}
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.bars.Wait()
	}
}
