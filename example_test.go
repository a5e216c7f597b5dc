package sallyport_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	"github.com/sallyport/sallyport"
)

// A server in a test: a user without rights may not invoke a function, and is
// told which policy is missing.
func Example() {
	server, err := sallyport.New(sallyport.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	ctx := context.Background()

	root, _ := server.RootCredentials(sallyport.DefaultAccount)
	signedBy := func(keyID, secret string) aws.Config {
		return aws.Config{
			Region: "us-east-1", BaseEndpoint: aws.String(server.Endpoint()),
			Credentials: credentials.NewStaticCredentialsProvider(keyID, secret, ""),
		}
	}
	users := iam.NewFromConfig(signedBy(root.AccessKeyID, root.SecretAccessKey))
	if _, err := users.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("alice")}); err != nil {
		log.Fatal(err)
	}
	key, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("alice")})
	if err != nil {
		log.Fatal(err)
	}

	alice := lambda.NewFromConfig(signedBy(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey))
	_, err = alice.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("orders")})
	var denied smithy.APIError
	if errors.As(err, &denied) {
		fmt.Println(denied.ErrorCode())
		fmt.Println(denied.ErrorMessage())
	}
	// Output:
	// AccessDeniedException
	// User: arn:aws:iam::123456789012:user/alice is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:123456789012:function:orders because no identity-based policy allows the lambda:InvokeFunction action
}
