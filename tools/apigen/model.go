package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// model is an API in the form of botocore's service-2.json, without prose.
type model struct {
	Source     *source              `json:"source,omitempty"`
	Metadata   metadata             `json:"metadata"`
	Operations map[string]operation `json:"operations"`
	Unbound    []unbound            `json:"unbound,omitempty"`
	Shapes     map[string]*shape    `json:"shapes"`
}

// source says where a pruned model comes from.
type source struct {
	Project string `json:"project"`
	Licence string `json:"licence"`
	Path    string `json:"path"`
	SHA256  string `json:"sha256"`
}

type metadata struct {
	APIVersion   string `json:"apiVersion"`
	JSONVersion  string `json:"jsonVersion,omitempty"`
	Protocol     string `json:"protocol"`
	ServiceID    string `json:"serviceId"`
	SigningName  string `json:"signingName,omitempty"`
	Endpoint     string `json:"endpointPrefix"`
	TargetPrefix string `json:"targetPrefix,omitempty"`
	Namespace    string `json:"xmlNamespace,omitempty"`
}

type operation struct {
	HTTP   binding     `json:"http"`
	Input  *reference  `json:"input,omitempty"`
	Output *reference  `json:"output,omitempty"`
	Errors []reference `json:"errors,omitempty"`
}

type binding struct {
	Method string `json:"method"`
	URI    string `json:"requestUri"`
	Status int    `json:"responseCode,omitempty"`
}

type unbound struct {
	Name   string `json:"name"`
	Method string `json:"method"`
	URI    string `json:"requestUri"`
}

// reference is a use of a shape, as a member or as an input or output.
type reference struct {
	Shape           string `json:"shape"`
	Location        string `json:"location,omitempty"`
	LocationName    string `json:"locationName,omitempty"`
	QueryName       string `json:"queryName,omitempty"`
	ResultWrapper   string `json:"resultWrapper,omitempty"`
	TimestampFormat string `json:"timestampFormat,omitempty"`
	Token           bool   `json:"idempotencyToken,omitempty"`
	Flattened       bool   `json:"flattened,omitempty"`
	Streaming       bool   `json:"streaming,omitempty"`
	XMLAttribute    bool   `json:"xmlAttribute,omitempty"`
}

type shape struct {
	Type            string               `json:"type"`
	Members         map[string]reference `json:"members,omitempty"`
	Required        []string             `json:"required,omitempty"`
	Payload         string               `json:"payload,omitempty"`
	Member          *reference           `json:"member,omitempty"`
	Key             *reference           `json:"key,omitempty"`
	Value           *reference           `json:"value,omitempty"`
	Min             *float64             `json:"min,omitempty"`
	Max             *float64             `json:"max,omitempty"`
	Pattern         string               `json:"pattern,omitempty"`
	Enum            []string             `json:"enum,omitempty"`
	Flattened       bool                 `json:"flattened,omitempty"`
	Streaming       bool                 `json:"streaming,omitempty"`
	EventStream     bool                 `json:"eventstream,omitempty"`
	TimestampFormat string               `json:"timestampFormat,omitempty"`
	Sensitive       bool                 `json:"sensitive,omitempty"`
	Exception       bool                 `json:"exception,omitempty"`
	Fault           bool                 `json:"fault,omitempty"`
	Error           *wireError           `json:"error,omitempty"`
}

type wireError struct {
	Code   string `json:"code,omitempty"`
	Status int    `json:"httpStatusCode,omitempty"`
	Sender bool   `json:"senderFault,omitempty"`
}

// load reads a pruned model.
func load(path string) (*model, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m := new(model)
	if err := json.Unmarshal(raw, m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// fetch reads an upstream model below botocore's data folder and prunes it.
func fetch(data string, t target) (*model, error) {
	name := filepath.Join(filepath.FromSlash(t.upstream), "service-2.json")
	raw, err := os.ReadFile(filepath.Join(data, name))
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = unzipped(filepath.Join(data, name+".gz"))
	}
	if err != nil {
		return nil, err
	}
	m := new(model)
	if err := json.Unmarshal(raw, m); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	sum := sha256.Sum256(raw)
	m.Source = &source{"botocore", "Apache-2.0", filepath.ToSlash(name), hex.EncodeToString(sum[:])}
	return m, m.prune(t.bind)
}

func unzipped(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// prune keeps the operations to bind and the shapes they reach, and lists the
// names of the others.
func (m *model) prune(bind []string) error {
	for name, o := range m.Operations {
		if !slices.Contains(bind, name) {
			m.Unbound = append(m.Unbound, unbound{name, o.HTTP.Method, o.HTTP.URI})
			delete(m.Operations, name)
		}
	}
	slices.SortFunc(m.Unbound, func(a, b unbound) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	for _, name := range bind {
		if _, ok := m.Operations[name]; !ok {
			return fmt.Errorf("the model has no operation %s", name)
		}
	}
	kept := map[string]*shape{}
	for _, o := range m.Operations {
		m.keep(kept, o.Input)
		m.keep(kept, o.Output)
		for i := range o.Errors {
			m.keep(kept, &o.Errors[i])
		}
	}
	m.Shapes = kept
	return nil
}

func (m *model) keep(kept map[string]*shape, r *reference) {
	if r == nil || kept[r.Shape] != nil {
		return
	}
	s := m.Shapes[r.Shape]
	kept[r.Shape] = s
	if s.EventStream {
		s.Members = nil // events are written by hand
	}
	for _, member := range s.Members {
		m.keep(kept, &member)
	}
	m.keep(kept, s.Member)
	m.keep(kept, s.Key)
	m.keep(kept, s.Value)
}

// save writes a pruned model.
func (m *model) save(path string) error {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(m); err != nil {
		return err
	}
	return os.WriteFile(path, buf.Bytes(), 0o644)
}
