// Package services lists every service of the server. It is the one place that
// knows them all by name.
package services

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/sallyport/sallyport/internal/bug"
	"github.com/sallyport/sallyport/internal/clock"
	"github.com/sallyport/sallyport/internal/executor"
	"github.com/sallyport/sallyport/internal/gate"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/internal/services/ec2"
	"github.com/sallyport/sallyport/internal/services/iam"
	"github.com/sallyport/sallyport/internal/services/kms"
	"github.com/sallyport/sallyport/internal/services/lambda"
	"github.com/sallyport/sallyport/internal/services/logs"
	"github.com/sallyport/sallyport/internal/services/organizations"
	"github.com/sallyport/sallyport/internal/services/s3"
	"github.com/sallyport/sallyport/internal/services/sallyport"
	"github.com/sallyport/sallyport/internal/services/sns"
	"github.com/sallyport/sallyport/internal/services/sqs"
	"github.com/sallyport/sallyport/internal/services/sts"
	"github.com/sallyport/sallyport/internal/services/xray"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/trail"
)

// Deps is what services are made of.
type Deps struct {
	Store    *store.Store
	Trail    *trail.Trail
	Executor *executor.Executor
	Clock    clock.Clock
	Bug      *bug.Reporter
	Log      *slog.Logger
	// WorkDir is private to this server; Lambda unpacks code below it.
	WorkDir string
	// DataDir is where the store keeps its state, empty if it is in memory.
	DataDir string
	// Accounts exist from the start. RootKeys are root keys given by the
	// operator, beside those the server made.
	Accounts []string
	RootKeys []iam.RootKey
	// DefaultAccount is made in a store that would have none.
	DefaultAccount string
	// AccountAdded, if set, is told when accounts come or go later on.
	AccountAdded func()
	// CodeURL gives the address of a function's code, for GetFunction.
	CodeURL func(account, region, digest string) string
}

// Set is every service, joined by one bus behind one gate.
type Set struct {
	Bus  *op.Bus
	List []op.Service
	IAM  *iam.Service
}

// Start makes all services, puts the gate before them and starts them.
func Start(ctx context.Context, d Deps) (*Set, error) {
	directory, err := iam.New(ctx, iam.Deps{
		Store: d.Store, Clock: d.Clock, Bug: d.Bug, Log: d.Log,
		Accounts: d.Accounts, DefaultAccount: d.DefaultAccount, RootKeys: d.RootKeys, AccountAdded: d.AccountAdded,
	})
	if err != nil {
		return nil, fmt.Errorf("iam: %w", err)
	}
	s := &Set{IAM: directory}
	tokens, err := sts.New(ctx, sts.Deps{Store: d.Store, Clock: d.Clock, Bug: d.Bug, Log: d.Log, Directory: directory})
	if err != nil {
		return nil, fmt.Errorf("sts: %w", err)
	}
	logging, err := logs.New(ctx, logs.Deps{Store: d.Store, Clock: d.Clock, Bug: d.Bug, Log: d.Log})
	if err != nil {
		return nil, fmt.Errorf("logs: %w", err)
	}
	topics, err := sns.New(ctx, sns.Deps{Store: d.Store, Clock: d.Clock, Bug: d.Bug, Log: d.Log, Directory: directory})
	if err != nil {
		return nil, fmt.Errorf("sns: %w", err)
	}
	networks, err := ec2.New(ctx, ec2.Deps{Store: d.Store, Clock: d.Clock, Bug: d.Bug, Log: d.Log})
	if err != nil {
		return nil, fmt.Errorf("ec2: %w", err)
	}
	functions, err := lambda.New(ctx, lambda.Deps{
		Store: d.Store, Clock: d.Clock, Bug: d.Bug, Log: d.Log,
		Directory: directory, Changes: directory, Executor: d.Executor, Networks: networks, WorkDir: d.WorkDir, CodeURL: d.CodeURL,
	})
	if err != nil {
		return nil, fmt.Errorf("lambda: %w", err)
	}
	keys, err := kms.New(ctx, kms.Deps{Store: d.Store, Clock: d.Clock, Bug: d.Bug, Log: d.Log, Directory: directory})
	if err != nil {
		return nil, fmt.Errorf("kms: %w", err)
	}
	queues, err := sqs.New(ctx, sqs.Deps{Store: d.Store, Clock: d.Clock, Bug: d.Bug, Log: d.Log, Directory: directory})
	if err != nil {
		return nil, fmt.Errorf("sqs: %w", err)
	}
	buckets, err := s3.New(ctx, s3.Deps{Store: d.Store, Clock: d.Clock, Bug: d.Bug, Log: d.Log, Directory: directory, WorkDir: d.WorkDir})
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	company, err := organizations.New(ctx, organizations.Deps{Store: d.Store, Clock: d.Clock, Bug: d.Bug, Log: d.Log, Directory: directory, Accounts: directory})
	if err != nil {
		return nil, fmt.Errorf("organizations: %w", err)
	}
	tracing := xray.New(xray.Deps{Clock: d.Clock})
	own, err := sallyport.New(ctx, sallyport.Deps{
		Clock: d.Clock, Bug: d.Bug, Log: d.Log, Trail: d.Trail, Directory: directory, Encoder: tokens, Accounts: directory.Accounts,
		Functions: func(account string) any {
			return functionStatus{d.Executor.Status(), functions.Mappings(account)}
		},
		DataDir: d.DataDir,
		Reset: func(ctx context.Context) error {
			return reset(ctx, functions, keys, topics, buckets, queues, logging, tokens, directory, company, tracing, networks)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("sallyport: %w", err)
	}
	s.List = []op.Service{directory, tokens, keys, networks, queues, topics, functions, functions.URLs(), buckets, logging, company, tracing, own}
	s.Bus, err = op.NewBus(op.Config{
		Gate: gate.New(directory, s.List, d.Trail, d.Bug), Services: s.List, Clock: d.Clock, Bug: d.Bug, Log: d.Log,
	})
	if err != nil {
		return nil, err
	}
	for i, service := range s.List {
		if err := service.Start(ctx, s.Bus); err != nil {
			s.close(i)
			return nil, fmt.Errorf("%s: %w", service.API().ID, err)
		}
	}
	return s, nil
}

// functionStatus is how functions run, and what brings them messages.
type functionStatus struct {
	executor.Status
	Mappings []lambda.MappingStatus `json:"mappings"`
}

// resetter is a service that can be emptied.
type resetter interface {
	Reset(ctx context.Context) error
}

// reset empties services: functions go before what they write to and the
// roles they act as.
func reset(ctx context.Context, all ...resetter) error {
	var errs []error
	for _, s := range all {
		errs = append(errs, s.Reset(ctx))
	}
	return errors.Join(errs...)
}

// Close stops all services, those that call others first.
func (s *Set) Close() error { return s.close(len(s.List)) }

func (s *Set) close(n int) error {
	var first error
	for i := n - 1; i >= 0; i-- {
		if err := s.List[i].Close(); err != nil && first == nil {
			first = fmt.Errorf("%s: %w", s.List[i].API().ID, err)
		}
	}
	return first
}
