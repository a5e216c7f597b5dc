package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/sallyport/sallyport"
	"github.com/sallyport/sallyport/internal/id"
)

// ServeCmd runs a server until it is told to stop.
type ServeCmd struct {
	Listen         string   `default:"127.0.0.1:4566" env:"SALLYPORT_LISTEN" placeholder:"HOST:PORT" help:"Address to listen on (${default})."`
	TLSPort        int      `name:"tls-port" env:"SALLYPORT_TLS_PORT" placeholder:"PORT" help:"Further port for HTTPS alone; the address to listen on speaks HTTP and HTTPS in any case."`
	Data           string   `env:"SALLYPORT_DATA" type:"path" placeholder:"DIR" help:"Directory that keeps the state (default: ${data})."`
	Ephemeral      bool     `env:"SALLYPORT_EPHEMERAL" help:"Keep the state in memory; it goes with the server."`
	Account        []string `env:"SALLYPORT_ACCOUNT" placeholder:"ID" help:"Account of 12 digits, may be given several times (default: 123456789012, or those of the data directory)."`
	RootKey        []string `name:"root-key" env:"SALLYPORT_ROOT_KEY" placeholder:"[ACCOUNT=]ID:SECRET" help:"Root key of one's own choice beside the one made at first start, for CI; on a loopback address only."`
	StrictRuntimes bool     `env:"SALLYPORT_STRICT_RUNTIMES" help:"Refuse functions whose exact interpreter is not installed, in place of running them on a newer one."`
	LogLevel       string   `env:"SALLYPORT_LOG_LEVEL" enum:"debug,info,warn,error" default:"warn" help:"What to log on standard error: ${enum} (${default})."`
}

// Help is shown below the command's usage.
func (ServeCmd) Help() string {
	return `Prints its address when it is ready. The first SIGINT or SIGTERM stops it in
order, the second one at once.`
}

// Run serves.
func (s *ServeCmd) Run(c *console) error {
	config, err := s.config(c)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	server, err := sallyport.New(config)
	if err != nil {
		return explainStart(err)
	}
	if s.Ephemeral {
		remove, err := writeNote(server)
		if err != nil {
			return errors.Join(fmt.Errorf("cannot note for other commands where the server is: %w", err), server.Close())
		}
		defer remove()
	}
	if err := s.greet(c, server, config.DataDir); err != nil {
		return errors.Join(err, server.Close())
	}
	fmt.Fprintf(c.Err, "sallyport: %v, stopping\n", <-signals)
	go func() {
		<-signals
		fmt.Fprintln(c.Err, "sallyport: stopped without waiting")
		os.Exit(exitFailure)
	}()
	return server.Close()
}

// config checks the flags.
func (s *ServeCmd) config(c *console) (sallyport.Config, error) {
	config := sallyport.Config{Listen: s.Listen, TLSPort: s.TLSPort, DataDir: s.Data, Accounts: s.Account, StrictRuntimes: s.StrictRuntimes}
	if s.Ephemeral {
		if s.Data != "" {
			return config, usagef("--ephemeral keeps no state and --data DIR keeps it in a directory: give one of them")
		}
	} else if s.Data == "" {
		config.DataDir = defaultData()
	}
	if s.TLSPort < 0 || s.TLSPort > 65535 {
		return config, usagef("--tls-port %d: a port is a number up to 65535", s.TLSPort)
	}
	for _, a := range s.Account {
		if !id.IsAccount(a) {
			return config, usagef("--account %s: an account id is 12 digits", a)
		}
	}
	for _, text := range s.RootKey {
		k, err := parseRootKey(text)
		if err != nil {
			return config, err
		}
		config.RootKeys = append(config.RootKeys, k)
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return config, usageError{err}
	}
	config.Log = slog.New(slog.NewTextHandler(c.Err, &slog.HandlerOptions{Level: level}))
	return config, nil
}

// parseRootKey reads [ACCOUNT=]ID:SECRET. Its errors never repeat the secret.
func parseRootKey(text string) (sallyport.RootKey, error) {
	var k sallyport.RootKey
	if account, rest, ok := strings.Cut(text, "="); ok && id.IsAccount(account) {
		k.Account, text = account, rest
	}
	var ok bool
	k.AccessKeyID, k.Secret, ok = strings.Cut(text, ":")
	if !ok || k.AccessKeyID == "" || k.Secret == "" {
		return k, usagef("--root-key: it is [ACCOUNT=]ID:SECRET, for example 111111111111=AKIAIOSFODNN7EXAMPLE:secret")
	}
	return k, nil
}

// explainStart adds what to do about a start that failed.
func explainStart(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w (a free port: --listen 127.0.0.1:0)", err)
	}
	return err
}

// greeting is what serve prints once it is ready.
type greeting struct {
	Endpoint      string   `json:"endpoint"`
	TLSEndpoint   string   `json:"tlsEndpoint"`
	CA            string   `json:"ca"`
	Mode          string   `json:"mode"`
	Accounts      []string `json:"accounts"`
	Ephemeral     bool     `json:"ephemeral"`
	DataDirectory string   `json:"dataDirectory,omitempty"`
	Functions     any      `json:"functions"`
	Warnings      []string `json:"warnings,omitempty"`
	PID           int      `json:"pid"`
}

func (s *ServeCmd) greet(c *console, server *sallyport.Server, data string) error {
	status := server.Functions()
	g := greeting{
		Endpoint: server.Endpoint(), TLSEndpoint: server.TLSEndpoint(), CA: server.CertificateFile(), Mode: "enforcing", Accounts: server.Accounts(), Ephemeral: s.Ephemeral, DataDirectory: data,
		Functions: status, PID: os.Getpid(),
	}
	if len(s.RootKey) > 0 {
		g.Warnings = append(g.Warnings, "root keys were chosen with --root-key: whoever knows them owns their account; meant for CI")
	}
	if c.JSON {
		return c.printJSON(g)
	}
	c.printf("sallyport is ready at %s, enforcing\n", g.Endpoint)
	c.printf("  https      %s, trust %s\n", g.TLSEndpoint, g.CA)
	c.printf("  accounts   %s\n", strings.Join(g.Accounts, ", "))
	if data == "" {
		c.printf("  data       in memory, gone when the server stops\n")
	} else {
		c.printf("  data       %s\n", data)
	}
	c.printf("  functions  %s\n", strings.TrimPrefix(status.String(), "functions "))
	for _, w := range g.Warnings {
		c.printf("  warning    %s\n", w)
	}
	hint := "sallyport env"
	if s.Data != "" {
		hint += " --data " + s.Data
	}
	c.printf("  next       eval \"$(%s)\"\n", hint)
	return nil
}
