// Command managedpolicies writes the AWS managed policies that Sallyport
// embeds: internal/managedpolicy/policies.bin, and beside the API models the
// record of where they come from, models/managed-policies.json.
//
//	go run ./tools/managedpolicies -source FILE -release "moto VERSION"
//
// FILE is moto's moto/iam/aws_managed_policies.py (Apache-2.0), a Python file
// that holds one JSON text: the answers of ListPolicies and GetPolicyVersion
// for every policy of the account "aws".
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/managedpolicy"
	"github.com/sallyport/sallyport/policy"
)

// Record says where the embedded file comes from.
type Record struct {
	Source   Upstream `json:"source"`
	Policies int      `json:"policies"`
	File     string   `json:"file"`
	SHA256   string   `json:"sha256"`
}

// Upstream is the file the policies were taken from.
type Upstream struct {
	Project string `json:"project"`
	Licence string `json:"licence"`
	Release string `json:"release"`
	Path    string `json:"path"`
	SHA256  string `json:"sha256"`
}

const target = "internal/managedpolicy/policies.bin"

func main() {
	root := flag.String("root", ".", "the repository")
	source := flag.String("source", "", "moto's moto/iam/aws_managed_policies.py")
	release := flag.String("release", "", "the release the file is from, such as \"5.2.1\"")
	flag.Parse()
	if *source == "" || *release == "" {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*root, *source, *release); err != nil {
		fmt.Fprintln(os.Stderr, "managedpolicies:", err)
		os.Exit(1)
	}
}

func run(root, source, release string) error {
	raw, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	all, err := read(string(raw))
	if err != nil {
		return err
	}
	file, err := managedpolicy.Write(all)
	if err != nil {
		return err
	}
	record := Record{
		Source:   Upstream{"moto", "Apache-2.0", release, "moto/iam/aws_managed_policies.py", digest(raw)},
		Policies: len(all), File: target, SHA256: digest(file),
	}
	text, err := json.MarshalIndent(record, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, "models", "managed-policies.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, filepath.FromSlash(target)), file, 0o644)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// read takes the policies out of the Python file.
func read(python string) ([]managedpolicy.Source, error) {
	const quotes = `"""`
	from, to := strings.Index(python, quotes), strings.LastIndex(python, quotes)
	if from < 0 || from == to {
		return nil, fmt.Errorf("the file holds no triple-quoted string")
	}
	text := python[from+len(quotes) : to]
	if strings.Contains(text, `\`) {
		return nil, fmt.Errorf("the string has escapes, which this program does not read")
	}
	var entries map[string]struct {
		CreateDate, UpdateDate time.Time
		DefaultVersionID       string `json:"DefaultVersionId"`
		Path                   string
		Document               json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &entries); err != nil {
		return nil, err
	}
	var all []managedpolicy.Source
	for name, e := range entries {
		document, err := compact(e.Document)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, managedpolicy.Source{
			Name: name, Path: e.Path, Version: e.DefaultVersionID, Created: e.CreateDate, Updated: e.UpdateDate, Document: document,
		})
	}
	return all, nil
}

// compact prints a document as AWS orders its elements, without white space,
// and makes sure that it still says the same.
func compact(raw []byte) (string, error) {
	d, err := policy.Parse(raw)
	if err != nil {
		return "", err
	}
	text := d.JSON()
	var before, after any
	if err := json.Unmarshal(raw, &before); err != nil {
		return "", err
	}
	if err := json.Unmarshal(text, &after); err != nil {
		return "", err
	}
	if !reflect.DeepEqual(before, after) {
		return "", fmt.Errorf("printing the document changed it:\n%s\n%s", raw, text)
	}
	return string(text), nil
}
