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
		var arns []string
		switch in := c.Input.(type) {
		case *lambdaapi.CreateFunctionRequest:
			arns = in.Layers
		case *lambdaapi.UpdateFunctionConfigurationRequest:
			arns = in.Layers
		}
		setList(keys, key, arns)
	}
}

// network is where in a VPC a request wants the function. No function is in
// one here, so an update that says nothing adds nothing, and the key of the
// VPC itself, which Lambda derives from subnets that exist, is never there.
func network(subnets, groups string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		var vpc *lambdaapi.VpcConfig
		switch in := c.Input.(type) {
		case *lambdaapi.CreateFunctionRequest:
			vpc = in.VpcConfig
		case *lambdaapi.UpdateFunctionConfigurationRequest:
			vpc = in.VpcConfig
		}
		if vpc != nil {
			setList(keys, subnets, vpc.SubnetIds)
			setList(keys, groups, vpc.SecurityGroupIds)
		}
	}
}

func codeSigning(key string) op.Adder {
	return func(_ context.Context, c *op.Call, keys *policy.Context) {
		if in, ok := c.Input.(*lambdaapi.CreateFunctionRequest); ok {
			setKey(keys, key, in.GetCodeSigningConfigArn())
		}
	}
}

func setList(keys *policy.Context, key string, values []string) {
	if len(values) > 0 {
		keys.SetList(key, values)
	}
}
