package managedpolicy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/policy"
)

// TestEmbeddedFileIsTheRecordedOne: models/managed-policies.json says what is
// embedded and where it comes from.
func TestEmbeddedFileIsTheRecordedOne(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "models", "managed-policies.json"))
	if err != nil {
		t.Fatal(err)
	}
	var record struct {
		Source   struct{ Licence, Release, SHA256 string }
		Policies int
		File     string
		SHA256   string
	}
	if err := json.Unmarshal(raw, &record); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(embedded))
	if got := hex.EncodeToString(sum[:]); got != record.SHA256 {
		t.Errorf("the file has digest %s, the record says %s: write both with tools/managedpolicies", got, record.SHA256)
	}
	if n := len(New().All()); n != record.Policies || n < 1_485 {
		t.Errorf("%d policies, the record says %d", n, record.Policies)
	}
	if record.File != "internal/managedpolicy/policies.bin" || record.Source.Licence == "" || record.Source.Release == "" || len(record.Source.SHA256) != 64 {
		t.Errorf("the record is incomplete: %+v", record)
	}
}

func TestEveryPolicyIsWhole(t *testing.T) {
	l := New()
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	all := l.All()
	if !slices.IsSortedFunc(all, func(a, b Policy) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("policies are not sorted by name")
	}
	ids := map[string]string{}
	for i := range all {
		p := &all[i]
		text, err := l.Document(p)
		if err != nil {
			t.Fatal(err)
		}
		d, err := policy.Parse([]byte(text))
		if err != nil || d.Version != policy.Version2012 && d.Version != policy.Version2008 {
			t.Errorf("%s: version %q, %v", p.Name, d.Version, err)
		}
		if string(d.JSON()) != text {
			t.Errorf("%s is not printed as AWS orders it", p.Name)
		}
		if l.Find(p.ARN()) != p {
			t.Errorf("%s is not found by its ARN", p.ARN())
		}
		if !strings.HasPrefix(p.Path, "/") || !strings.HasSuffix(p.Path, "/") || p.Version[0] != 'v' || p.Created().Year() < 2014 || p.Updated().Before(p.Created()) {
			t.Errorf("%+v", p)
		}
		if other := ids[p.ID()]; other != "" || len(p.ID()) != 21 {
			t.Errorf("%s has id %s, as %q has", p.Name, p.ID(), other)
		}
		ids[p.ID()] = p.Name
	}
}

// TestKnownPolicies compares some with what AWS documents.
func TestKnownPolicies(t *testing.T) {
	l := New()
	for arn, want := range map[string]struct{ version, document string }{
		"arn:aws:iam::aws:policy/AdministratorAccess":                         {"v1", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`},
		"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole":    {"v1", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`},
		"arn:aws:iam::aws:policy/service-role/AWSLambdaRole":                  {"v1", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["lambda:InvokeFunction"],"Resource":["*"]}]}`},
		"arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole": {"v1", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes","logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`},
	} {
		p := l.Find(arn)
		if p == nil {
			t.Errorf("%s is missing", arn)
			continue
		}
		if text, err := l.Document(p); err != nil || text != want.document || p.Version != want.version {
			t.Errorf("%s %s: %s, %v", arn, p.Version, text, err)
		}
	}
	if p := l.Find("arn:aws:iam::aws:policy/AdministratorAccess"); p != nil {
		if got := p.Created(); !got.Equal(time.Date(2015, 2, 6, 18, 39, 46, 0, time.UTC)) {
			t.Errorf("AdministratorAccess was made %v", got)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	l := New()
	for _, arn := range []string{
		"", "arn:aws:iam::aws:policy", "arn:aws:iam::aws:policy/", "arn:aws:iam::aws:policy/None", "arn:aws:iam::aws:policy/administratoraccess",
		"arn:aws:iam::aws:policy/service-role/AdministratorAccess", "arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole",
		"arn:aws:iam::111111111111:policy/AdministratorAccess", "arn:aws-cn:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policyAdministratorAccess",
	} {
		if p := l.Find(arn); p != nil {
			t.Errorf("%q finds %s", arn, p.Name)
		}
	}
}

// TestNothingIsDecodedBeforeItIsAskedFor: servers that use none of the policies
// pay nothing for them.
func TestNothingIsDecodedBeforeItIsAskedFor(t *testing.T) {
	l := New()
	if l.Find("arn:aws:iam::111111111111:policy/p") != nil || l.index != nil {
		t.Error("the names were decoded for a policy that cannot be AWS's")
	}
	before := allocated()
	if l.Find("arn:aws:iam::aws:policy/ReadOnlyAccess") == nil {
		t.Fatal("ReadOnlyAccess is missing")
	}
	if grown := allocated() - before; grown > 1<<20 {
		t.Errorf("the names take %d KiB", grown>>10)
	}
	runtime.KeepAlive(l)
}

func allocated() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func TestLibraryIsSharedSafely(t *testing.T) {
	l := New()
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			p := l.Find("arn:aws:iam::aws:policy/ReadOnlyAccess")
			if p == nil {
				t.Error("ReadOnlyAccess is missing")
				return
			}
			if text, err := l.Document(p); err != nil || len(text) < 10_000 {
				t.Errorf("%d characters, %v", len(text), err)
			}
		})
	}
	readers.Wait()
}

