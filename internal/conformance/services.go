package conformance

import (
	"github.com/sallyport/sallyport/internal/api"
	"github.com/sallyport/sallyport/internal/api/ec2"
	"github.com/sallyport/sallyport/internal/api/iam"
	"github.com/sallyport/sallyport/internal/api/kms"
	"github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/api/logs"
	"github.com/sallyport/sallyport/internal/api/organizations"
	"github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/api/sns"
	"github.com/sallyport/sallyport/internal/api/sqs"
	"github.com/sallyport/sallyport/internal/api/sts"
)

// Services are those that cases can call.
func Services() []*api.Service {
	return []*api.Service{ec2.Service, iam.Service, kms.Service, lambda.Service, logs.Service, organizations.Service, s3.Service, sns.Service, sqs.Service, sts.Service}
}
