package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	urlAction     = "lambda:InvokeFunctionUrl"
	layerAction   = "lambda:GetLayerVersion"
	partnersLayer = "tools"
)

// urlIsOpened: a public URL asks for two permissions of everybody (AWS Lambda guide,
// "Control access to Lambda function URLs": since October 2025).
func urlIsOpened() []step {
	anybody := func(with, action string, allowed bool) step {
		return step{
			ask: "anybody opens the URL of orders, " + with, action: action, allowed: allowed,
			do: func(ctx context.Context, s *stage) (string, error) { return s.browse(ctx, allowed) },
		}
	}
	return []step{
		anybody("without permission", urlAction, false).after("orders gets a public URL", func(ctx context.Context, s *stage) error {
			out, err := s.people["root"].lambda.CreateFunctionUrlConfig(ctx, &lambda.CreateFunctionUrlConfigInput{
				FunctionName: aws.String(orders), AuthType: lambdatypes.FunctionUrlAuthTypeNone,
			})
			if err == nil {
				s.address = *out.FunctionUrl
			}
			return err
		}),
		anybody("with the first of two permissions", invokeAction, false).after("the function's policy lets everybody open its URL", func(ctx context.Context, s *stage) error {
			_, err := s.people["root"].lambda.AddPermission(ctx, &lambda.AddPermissionInput{
				FunctionName: aws.String(orders), StatementId: aws.String("open"), Action: aws.String(urlAction), Principal: aws.String("*"),
				FunctionUrlAuthType: lambdatypes.FunctionUrlAuthTypeNone,
			})
			return err
		}),
		anybody("with both", invokeAction, true).after("the function's policy lets everybody invoke it too, by way of its URL only", func(ctx context.Context, s *stage) error {
			_, err := s.people["root"].lambda.AddPermission(ctx, &lambda.AddPermissionInput{
				FunctionName: aws.String(orders), StatementId: aws.String("run"), Action: aws.String(invokeAction), Principal: aws.String("*"),
				InvokedViaFunctionUrl: aws.Bool(true),
			})
			return err
		}),
		invoking("mallory", orders, false).after("mallory is a user without any policy, and does not come by way of the URL", func(ctx context.Context, s *stage) error {
			return s.user(ctx, "root", "mallory")
		}),
		anybody("which wants signatures now", urlAction, false).after("the URL is switched to AWS_IAM; the permissions stay", func(ctx context.Context, s *stage) error {
			_, err := s.people["root"].lambda.UpdateFunctionUrlConfig(ctx, &lambda.UpdateFunctionUrlConfigInput{
				FunctionName: aws.String(orders), AuthType: lambdatypes.FunctionUrlAuthTypeAwsIam,
			})
			return err
		}),
	}
}

// browse opens the URL of orders as a browser does, and gives the request. The
// name in the URL is resolved by hand: not every system knows names below localhost.
func (s *stage) browse(ctx context.Context, allowed bool) (string, error) {
	u, err := url.Parse(s.address)
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.Endpoint()+"/", nil)
	if err != nil {
		return "", err
	}
	r.Host = u.Host
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && allowed && (answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "done")) {
		err = fmt.Errorf("the URL of orders answered %s: %s", answer.Status, body)
	}
	return answer.Header.Get("X-Amzn-Requestid"), err
}

// layerIsUsed: whoever gives a function a layer needs the right to read it; the
// execution role does not.
func layerIsUsed() []step {
	use := func(allowed bool) step {
		return step{
			ask: "deployer gives orders the layer", action: layerAction, allowed: allowed, role: true,
			do: func(ctx context.Context, s *stage) (string, error) { return refusable(s.useLayer(ctx)) },
		}
	}
	works := invoking("root", orders, true).after("the permission is taken away again; the function has its layer", func(ctx context.Context, s *stage) error {
		_, err := s.people["partner root"].lambda.RemoveLayerVersionPermission(ctx, &lambda.RemoveLayerVersionPermissionInput{
			LayerName: aws.String(partnersLayer), VersionNumber: aws.Int64(1), StatementId: aws.String("home"),
		})
		return err
	})
	works.role = true
	return []step{
		use(false).after("account "+tourPartner+" publishes the layer "+partnersLayer+"; deployer may do everything with Lambda", publishLayer),
		use(true).after("the layer's policy lets account "+tourHome+" in", func(ctx context.Context, s *stage) error {
			_, err := s.people["partner root"].lambda.AddLayerVersionPermission(ctx, &lambda.AddLayerVersionPermissionInput{
				LayerName: aws.String(partnersLayer), VersionNumber: aws.Int64(1), StatementId: aws.String("home"), Action: aws.String(layerAction), Principal: aws.String(tourHome),
			})
			return err
		}),
		works,
		use(false),
	}
}

// publishLayer makes the layer's first version.
func publishLayer(ctx context.Context, s *stage) error {
	zip, err := pack("tools.txt", 0o644, []byte("what functions share"))
	if err != nil {
		return err
	}
	_, err = s.people["partner root"].lambda.PublishLayerVersion(ctx, &lambda.PublishLayerVersionInput{
		LayerName: aws.String(partnersLayer), Content: &lambdatypes.LayerVersionContentInput{ZipFile: zip},
	})
	return err
}

func (s *stage) useLayer(ctx context.Context) (string, error) {
	out, err := s.people["deployer"].lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String(orders), Layers: []string{"arn:aws:lambda:" + tourRegion + ":" + tourPartner + ":layer:" + partnersLayer + ":1"},
	})
	if err != nil {
		return requestOf(err), err
	}
	w := lambda.NewFunctionUpdatedV2Waiter(s.people["root"].lambda, func(o *lambda.FunctionUpdatedV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 10*time.Millisecond, 50*time.Millisecond
	})
	return requestIn(out.ResultMetadata), w.Wait(ctx, &lambda.GetFunctionInput{FunctionName: aws.String(orders)}, tourPatience)
}
