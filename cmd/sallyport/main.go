// Command sallyport runs a server that speaks the AWS APIs, runs real Lambda
// functions and decides every call as AWS does, and explains its decisions.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// cli are the commands and the flags of all of them.
type cli struct {
	JSON bool `name:"json" env:"SALLYPORT_JSON" help:"Print JSON."`

	Serve       ServeCmd       `cmd:"" help:"Run a server."`
	Env         EnvCmd         `cmd:"" help:"Print the environment that points AWS tools at the server."`
	Tour        TourCmd        `cmd:"" help:"Play the whole story on a server of its own."`
	Explain     ExplainCmd     `cmd:"" help:"Say why a call was allowed or denied, and what would allow it."`
	Decisions   DecisionsCmd   `cmd:"" help:"List decisions."`
	Can         CanCmd         `cmd:"" help:"Say whether somebody may do something, who may, or what somebody may, with or without a server."`
	Caveats     CaveatsCmd     `cmd:"" help:"List the rules of which AWS's own are not certain."`
	Where       WhereCmd       `cmd:"" help:"Say which operations need an IAM action, and where they stand in the source."`
	Conformance ConformanceCmd `cmd:"" help:"Try an endpoint with cases of how AWS decides around Lambda's permissions."`
	Reset       ResetCmd       `cmd:"" help:"Empty the running server."`
	Version     VersionCmd     `cmd:"" help:"Print the version."`
}

// console is what a command talks to.
type console struct {
	In   io.Reader
	Out  io.Writer
	Err  io.Writer
	JSON bool
}

// run parses the command line and runs the command; it returns the exit code.
func run(args []string) int {
	c := &console{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	var commands cli
	// The first interrupt ends the command's context, the second one the process.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	defer stop()
	parser, err := kong.New(&commands,
		kong.Name("sallyport"),
		kong.Description("Test Lambda with IAM on: every call is decided as AWS decides it, and explained."),
		kong.Vars{"data": defaultData()},
		kong.Writers(c.Out, c.Err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(c),
	)
	if err != nil {
		fmt.Fprintln(c.Err, "sallyport:", err)
		return exitFailure
	}
	command, err := parser.Parse(args)
	if err != nil {
		return c.usage(args, err)
	}
	c.JSON = commands.JSON
	if err := command.Run(); err != nil {
		var code exitCode
		if errors.As(err, &code) {
			return int(code)
		}
		return c.fail(args, err)
	}
	return 0
}

// usageError is a command line that cannot be meant.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func (c *console) usage(args []string, err error) int {
	fmt.Fprintln(c.Err, "sallyport:", err)
	help := "sallyport --help"
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		help = "sallyport " + args[0] + " --help"
	}
	fmt.Fprintf(c.Err, "%q says what there is.\n", help)
	return exitUsage
}

func (c *console) fail(args []string, err error) int {
	var usage usageError
	if errors.As(err, &usage) {
		return c.usage(args, err)
	}
	fmt.Fprintln(c.Err, "sallyport:", err)
	return exitFailure
}
