package lambda

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/api"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/clock"
)

// TestZipsInUseAreKeptAndOthersAreNot does at random what makes and unmakes uses of
// zips, which functions and layers share, and looks after each step.
func TestZipsInUseAreKeptAndOthersAreNot(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			z := &zipWorld{
				world: openWorld(t, t.TempDir(), clock.NewManual(time.Now()), newPeople()), rand: rand.New(rand.NewPCG(seed, 7)),
				layers: map[string]string{}, live: map[string]bool{}, functions: map[string]bool{},
			}
			z.role("r", trustLambda)
			for step := range 120 {
				did := z.step()
				if step%30 == 29 {
					z.world = z.reopen()
					did = "restart"
				}
				if want, got := z.wanted(), z.kept(); !slices.Equal(want, got) {
					t.Fatalf("step %d, %s: %d zips are kept, %d are used\ngot  %q\nwant %q", step, did, len(got), len(want), got, want)
				}
			}
		})
	}
}

// zipWorld knows which zip every layer version has that there ever was.
type zipWorld struct {
	*world
	rand *rand.Rand
	// layers are the digests by ARN; live are those that are not deleted.
	layers    map[string]string
	live      map[string]bool
	functions map[string]bool
}

// zip is one of few, the same for functions and layers.
func (z *zipWorld) zip() []byte {
	return zipOfFiles(z, "main.py="+echo, fmt.Sprint("n=", z.rand.IntN(5)))
}

func (z *zipWorld) any(of map[string]bool) string {
	all := slices.Sorted(maps.Keys(of))
	return all[z.rand.IntN(len(all))]
}

// someLayers are live ones of different layers.
func (z *zipWorld) someLayers() []string {
	some := []string{}
	named := map[layerRef]bool{}
	for _, arn := range slices.Sorted(maps.Keys(z.live)) {
		l, _ := parseLayer(arn)
		if z.rand.IntN(2) == 0 && !named[l.with(0)] && len(some) < 5 {
			named[l.with(0)] = true
			some = append(some, arn)
		}
	}
	return some
}

func (z *zipWorld) step() string {
	what := z.rand.IntN(9)
	if what >= 3 && len(z.functions) == 0 {
		what = 2
	}
	name := fmt.Sprint("f", z.rand.IntN(3))
	if what >= 3 {
		name = z.any(z.functions)
	}
	switch {
	case what == 0 || what == 1 && len(z.live) == 0:
		out := must(z.world, lambdaapi.PublishLayerVersion, &lambdaapi.PublishLayerVersionRequest{
			LayerName: ptr(fmt.Sprint("l", z.rand.IntN(3))), Content: &lambdaapi.LayerVersionContentInput{ZipFile: z.zip()},
		})
		z.layers[out.GetLayerVersionArn()], z.live[out.GetLayerVersionArn()] = digestOf(z, out.Content.GetCodeSha256()), true
		return "publish a layer"
	case what == 1:
		arn := z.any(z.live)
		l, _ := parseLayer(arn)
		z.unlayer(l.name, l.version)
		delete(z.live, arn)
		return "delete a layer version"
	case what == 2 && !z.functions[name]:
		in := newRequest(z, name, "arn:aws:iam::"+here+":role/r", echo)
		in.Code.ZipFile, in.Layers, in.Publish = z.zip(), z.someLayers(), ptr(z.rand.IntN(2) == 0)
		must(z.world, lambdaapi.CreateFunction, in)
		z.functions[name] = true
	case what <= 4:
		must(z.world, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: &name, Layers: z.someLayers()})
	case what == 5:
		must(z.world, lambdaapi.UpdateFunctionCode, &lambdaapi.UpdateFunctionCodeRequest{FunctionName: &name, ZipFile: z.zip()})
	case what == 6:
		must(z.world, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: &name})
	case what == 7:
		must(z.world, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: &name})
		delete(z.functions, name)
		return "delete a function"
	default:
		must(z.world, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: &name, Qualifier: ptr(strconv.Itoa(1 + z.rand.IntN(3)))})
	}
	z.settled(name)
	return fmt.Sprint("change ", what, " of ", name)
}

func digestOf(t testing.TB, sum string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(sum)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(raw)
}

// wanted are the zips that somebody has, by what the API says.
func (z *zipWorld) wanted() []string {
	used := map[string]bool{}
	for arn := range z.live {
		used[z.layers[arn]] = true
	}
	for _, v := range must(z.world, lambdaapi.ListFunctions, &lambdaapi.ListFunctionsRequest{FunctionVersion: ptr("ALL")}).Functions {
		used[digestOf(z, v.GetCodeSha256())] = true
		for _, l := range v.Layers {
			used[z.layers[l.GetArn()]] = true
		}
	}
	return slices.Sorted(maps.Keys(used))
}

func (z *zipWorld) kept() []string {
	z.Helper()
	all, err := z.store.Blobs().List(context.Background())
	if err != nil {
		z.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// TestALayerThatIsDeletedMeanwhile: a function that was acknowledged has its layer,
// whoever deletes it at that moment; one that is refused is told in AWS's words.
func TestALayerThatIsDeletedMeanwhile(t *testing.T) {
	w := newWorld(t)
	role := w.role("r", trustLambda)
	var all sync.WaitGroup
	var made sync.Map
	for i := range 16 {
		name := fmt.Sprint("f", i)
		layer := w.layer(name, "python/m.py="+name)
		all.Go(func() { w.unlayer(name, 1) })
		all.Go(func() {
			in := newRequest(t, name, role, echo)
			in.Layers = []string{layer}
			_, err := call(w, root, lambdaapi.CreateFunction, in)
			var refused *api.Error
			switch {
			case err == nil:
				made.Store(name, true)
			case !errors.As(err, &refused) || refused.Message != "Layer version "+layer+" does not exist.":
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	all.Wait()
	n := 0
	for name := range made.Range {
		n++
		v := w.lambda.functions.Get(ref{account: here, region: region, name: name.(string)}.key()).Latest
		_, layers, release, err := w.lambda.folders(context.Background(), &v)
		if err != nil || layers == "" {
			t.Errorf("%s has lost its layer: %v", name, err)
			continue
		}
		release()
	}
	t.Logf("%d of 16 functions were made in time", n)
}
