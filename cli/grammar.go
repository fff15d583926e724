package cli

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"doorstep/fault"

	"github.com/alecthomas/kong"
)

// globals are the flags of every verb.
type globals struct {
	DB             string   `help:"The database: a file, or a postgres:// URL." default:"doorstep.db" placeholder:"FILE|URL" group:"global"`
	Outside        string   `help:"Where the simulated gateway and carrier keep their books; beside the database by default." placeholder:"DIR" group:"global"`
	Server         string   `help:"Let the shop of this server do it, with an API key; by default, what serves the database on this machine." placeholder:"URL" group:"global"`
	APIKey         string   `name:"key-file" help:"The file with the key for --server; without it, DOORSTEP_API_KEY is the key itself." placeholder:"FILE" group:"global"`
	SecretsKeyFile string   `help:"The file with the key that seals the shop's secrets, made when it is first needed; without it, DOORSTEP_SECRETS_KEY is the key itself, or it stands beside the database." placeholder:"FILE" group:"global"`
	JSON           bool     `help:"Answer in JSON, errors too." group:"global"`
	LogLevel       string   `help:"How much to log to standard error (${enum})." enum:"error,warn,info,debug" default:"warn" placeholder:"LEVEL" group:"global"`
	NoColor        bool     `help:"No colour, also on a terminal. NO_COLOR does the same." group:"global"`
	Help           helpFlag `help:"Show help, with examples." short:"h" group:"global"`
}

// grammar is everything that can be typed. What has a tag here is not sent to a server: it
// has a database of its own, or works on the database itself.
type grammar struct {
	Demo      demoVerb       `here:"own" cmd:"" help:"Show the whole process in a throw-away database."`
	Simulate  simulateVerbs  `here:"own" cmd:"" help:"Have a simulated shop go through a scenario, and compare."`
	Serve     serveVerb      `here:"database" cmd:"" help:"Run the process until it is told to stop."`
	Import    importVerb     `here:"database" cmd:"" help:"Take another shop's history through the process."`
	Order     orderVerbs     `cmd:"" help:"Place orders, look at them, cancel them."`
	Payment   paymentVerbs   `cmd:"" help:"Capture and void what is authorised, record what was paid elsewhere."`
	Shipment  shipmentVerbs  `cmd:"" help:"Buy labels, hand parcels over, say where they are."`
	Return    returnVerbs    `cmd:"" help:"Receive what customers send back."`
	Stock     stockVerbs     `cmd:"" help:"What there is to sell, and how many."`
	Ticket    ticketVerbs    `cmd:"" help:"Customer support."`
	Attention attentionVerbs `cmd:"" help:"What is held, stuck or late, and what can be done about it."`
	Today     todayVerb      `cmd:"" help:"How the shop does: orders, money, times, what waits."`
	Events    eventsVerb     `cmd:"" help:"Show everything that has happened, oldest first."`
	Policy    policyVerbs    `cmd:"" help:"The shop's settings."`
	Answer    answerVerbs    `cmd:"" help:"Answers that are given to customers again and again."`
	Forget    forgetVerb     `cmd:"" help:"Erase a customer, and keep the books."`
	User      userVerbs      `cmd:"" help:"Who may use the console, and what they may do."`
	Verify    verifyVerb     `cmd:"" help:"Check that the books agree with each other."`
	Bench     benchVerb      `here:"own" cmd:"" help:"Measure the process beside the limits of the machine."`
	Backup    backupVerb     `here:"database" cmd:"" help:"Copy the database to a file while it is in use."`
	Version   versionVerb    `here:"own" cmd:"" help:"Say which program this is."`
}

const description = `Doorstep takes an order from checkout to the customer's door: stock, payment, parcel, support.

Begin with some stock and an order:

    doorstep stock import stock.csv
    doorstep order place --sku CUP=2 --name "Made Up" \
        --address "1 Sample Street" --city Sampleton --country GB
    doorstep order list

An ORDER is named by its number (1001), its id (ord_…), or where it came from (web/A-17).
Every flag can be set by an environment variable too: --limit by DOORSTEP_LIMIT.

Exit codes:

    0  done
    1  something is wrong inside: a defect, or a damaged database
    2  what was typed or sent is not valid
    3  there is no such thing
    4  it can not be done now: conflict, too late, or not permitted
    5  another process holds the database, or something is not available
    6  verify has found violations`

// errHelped says that help was asked for and shown.
var errHelped = errors.New("help was shown")

// helpFlag shows help instead of doing anything.
type helpFlag bool

// BeforeReset shows help before anything else of the arguments is looked at.
func (helpFlag) BeforeReset(ctx *kong.Context) error {
	if err := ctx.PrintUsage(false); err != nil {
		return err
	}
	return errHelped
}

// typed is a command as it was typed, and what it means.
type typed struct {
	args   []string
	parsed *kong.Context
}

// parse returns the command that the arguments name, and fills flags.
//
// Errors: invalid; errHelped when help was asked for and shown.
func (p Program) parse(args []string, flags *globals) (*typed, error) {
	parser, err := p.parser(flags)
	if err != nil {
		return nil, err
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help":
		args = append(args[1:len(args):len(args)], "--help")
	}
	if err := checkText(args); err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(quoteNumbers(args))
	if err != nil {
		return nil, usageError(err)
	}
	return &typed{args, parsed}, nil
}

