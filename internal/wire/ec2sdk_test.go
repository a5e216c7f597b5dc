//go:build !fuzzing && !race

package wire

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/sallyport/sallyport/internal/api"
)

// ec2Client is the SDK's client of EC2. It is so large that it takes minutes and
// gigabytes to instrument it for fuzzing or for the race detector: the tag fuzzing, and
// race, leave it out.
func ec2Client(c aws.Config) any { return ec2.NewFromConfig(c) }

func TestTheSDKKnowsErrorsOfEC2(t *testing.T) {
	w := newWorld(t)
	w.failure = api.Newf(400, "InvalidSubnetID.NotFound", "The subnet ID 'subnet-a' does not exist")
	_, err := ec2.NewFromConfig(w.config()).DescribeSubnets(context.Background(), nil)
	expectCode(t, err, "InvalidSubnetID.NotFound", "The subnet ID 'subnet-a' does not exist")
}
