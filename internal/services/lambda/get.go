package lambda

import (
	"context"
	"strings"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// found is the version a read addresses. What is printed when it is not there
// is what was addressed, for an alias too (recorded from AWS).
func (s *Service) found(c *op.Call) (ref, *config, error) {
	r, err := target(c)
	if err != nil {
		return r, nil, err
	}
	v := s.now().code(r)
	if v == nil {
		return r, nil, noFunction(r.arn())
	}
	return r, v, nil
}

func (s *Service) getFunction(ctx context.Context, c *op.Call, _ *lambdaapi.GetFunctionRequest) (*lambdaapi.GetFunctionResponse, error) {
	r, v, err := s.found(c)
	if err != nil {
		return nil, err
	}
	out := &lambdaapi.GetFunctionResponse{Configuration: v.show(r), Code: &lambdaapi.FunctionCodeLocation{RepositoryType: ptr("S3")}}
	if err := s.reveal(ctx, c, r, v, out.Configuration); err != nil {
		return nil, err
	}
	if v.Image != nil {
		out.Code = v.Image.location()
	} else if s.codeURL != nil {
		out.Code.Location = optional(s.codeURL(r.account, r.region, v.Code.Digest))
	}
	f := s.functions.Get(r.key())
	if f == nil {
		return out, nil
	}
	if f.Reserved != nil {
		out.Concurrency = &lambdaapi.Concurrency{ReservedConcurrentExecutions: f.Reserved}
	}
	// AWS leaves the tags out, silently, when the caller may not list them
	// (Lambda guide, July 2024). Without tags there is nothing to ask about.
	if len(f.Tags) > 0 && c.Allowed(ctx, s.mayListTags()) {
		out.Tags = f.Tags
	}
	return out, nil
}

func (s *Service) getFunctionConfiguration(ctx context.Context, c *op.Call, _ *lambdaapi.GetFunctionConfigurationRequest) (*lambdaapi.FunctionConfiguration, error) {
	r, v, err := s.found(c)
	if err != nil {
		return nil, err
	}
	out := v.show(r)
	return out, s.reveal(ctx, c, r, v, out)
}

// listFunctions lists the caller's functions in the region; with
// FunctionVersion=ALL every function is followed by its versions.
func (s *Service) listFunctions(ctx context.Context, c *op.Call, in *lambdaapi.ListFunctionsRequest) (*lambdaapi.ListFunctionsResponse, error) {
	p, err := newPage(functionPage, in.Marker, in.MaxItems, limits.LambdaPage)
	if err != nil {
		return nil, err
	}
	out := &lambdaapi.ListFunctionsResponse{Functions: []lambdaapi.FunctionConfiguration{}}
	place := ref{account: c.Account, region: c.Region}.place()
	name, version, _ := strings.Cut(p.start, "\x00")
	all := in.GetFunctionVersion() == "ALL"
	if all && name != "" {
		// The page before ended at this function, or inside its versions.
		r := keyRef(place + name)
		if !s.listInto(ctx, c, p, out, r, version) {
			out.NextMarker = p.next()
			return out, nil
		}
	}
	start := ""
	if name != "" {
		start = place + name
	}
	for key, f := range s.functions.All(place, start) {
		r := keyRef(key)
		if !p.take(r.name) {
			break
		}
		if !all {
			out.Functions = append(out.Functions, s.listed(ctx, c, r, &f.Latest))
			continue
		}
		out.Functions = append(out.Functions, s.listed(ctx, c, r.with(latest), &f.Latest))
		if !s.listInto(ctx, c, p, out, r, "") {
			break
		}
	}
	out.NextMarker = p.next()
	return out, nil
}

// listInto adds a function's versions behind the given number, and says
// whether all found room.
func (s *Service) listInto(ctx context.Context, c *op.Call, p *page, out *lambdaapi.ListFunctionsResponse, r ref, after string) bool {
	start := ""
	if after != "" {
		start = r.prefix() + after
	}
	for key, v := range s.versions.All(r.prefix(), start) {
		if !p.take(r.name + "\x00" + key[len(r.prefix()):]) {
			return false
		}
		out.Functions = append(out.Functions, s.listed(ctx, c, r.with(v.Version), v))
	}
	return true
}

func (s *Service) listVersionsByFunction(ctx context.Context, c *op.Call, in *lambdaapi.ListVersionsByFunctionRequest) (*lambdaapi.ListVersionsByFunctionResponse, error) {
	r, err := target(c)
	if err != nil {
		return nil, err
	}
	f := s.functions.Get(r.key())
	if f == nil {
		return nil, noFunction(r.unqualified())
	}
	p, err := newPage(versionPage, in.Marker, in.MaxItems, limits.LambdaPage)
	if err != nil {
		return nil, err
	}
	out := &lambdaapi.ListVersionsByFunctionResponse{Versions: []lambdaapi.FunctionConfiguration{}}
	if p.start == "" && p.take(latest) {
		out.Versions = append(out.Versions, s.listed(ctx, c, r.with(latest), &f.Latest))
	}
	start := ""
	if p.start != "" && p.start != latest {
		start = r.prefix() + p.start
	}
	for key, v := range s.versions.All(r.prefix(), start) {
		if !p.take(key[len(r.prefix()):]) {
			break
		}
		out.Versions = append(out.Versions, s.listed(ctx, c, r.with(v.Version), v))
	}
	out.NextMarker = p.next()
	return out, nil
}

// listed is a version as lists show it.
func (s *Service) listed(ctx context.Context, c *op.Call, r ref, v *config) lambdaapi.FunctionConfiguration {
	out := v.list(r)
	if err := s.reveal(ctx, c, r, v, out); err != nil {
		s.log.ErrorContext(ctx, "the variables of a function cannot be read", "function", r.arn(), "error", err)
	}
	return *out
}
