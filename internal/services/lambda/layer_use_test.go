package lambda

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/caller"
	"github.com/sallyport/sallyport/internal/clock"
)

// layered makes a function with layers, as root.
func (w *world) layered(name, source string, layers ...string) {
	w.Helper()
	in := newRequest(w, name, w.role(name+"-role", trustLambda), source)
	in.Layers = layers
	must(w, lambdaapi.CreateFunction, in)
	w.settled(name)
}

// setLayers is an update of a function's layers.
func (w *world) setLayers(as caller.Caller, name string, layers ...string) error {
	w.Helper()
	_, err := call(w, as, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: &name, Layers: layers})
	return err
}

func (w *world) answers(name, want string) {
	w.Helper()
	out, err := w.invoke(root, name, `{}`)
	if err != nil || string(out.Payload) != want {
		w.Errorf("%s: %+v, %v; want %s", name, out, err, want)
	}
}

func (w *world) layersOf(name string) string {
	w.Helper()
	var all []string
	for _, l := range must(w, lambdaapi.GetFunctionConfiguration, &lambdaapi.GetFunctionConfigurationRequest{FunctionName: &name}).Layers {
		if l.GetCodeSize() == 0 {
			w.Errorf("%s has no size", l.GetArn())
		}
		all = append(all, strings.TrimPrefix(l.GetArn(), "arn:aws:lambda:us-east-1:"))
	}
	return strings.Join(all, " ")
}