// checkText refuses arguments that are no text: the parser would mend them. No
// argument of a process holds a NUL, which is left to quoteNumbers.
//
// Errors: invalid.
func checkText(args []string) error {
	var c fault.Check
	for i, a := range args {
		path := fmt.Sprintf("argument %d", i+1)
		c.If(!utf8.ValidString(a), path, "not_utf8", "valid UTF-8")
		c.If(strings.Contains(a, quote), path, "control_character", "no NUL")
	}
	return c.Err("what was typed")
}

func (p Program) parser(flags *globals) (*kong.Kong, error) {
	var root struct {
		*globals
		grammar
	}
	root.globals = flags
	options := append(unquoting(),
		kong.Name("doorstep"),
		kong.Description(description),
		kong.Writers(p.Stdout, p.Stderr),
		kong.Exit(func(int) {}),
		kong.NoDefaultHelp(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: defaultWidth}),
		kong.ValueFormatter(describe),
		kong.ExplicitGroups([]kong.Group{{Key: "global", Title: "Global flags:"}}),
		kong.Resolvers(p.environment()),
	)
	return kong.New(&root, options...)
}

// environment resolves flags that were not typed from their variables.
func (p Program) environment() kong.ResolverFunc {
	return func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if flag.Name == "help" {
			return nil, nil
		}
		value, ok := p.Env(variable(flag.Name))
		if !ok {
			return nil, nil
		}
		return value, checkText([]string{value})
	}
}

// variable is the environment variable of a flag.
func variable(flag string) string {
	return "DOORSTEP_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// describe is the help of a flag with its default, and the variable of a global
// one.
func describe(v *kong.Value) string {
	help := strings.TrimSuffix(v.Help, ".")
	if v.Flag == nil || v.Target.Type() == reflect.TypeFor[helpFlag]() {
		return v.Help
	}
	if v.Default != "" {
		help += ", " + v.Default + " by default"
	}
	if v.Flag.Group != nil && v.Flag.Group.Key == "global" {
		help += " ($" + variable(v.Name) + ")"
	}
	return help + "."
}

// usageError is an error of the parser as an invalid one that says where help is.
func usageError(err error) error {
	if errors.Is(err, errHelped) {
		return errHelped
	}
	if e := fault.As(err); e != nil {
		return e
	}
	about := "doorstep"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
		about = parse.Context.Selected().FullPath()
	}
	said := strings.ReplaceAll(err.Error(), quote, "")
	return fault.New(fault.Invalid, "%s (see %s --help)", strings.TrimSpace(said), about)
}

// numeric is an argument that begins as a number below zero does. No flag does.
var numeric = regexp.MustCompile(`^-\.?[0-9]`)

// quote goes before an argument that the parser would take for a flag.
const quote = "\x00"

// quoteNumbers marks what begins as a number below zero does, so that the
// parser takes it for a value; unquoting takes the mark off again.
func quoteNumbers(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if numeric.MatchString(a) {
			a = quote + a
		}
		out[i] = a
	}
	return out
}

// unquoting has every kind of value read without the mark of quoteNumbers.
func unquoting() []kong.Option {
	usual := kong.NewRegistry().RegisterDefaults()
	var options []kong.Option
	for _, t := range []reflect.Type{reflect.TypeFor[string](), reflect.TypeFor[int](), reflect.TypeFor[int64](),
		reflect.TypeFor[uint64](), reflect.TypeFor[float64]()} {
		options = append(options, kong.KindMapper(t.Kind(), unquoted{usual.ForType(t)}))
	}
	for _, t := range []reflect.Type{reflect.TypeFor[time.Duration](), reflect.TypeFor[delta](), reflect.TypeFor[Item]()} {
		options = append(options, kong.TypeMapper(t, unquoted{usual.ForType(t)}))
	}
	return append(options, kong.NamedMapper("path", unquoted{usual.ForNamedType("path", reflect.TypeFor[string]())}))
}

// unquoted reads a value as it was typed.
type unquoted struct{ usual kong.Mapper }

// Decode reads the next value.
func (u unquoted) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	if text, ok := ctx.Scan.Peek().Value.(string); ok && strings.HasPrefix(text, quote) {
		ctx.Scan.Pop()
		ctx.Scan.PushTyped(text[len(quote):], kong.FlagValueToken)
	}
	return u.usual.Decode(ctx, target)
}

// delta is a whole number with or without a sign.
type delta int64

// UnmarshalText reads +5, 5 and -5.
func (d *delta) UnmarshalText(text []byte) error {
	n, err := parseCount(string(text))
	*d = delta(n)
	return err
}

// Item is one line of a quick order as it is typed: an SKU and how many of it.
type Item struct {
	SKU      string
	Quantity int64
}

// UnmarshalText reads CUP=2, and CUP for one of it. The SKU is everything up
// to the last "=".
//
// Errors: invalid, of the flag, when the quantity is no whole number that fits
// 64 bits, or the SKU is missing.
func (i *Item) UnmarshalText(text []byte) error {
	sku, count := string(text), "1"
	if at := strings.LastIndexByte(sku, '='); at >= 0 {
		sku, count = sku[:at], sku[at+1:]
	}
	if sku == "" {
		return unreadable("--sku", invalid("%.80q names no SKU: write it as CUP=2", text))
	}
	n, err := parseCount(count)
	if err != nil {
		return unreadable("--sku", err)
	}
	*i = Item{SKU: sku, Quantity: n}
	return nil
}
