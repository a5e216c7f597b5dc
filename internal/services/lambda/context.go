package lambda

import (
	"context"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/op"
	"github.com/sallyport/sallyport/policy"
)

// layers are the layer versions a request asks for.
func layers(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		setList(keys, key, layersOf(c.Input))
	}
}

func codeSigning(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		switch in := c.Input.(type) {
		case *lambdaapi.CreateFunctionRequest:
			setKey(keys, key, in.GetCodeSigningConfigArn())
		case *lambdaapi.PutFunctionCodeSigningConfigRequest:
			setKey(keys, key, in.GetCodeSigningConfigArn())
		}
	}
}

func setList(keys *policy.Context, key string, values []string) {
	if len(values) > 0 {
		keys.SetList(key, values)
	}
}
