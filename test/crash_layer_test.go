package test

import (
	"archive/zip"
	"bytes"
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// writeLayer publishes a layer of its own, with a zip of its own.
func writeLayer(ctx context.Context, c *clients, ack *acknowledged, name string) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create(name)
	if err == nil {
		_, err = f.Write([]byte(name))
	}
	if err != nil || z.Close() != nil {
		return
	}
	out, err := c.lambda.PublishLayerVersion(ctx, &lambda.PublishLayerVersionInput{LayerName: &name, Content: &lambdatypes.LayerVersionContentInput{ZipFile: b.Bytes()}})
	if err == nil {
		ack.note(ack.layers, *out.LayerVersionArn)
	}
}

// findLayers gives a function every layer that was acknowledged: that takes its zip.
func findLayers(t *testing.T, c *clients, ack *acknowledged) {
	t.Helper()
	ctx := context.Background()
	for some := range slices.Chunk(slices.Sorted(maps.Keys(ack.layers)), 5) {
		if err := lambda.NewFunctionUpdatedV2Waiter(c.lambda, func(o *lambda.FunctionUpdatedV2WaiterOptions) {
			o.MinDelay, o.MaxDelay = 10*time.Millisecond, 50*time.Millisecond
		}).Wait(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("slow")}, 20*time.Second); err != nil {
			t.Fatal(err)
		}
		if _, err := c.lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("slow"), Layers: some}); err != nil {
			t.Errorf("a layer of %q is lost: %v", some, err)
		}
	}
}