// TestWhoGivesALayerIsAskedForIt: not the role, and before anything tells whether
// the layer is there.
func TestWhoGivesALayerIsAskedForIt(t *testing.T) {
	w := newWorld(t)
	w.layer("l", "python/m.py=1")
	role := w.role("r", trustLambda, may("lambda:GetLayerVersion", "*"))
	others := []string{may("lambda:CreateFunction", "*"), may("lambda:UpdateFunctionConfiguration", "*"), may("iam:PassRole", "*")}
	u := w.user(here, "u", others...)
	attempts := map[string]func(layer string) error{
		"create": func(layer string) error {
			in := newRequest(t, "f", role, echo)
			in.Layers = []string{layer}
			_, err := call(w, u, lambdaapi.CreateFunction, in)
			return err
		},
		"update": func(layer string) error { return w.setLayers(u, "g", layer) },
	}
	w.function("g", echo)
	for name, attempt := range attempts {
		for _, layer := range []string{layerARN("l", 1), layerARN("absent", 1)} {
			w.iam.grant(u.ARN(), others...)
			refused(t, attempt(layer), 403, "AccessDeniedException", "User: "+u.ARN()+" is not authorized to perform: lambda:GetLayerVersion on resource: "+layer+
				" because no identity-based policy allows the lambda:GetLayerVersion action")
		}
		w.iam.grant(u.ARN(), append(slices.Clone(others), may("lambda:GetLayerVersion", "arn:aws:lambda:us-east-1:"+here+":layer:*"))...)
		refused(t, attempt(layerARN("absent", 1)), 400, "InvalidParameterValueException", "Layer version "+layerARN("absent", 1)+" does not exist.")
		if err := attempt(layerARN("l", 1)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What says nothing of layers needs no right to them.
	w.settled("g")
	w.iam.grant(u.ARN(), others...)
	if _, err := call(w, u, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("g"), Timeout: ptr(int32(9))}); err != nil {
		t.Error(err)
	}
	if got := w.layersOf("g"); got != here+":layer:l:1" {
		t.Errorf("the function has %s", got)
	}
}

// TestLayersThatAFunctionCannotHave are the recorded answers
// (facts/execution-role.md section 4).
func TestLayersThatAFunctionCannotHave(t *testing.T) {
	w := newWorld(t)
	w.function("f", echo)
	for i := range 6 {
		w.layer(fmt.Sprint("l", i), "a=1")
	}
	w.layer("l1", "a=2")
	six := []string{layerARN("l0", 1), layerARN("l1", 1), layerARN("l2", 1), layerARN("l3", 1), layerARN("l4", 1), layerARN("l5", 1)}
	const two = "Two different versions of the same layer are not allowed to be referenced in the same function. %s and %s are versions of the same layer."
	notHere := strings.Replace(layerARN("l1", 1), region, "eu-west-1", 1)
	theirs := strings.Replace(layerARN("l1", 1), here, there, 1)
	for name, c := range map[string]struct {
		layers []string
		status int
		code   string
		text   string
	}{
		"no layer":               {[]string{layerARN("absent", 1)}, 400, "", "Layer version " + layerARN("absent", 1) + " does not exist."},
		"no version":             {[]string{layerARN("l1", 1), layerARN("l1", 9)}, 400, "", "Layer version " + layerARN("l1", 9) + " does not exist."},
		"an odd form":            {[]string{layerARN("l1", 1) + "0x"}, 400, "", "Layer version " + layerARN("l1", 1) + "0x does not exist."},
		"another region":         {[]string{notHere}, 400, "", "Layers are not in the same region as the function. Layers are expected to be in region us-east-1."},
		"two versions":           {[]string{layerARN("l1", 1), layerARN("l1", 2)}, 400, "", fmt.Sprintf(two, layerARN("l1", 1), layerARN("l1", 2))},
		"one version twice":      {[]string{layerARN("l1", 2), layerARN("l2", 1), layerARN("l1", 2)}, 400, "", fmt.Sprintf(two, layerARN("l1", 2), layerARN("l1", 2))},
		"six":                    {six, 400, "", "Cannot reference more than 5 layers."},
		"of another account":     {[]string{theirs}, 403, "AccessDeniedException", "User: arn:aws:iam::" + here + ":root is not authorized to perform: lambda:GetLayerVersion on resource: " + theirs + " because no resource-based policy allows the lambda:GetLayerVersion action"},
		"of another partition":   {[]string{strings.Replace(layerARN("l1", 1), "arn:aws", "arn:aws-cn", 1)}, 400, "", "Layer version " + strings.Replace(layerARN("l1", 1), "arn:aws", "arn:aws-cn", 1) + " does not exist."},
		"a number in other form": {[]string{strings.TrimSuffix(layerARN("l1", 1), "1") + "01"}, 400, "", "Layer version " + strings.TrimSuffix(layerARN("l1", 1), "1") + "01 does not exist."},
	} {
		if c.code == "" {
			c.code = "InvalidParameterValueException"
		}
		t.Run(name, func(t *testing.T) {
			refused(t, w.setLayers(root, "f", c.layers...), c.status, c.code, c.text)
		})
	}
	if err := w.setLayers(root, "f", six[:5]...); err != nil {
		t.Errorf("five: %v", err)
	}
}

func TestTheLayersOfAFunctionAreReplacedAndCleared(t *testing.T) {
	w := newWorld(t)
	a, b := w.layer("a", "python/a.py=1"), w.layer("b", "python/b.py=1")
	w.layered("f", echo, a, b)
	shows := func(want string) {
		t.Helper()
		w.settled("f")
		if got := w.layersOf("f"); got != want {
			t.Errorf("the function has %q, want %q", got, want)
		}
	}
	shows(here + ":layer:a:1 " + here + ":layer:b:1")
	must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: ptr("f")})
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Layers: []string{b}})
	shows(here + ":layer:b:1")
	must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: ptr("f")})
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Description: ptr("other")})
	shows(here + ":layer:b:1")
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Layers: []string{}})
	shows("")
	all := must(w, lambdaapi.ListVersionsByFunction, &lambdaapi.ListVersionsByFunctionRequest{FunctionName: ptr("f")}).Versions
	if len(all) != 3 || len(all[0].Layers) != 0 || len(all[1].Layers) != 2 || len(all[2].Layers) != 1 {
		t.Errorf("%+v", all)
	}
}

// TestLayersOnTheWire: an empty list clears them, and no list leaves them.
func TestLayersOnTheWire(t *testing.T) {
	w := newWorld(t)
	l := w.layer("l", "python/a.py=1")
	c, ctx := w.sdk(root), context.Background()
	w.function("f", echo)
	for _, step := range []struct {
		layers []string
		want   int
	}{{[]string{l}, 1}, {nil, 1}, {[]string{}, 0}, {nil, 0}} {
		out, err := c.UpdateFunctionConfiguration(ctx, &sdk.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Layers: step.layers})
		if err != nil || len(out.Layers) != step.want {
			t.Errorf("%q: %+v, %v", step.layers, out, err)
		}
		w.settled("f")
	}
	usage, err := c.GetAccountSettings(ctx, &sdk.GetAccountSettingsInput{})
	size := must(w, lambdaapi.GetLayerVersion, &lambdaapi.GetLayerVersionRequest{LayerName: ptr("l"), VersionNumber: ptr(int64(1))}).Content.GetCodeSize()
	if err != nil || usage.AccountUsage.TotalCodeSize != size+int64(len(zipOf(t, echo))) {
		t.Errorf("%+v, %v: a layer of %d bytes counts", usage.AccountUsage, err, size)
	}
}

