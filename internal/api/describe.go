package api

import (
	"fmt"
	"reflect"
)

// Describe completes the description of a service that generated code begins:
// every operation learns its service.
func Describe(s *Service) *Service {
	for _, o := range s.Operations {
		o.Service = s
	}
	return s
}

// Typed gives an operation of s its Go types. It panics when s has no such
// operation or when the types are not those of its description: the generator
// writes both, so that would be a bug of the generator.
func Typed[In, Out any](s *Service, name string) Op[In, Out] {
	for _, o := range s.Operations {
		if o.Name != name {
			continue
		}
		if o.Input != reflect.TypeFor[In]() || o.Output != reflect.TypeFor[Out]() {
			panic(fmt.Sprintf("api: %s.%s has the types %v and %v", s.ID, name, o.Input, o.Output))
		}
		return Op[In, Out]{o}
	}
	panic(fmt.Sprintf("api: %s has no operation %s", s.ID, name))
}

// Describes makes the description of one operation but for its service.
func Describes[In, Out any](name, method, path string, status int, wrapper string) *Operation {
	return &Operation{
		Name: name, Method: method, Path: path, Status: status, ResultWrapper: wrapper,
		Input: reflect.TypeFor[In](), Output: reflect.TypeFor[Out](), NewInput: func() any { return new(In) },
	}
}

// WithHeader completes the description of an operation that a header tells from
// others on the same path.
func (o *Operation) WithHeader(name string) *Operation {
	o.Header = name
	return o
}
