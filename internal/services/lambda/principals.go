package lambda

import (
	"slices"
	"strings"
)

// isService says whether a function's policy may name the service principal.
// AWS keeps a list that it does not publish; this one holds the principals that
// its documentation names as invokers of functions, and the operator may add
// to it.
func (s *Service) isService(name string) bool {
	if slices.Contains(knownServices, name) || slices.Contains(s.extra, name) {
		return true
	}
	// Regional forms: logs.us-east-1.amazonaws.com.
	service, rest, ok := strings.Cut(name, ".")
	region, _, ok2 := strings.Cut(rest, ".")
	return ok && ok2 && isRegion(region) && rest == region+".amazonaws.com" && slices.Contains(regionalServices, service)
}

var regionalServices = []string{"logs", "sns", "events", "s3"}

var knownServices = []string{
	"alexa-appkit.amazon.com",
	"alexa-connectedhome.amazon.com",
	"apidestinations.events.amazonaws.com",
	"apigateway.amazonaws.com",
	"appconfig.amazonaws.com",
	"appflow.amazonaws.com",
	"appsync.amazonaws.com",
	"autoscaling.amazonaws.com",
	"backup.amazonaws.com",
	"batch.amazonaws.com",
	"batchoperations.s3.amazonaws.com",
	"bedrock.amazonaws.com",
	"bedrock-agentcore.amazonaws.com",
	"chatbot.amazonaws.com",
	"cloudformation.amazonaws.com",
	"cloudfront.amazonaws.com",
	"cloudwatch.amazonaws.com",
	"codebuild.amazonaws.com",
	"codecommit.amazonaws.com",
	"codedeploy.amazonaws.com",
	"codepipeline.amazonaws.com",
	"cognito-idp.amazonaws.com",
	"cognito-sync.amazonaws.com",
	"config.amazonaws.com",
	"connect.amazonaws.com",
	"delivery.logs.amazonaws.com",
	"dms.amazonaws.com",
	"dynamodb.amazonaws.com",
	"ec2.amazonaws.com",
	"ecs.amazonaws.com",
	"edgelambda.amazonaws.com",
	"elasticfilesystem.amazonaws.com",
	"elasticloadbalancing.amazonaws.com",
	"elasticmapreduce.amazonaws.com",
	"events.amazonaws.com",
	"firehose.amazonaws.com",
	"guardduty.amazonaws.com",
	"iot.amazonaws.com",
	"iotevents.amazonaws.com",
	"kafka.amazonaws.com",
	"kinesis.amazonaws.com",
	"kinesisanalytics.amazonaws.com",
	"lakeformation.amazonaws.com",
	"lambda.alarms.cloudwatch.amazonaws.com",
	"lambda.amazonaws.com",
	"lex.amazonaws.com",
	"lexv2.amazonaws.com",
	"logger.cloudfront.amazonaws.com",
	"logs.amazonaws.com",
	"lookoutmetrics.amazonaws.com",
	"mediaconvert.amazonaws.com",
	"pipes.amazonaws.com",
	"quicksight.amazonaws.com",
	"rds.amazonaws.com",
	"redshift.amazonaws.com",
	"replicator.lambda.amazonaws.com",
	"route53.amazonaws.com",
	"s3.amazonaws.com",
	"s3-object-lambda.amazonaws.com",
	"sagemaker.amazonaws.com",
	"scheduler.amazonaws.com",
	"secretsmanager.amazonaws.com",
	"securityhub.amazonaws.com",
	"serverlessrepo.amazonaws.com",
	"servicecatalog.amazonaws.com",
	"ses.amazonaws.com",
	"sns.amazonaws.com",
	"sqs.amazonaws.com",
	"ssm.amazonaws.com",
	"states.amazonaws.com",
	"transfer.amazonaws.com",
	"verifiedpermissions.amazonaws.com",
	"vpc-lattice.amazonaws.com",
	"wafv2.amazonaws.com",
	"workmail.amazonaws.com",
}