// TestLayersAreMergedInTheOrderOfTheFunction, and one layer may serve many.
func TestLayersAreMergedInTheOrderOfTheFunction(t *testing.T) {
	w := newWorld(t)
	const source = "import sys\nimport both\ndef handler(event, context):\n    import importlib\n    def has(n):\n        try:\n            return importlib.import_module(n).value\n        except ImportError:\n            return None\n    return [has('first'), has('second'), both.value]\n"
	first := w.layer("first", "python/first.py=value = 1", "python/both.py=value = 'first'")
	second := w.layer("second", "python/second.py=value = 2", "python/both.py=value = 'second'")
	for name, c := range map[string]struct {
		layers []string
		want   string
	}{
		"one":     {[]string{first}, `[1, null, "first"]`},
		"two":     {[]string{first, second}, `[1, 2, "second"]`},
		"reverse": {[]string{second, first}, `[1, 2, "first"]`},
		"again":   {[]string{first, second}, `[1, 2, "second"]`},
	} {
		w.layered(name, source, c.layers...)
		w.answers(name, c.want)
	}
}

// TestAFunctionKeepsItsLayers: a deleted layer version, and a right that was taken
// away, change no function that has it: not when its environments are gone, and not
// after a restart.
func TestAFunctionKeepsItsLayers(t *testing.T) {
	w := openWorld(t, t.TempDir(), clock.NewManual(time.Now()), newPeople())
	const source = "import m\ndef handler(event, context):\n    return m.value\n"
	l := w.layer("l", "python/m.py=value = 'kept'")
	w.lend("l", 1, "s", there)
	w.layered("f", source, l)
	must(w, lambdaapi.PublishVersion, &lambdaapi.PublishVersionRequest{FunctionName: ptr("f")})
	w.answers("f", `"kept"`)
	w.unlayer("l", 1)
	w.answers("f", `"kept"`)
	// New environments.
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Timeout: ptr(int32(8))})
	w.settled("f")
	w.answers("f", `"kept"`)
	w = w.reopen()
	w.answers("f", `"kept"`)
	if got := w.layersOf("f"); got != here+":layer:l:1" {
		t.Errorf("the function shows %q", got)
	}
	// Nobody gets it any more, not even who has it.
	refused(t, w.setLayers(root, "f", l), 400, "InvalidParameterValueException", "Layer version "+l+" does not exist.")
	// With the last version that has it, the zip goes.
	must(w, lambdaapi.UpdateFunctionConfiguration, &lambdaapi.UpdateFunctionConfigurationRequest{FunctionName: ptr("f"), Layers: []string{}})
	w.settled("f")
	if w.blobs() != 2 {
		t.Errorf("%d zips: version 1 has the layer", w.blobs())
	}
	if out, err := w.invoke(root, "f:1", `{}`); err != nil || string(out.Payload) != `"kept"` {
		t.Errorf("%+v, %v", out, err)
	}
	must(w, lambdaapi.DeleteFunction, &lambdaapi.DeleteFunctionRequest{FunctionName: ptr("f"), Qualifier: ptr("1")})
	if w.blobs() != 1 {
		t.Errorf("%d zips are left", w.blobs())
	}
}

// TestCodeAndLayersAreBoundedTogether: 250 MB, unpacked.
func TestCodeAndLayersAreBoundedTogether(t *testing.T) {
	w := newWorld(t)
	zeros := strings.Repeat("\x00", 90<<20)
	a, b := w.layer("a", "a="+zeros), w.layer("b", "b="+zeros)
	size := int64(3*90<<20 + len(echo))
	text := fmt.Sprintf("Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. The actual size is %d bytes.", size)
	big, code := newRequest(t, "big", w.role("r", trustLambda), ""), zipOfFiles(t, "main.py="+echo, "zeros="+zeros)
	big.Code.ZipFile, big.Layers = code, []string{a, b}
	_, err := call(w, root, lambdaapi.CreateFunction, big)
	refused(t, err, 400, "InvalidParameterValueException", text)
	big.Layers = []string{a}
	must(w, lambdaapi.CreateFunction, big)
	w.settled("big")
	refused(t, w.setLayers(root, "big", a, b), 400, "InvalidParameterValueException", text)
	w.layered("small", echo, a, b)
	_, err = call(w, root, lambdaapi.UpdateFunctionCode, &lambdaapi.UpdateFunctionCodeRequest{FunctionName: ptr("small"), ZipFile: code})
	refused(t, err, 400, "InvalidParameterValueException", text)
	if got := w.layersOf("big"); got != here+":layer:a:1" {
		t.Errorf("the function has %q", got)
	}
}