func TestWriteAndRead(t *testing.T) {
	when := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var all []Source
	for i := range 300 {
		all = append(all, Source{Name: fmt.Sprintf("P%03d", 299-i), Path: "/p/", Version: "v3", Created: when, Updated: when.Add(time.Hour), Document: strings.Repeat("x", i*7)})
	}
	file, err := Write(all)
	if err != nil {
		t.Fatal(err)
	}
	x, err := readIndex(string(file))
	if err != nil {
		t.Fatal(err)
	}
	if len(x.policies) != 300 || len(x.blocks) < 2 {
		t.Fatalf("%d policies in %d blocks", len(x.policies), len(x.blocks))
	}
	l := &Library{}
	l.once.Do(func() { l.index = x })
	for _, s := range all {
		p := l.Find(Prefix + s.Path + s.Name)
		if p == nil {
			t.Fatalf("%s is missing", s.Name)
		}
		if text, err := l.Document(p); err != nil || text != s.Document || p.Version != "v3" || !p.Created().Equal(when) || !p.Updated().Equal(when.Add(time.Hour)) {
			t.Errorf("%s: %d characters, %v", s.Name, len(text), err)
		}
	}
	if _, err := Write(append(all, all[0])); err == nil {
		t.Error("two policies of one name were written")
	}
}

func TestBrokenFiles(t *testing.T) {
	file, err := Write([]Source{{Name: "P", Path: "/", Version: "v1", Document: "{}"}})
	if err != nil {
		t.Fatal(err)
	}
	whole := string(file)
	for name, broken := range map[string]string{
		"empty": "", "another format": "something else\n" + whole, "no index": format, "cut off": whole[:len(whole)-1],
		"an endless length": format + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		if _, err := readIndex(broken); err == nil {
			t.Errorf("%s: was read", name)
		}
	}
	for _, line := range []string{"", "P\t/\tv1\t1\t1\t0\t0", "P\t/\tv1\tx\t1\t0\t0\t2"} {
		if _, err := readLine(line); err == nil {
			t.Errorf("line %q was read", line)
		}
	}
	l := &Library{}
	l.once.Do(func() { l.index = &index{blocks: []string{"nonsense"}} })
	for _, p := range []Policy{{block: 1}, {block: -1}, {block: 0}} {
		if _, err := l.Document(&p); err == nil {
			t.Errorf("block %d was read", p.block)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		if New().Find("arn:aws:iam::aws:policy/ReadOnlyAccess") == nil {
			b.Fatal("missing")
		}
	}
}

func BenchmarkDocument(b *testing.B) {
	l := New()
	p := l.Find("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
	for b.Loop() {
		if _, err := l.Document(p); err != nil {
			b.Fatal(err)
		}
	}
}
