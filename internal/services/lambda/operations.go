package lambda

import (
	functionurlapi "github.com/sallyport/sallyport/internal/api/functionurl"
	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/op"
)

// Rows is the table of operations (Service Authorization Reference, AWS
// Lambda). Finders named shared let in other accounts, those named own do not;
// Whole ones know no qualifier. The operations with a shared finder are those
// that the Lambda guide lists for cross-account access.
func (s *Service) Rows() []op.Row {
	return []op.Row{
		op.Bind(lambdaapi.AddLayerVersionPermission, s.addLayerVersionPermission, op.On("lambda:AddLayerVersionPermission", s.theLayer)),
		op.Bind(lambdaapi.AddPermission, s.addPermission,
			op.On("lambda:AddPermission", s.own).With(s.permissionKeys("lambda:Principal", "lambda:FunctionUrlAuthType"))),
		op.Bind(lambdaapi.CreateAlias, s.createAlias, op.On("lambda:CreateAlias", s.sharedWhole)),
		op.Bind(lambdaapi.CreateCodeSigningConfig, s.createCodeSigningConfig,
			op.On("lambda:CreateCodeSigningConfig", op.Any).With(requestTags),
			op.Maybe(op.On("lambda:TagResource", s.signingWithTags).With(requestTags))),
		op.Bind(lambdaapi.CreateEventSourceMapping, s.createEventSourceMapping,
			op.On("lambda:CreateEventSourceMapping", op.Any).With(requestTags, s.mappedFunction(functionARN)),
			op.Maybe(op.On("lambda:TagResource", s.mappingWithTags).With(requestTags, s.mappedFunction(functionARN)))),
		op.Bind(lambdaapi.CreateFunction, s.createFunction,
			op.On("lambda:CreateFunction", s.ownWhole).With(requestTags, layers("lambda:Layer"),
				s.networkKeys("lambda:VpcIds", "lambda:SubnetIds", "lambda:SecurityGroupIds"), codeSigning("lambda:CodeSigningConfigArn")),
			op.Maybe(op.On("lambda:TagResource", s.functionWithTags).With(requestTags)),
			op.On("iam:PassRole", s.passedRole).With(passedTo("iam:PassedToService", "iam:AssociatedResourceArn")),
			op.Maybe(op.On(getLayerVersion, s.layersAsked))),
		op.Bind(lambdaapi.CreateFunctionUrlConfig, s.createFunctionURLConfig,
			op.On("lambda:CreateFunctionUrlConfig", s.ownURL).With(s.urlConfigKeys(functionARN, urlAuthType))),
		op.Bind(lambdaapi.DeleteAlias, s.deleteAlias, op.On("lambda:DeleteAlias", s.sharedWhole)),
		op.Bind(lambdaapi.DeleteCodeSigningConfig, s.deleteCodeSigningConfig, op.On("lambda:DeleteCodeSigningConfig", s.aSigning)),
		op.Bind(lambdaapi.DeleteEventSourceMapping, s.deleteEventSourceMapping,
			op.On("lambda:DeleteEventSourceMapping", s.aMapping).With(s.mappedFunction(functionARN))),
		op.Bind(lambdaapi.DeleteFunction, s.deleteFunction, op.On("lambda:DeleteFunction", s.shared)),
		op.Bind(lambdaapi.DeleteFunctionCodeSigningConfig, s.deleteFunctionCodeSigningConfig, op.On("lambda:DeleteFunctionCodeSigningConfig", s.ownWhole)),
		op.Bind(lambdaapi.DeleteFunctionConcurrency, s.deleteFunctionConcurrency, op.On("lambda:DeleteFunctionConcurrency", s.sharedWhole)),
		op.Bind(lambdaapi.DeleteFunctionEventInvokeConfig, s.deleteFunctionEventInvokeConfig, op.On("lambda:DeleteFunctionEventInvokeConfig", s.own)),
		op.Bind(lambdaapi.DeleteFunctionUrlConfig, s.deleteFunctionURLConfig,
			op.On("lambda:DeleteFunctionUrlConfig", s.ownURL).With(s.urlConfigKeys(functionARN, urlAuthType))),
		op.Bind(lambdaapi.DeleteLayerVersion, s.deleteLayerVersion, op.On("lambda:DeleteLayerVersion", s.theLayer)),
		op.Bind(lambdaapi.DeleteProvisionedConcurrencyConfig, s.deleteProvisionedConcurrencyConfig,
			op.On("lambda:DeleteProvisionedConcurrencyConfig", s.own)),
		op.Bind(lambdaapi.GetAccountSettings, s.getAccountSettings, op.On("lambda:GetAccountSettings", op.Any)),
		op.Bind(lambdaapi.GetAlias, s.getAlias, op.On("lambda:GetAlias", s.sharedWhole)),
		op.Bind(lambdaapi.GetCodeSigningConfig, s.getCodeSigningConfig, op.On("lambda:GetCodeSigningConfig", s.aSigning)),
		op.Bind(lambdaapi.GetEventSourceMapping, s.getEventSourceMapping,
			op.On("lambda:GetEventSourceMapping", s.aMapping).With(s.mappedFunction(functionARN))),
		op.Bind(lambdaapi.GetFunction, s.getFunction, op.On("lambda:GetFunction", s.shared)),
		op.Bind(lambdaapi.GetFunctionCodeSigningConfig, s.getFunctionCodeSigningConfig, op.On("lambda:GetFunctionCodeSigningConfig", s.ownWhole)),
		op.Bind(lambdaapi.GetFunctionConcurrency, s.getFunctionConcurrency, op.On("lambda:GetFunctionConcurrency", s.ownWhole)),
		op.Bind(lambdaapi.GetFunctionConfiguration, s.getFunctionConfiguration, op.On("lambda:GetFunctionConfiguration", s.shared)),
		op.Bind(lambdaapi.GetFunctionEventInvokeConfig, s.getFunctionEventInvokeConfig, op.On("lambda:GetFunctionEventInvokeConfig", s.own)),
		op.Bind(lambdaapi.GetFunctionRecursionConfig, s.getFunctionRecursionConfig, op.On("lambda:GetFunctionRecursionConfig", s.ownWhole)),
		op.Bind(lambdaapi.GetFunctionUrlConfig, s.getFunctionURLConfig,
			op.On("lambda:GetFunctionUrlConfig", s.ownURL).With(s.urlConfigKeys(functionARN, urlAuthType))),
		op.Bind(lambdaapi.GetLayerVersion, s.getLayerVersion, op.On(getLayerVersion, s.theLayer)),
		op.Bind(lambdaapi.GetLayerVersionByArn, s.getLayerVersionByARN, op.On(getLayerVersion, s.theLayer)),
		op.Bind(lambdaapi.GetLayerVersionPolicy, s.getLayerVersionPolicy, op.On("lambda:GetLayerVersionPolicy", s.theLayer)),
		op.Bind(lambdaapi.GetPolicy, s.getPolicy, op.On("lambda:GetPolicy", s.shared)),
		op.Bind(lambdaapi.GetProvisionedConcurrencyConfig, s.getProvisionedConcurrencyConfig,
			op.On("lambda:GetProvisionedConcurrencyConfig", s.own)),
		op.Bind(lambdaapi.GetRuntimeManagementConfig, s.getRuntimeManagementConfig, op.On("lambda:GetRuntimeManagementConfig", s.own)),
		op.Bind(lambdaapi.Invoke, s.invoke, op.On(invokeFunction, s.shared)),
		op.Bind(lambdaapi.InvokeAsync, s.invokeAsync, op.On("lambda:InvokeAsync", s.own)),
		op.Bind(lambdaapi.InvokeWithResponseStream, s.invokeWithResponseStream, op.On(invokeFunction, s.shared)),
		op.Bind(lambdaapi.ListAliases, s.listAliases, op.On("lambda:ListAliases", s.sharedWhole)),
		op.Bind(lambdaapi.ListCodeSigningConfigs, s.listCodeSigningConfigs, op.On("lambda:ListCodeSigningConfigs", op.Any)),
		op.Bind(lambdaapi.ListEventSourceMappings, s.listEventSourceMappings, op.On("lambda:ListEventSourceMappings", op.Any)),
		op.Bind(lambdaapi.ListFunctionEventInvokeConfigs, s.listFunctionEventInvokeConfigs, op.On("lambda:ListFunctionEventInvokeConfigs", s.ownWhole)),
		op.Bind(lambdaapi.ListFunctionUrlConfigs, s.listFunctionURLConfigs,
			op.On("lambda:ListFunctionUrlConfigs", s.ownWhole).With(s.urlConfigKeys("", urlAuthType))),
		op.Bind(lambdaapi.ListFunctionsByCodeSigningConfig, s.listFunctionsByCodeSigningConfig,
			op.On("lambda:ListFunctionsByCodeSigningConfig", s.aSigning)),
		op.Bind(lambdaapi.ListFunctions, s.listFunctions, op.On("lambda:ListFunctions", op.Any)),
		op.Bind(lambdaapi.ListLayers, s.listLayers, op.On("lambda:ListLayers", op.Any)),
		op.Bind(lambdaapi.ListLayerVersions, s.listLayerVersions, op.On("lambda:ListLayerVersions", s.anyLayer)),
		op.Bind(lambdaapi.ListProvisionedConcurrencyConfigs, s.listProvisionedConcurrencyConfigs,
			op.On("lambda:ListProvisionedConcurrencyConfigs", s.ownWhole)),
		op.Bind(lambdaapi.ListTags, s.listTags, op.On("lambda:ListTags", s.tagged)),
		op.Bind(lambdaapi.ListVersionsByFunction, s.listVersionsByFunction, op.On("lambda:ListVersionsByFunction", s.sharedWhole)),
		op.Bind(lambdaapi.PublishLayerVersion, s.publishLayerVersion, op.On("lambda:PublishLayerVersion", s.theLayer)),
		op.Bind(lambdaapi.PublishVersion, s.publishVersion, op.On("lambda:PublishVersion", s.sharedWhole)),
		op.Bind(lambdaapi.PutFunctionCodeSigningConfig, s.putFunctionCodeSigningConfig,
			op.On("lambda:PutFunctionCodeSigningConfig", s.putSigning).With(codeSigning("lambda:CodeSigningConfigArn"))),
		op.Bind(lambdaapi.PutFunctionConcurrency, s.putFunctionConcurrency, op.On("lambda:PutFunctionConcurrency", s.sharedWhole)),
		op.Bind(lambdaapi.PutFunctionEventInvokeConfig, s.putFunctionEventInvokeConfig, op.On("lambda:PutFunctionEventInvokeConfig", s.own)),
		op.Bind(lambdaapi.PutFunctionRecursionConfig, s.putFunctionRecursionConfig, op.On("lambda:PutFunctionRecursionConfig", s.ownWhole)),
		op.Bind(lambdaapi.PutProvisionedConcurrencyConfig, s.putProvisionedConcurrencyConfig,
			op.On("lambda:PutProvisionedConcurrencyConfig", s.own)),
		op.Bind(lambdaapi.PutRuntimeManagementConfig, s.putRuntimeManagementConfig, op.On("lambda:PutRuntimeManagementConfig", s.own)),
		op.Bind(lambdaapi.RemoveLayerVersionPermission, s.removeLayerVersionPermission, op.On("lambda:RemoveLayerVersionPermission", s.theLayer)),
		op.Bind(lambdaapi.RemovePermission, s.removePermission,
			op.On("lambda:RemovePermission", s.own).With(s.permissionKeys("lambda:Principal", "lambda:FunctionUrlAuthType"))),
		op.Bind(lambdaapi.TagResource, s.tagResource, op.On("lambda:TagResource", s.tagged).With(requestTags)),
		op.Bind(lambdaapi.UntagResource, s.untagResource, op.On("lambda:UntagResource", s.tagged).With(requestTags)),
		op.Bind(lambdaapi.UpdateAlias, s.updateAlias, op.On("lambda:UpdateAlias", s.sharedWhole)),
		op.Bind(lambdaapi.UpdateCodeSigningConfig, s.updateCodeSigningConfig, op.On("lambda:UpdateCodeSigningConfig", s.aSigning)),
		op.Bind(lambdaapi.UpdateEventSourceMapping, s.updateEventSourceMapping,
			op.On("lambda:UpdateEventSourceMapping", s.aMapping).With(s.mappedFunction(functionARN))),
		op.Bind(lambdaapi.UpdateFunctionCode, s.updateFunctionCode, op.On("lambda:UpdateFunctionCode", s.sharedWhole)),
		op.Bind(lambdaapi.UpdateFunctionConfiguration, s.updateFunctionConfiguration,
			op.On("lambda:UpdateFunctionConfiguration", s.ownWhole).With(layers("lambda:Layer"), s.networkKeys("lambda:VpcIds", "lambda:SubnetIds", "lambda:SecurityGroupIds")),
			op.Maybe(op.On("iam:PassRole", s.passedRole).With(passedTo("iam:PassedToService", "iam:AssociatedResourceArn"))),
			op.Maybe(op.On(getLayerVersion, s.layersAsked))),
		op.Bind(lambdaapi.UpdateFunctionEventInvokeConfig, s.updateFunctionEventInvokeConfig, op.On("lambda:UpdateFunctionEventInvokeConfig", s.own)),
		op.Bind(lambdaapi.UpdateFunctionUrlConfig, s.updateFunctionURLConfig,
			op.On("lambda:UpdateFunctionUrlConfig", s.ownURL).With(s.urlConfigKeys(functionARN, urlAuthType))),
	}
}

// Rows is the table of function URLs: two permissions, since October 2025. Both are
// always judged, so that the record names the one that is missing.
func (u urlService) Rows() []op.Row {
	s := u.lambda
	return []op.Row{
		op.Bind(functionurlapi.InvokeFunctionUrl, s.invokeURL,
			op.On(invokeFunctionURL, s.ofURL).With(s.urlKeys(functionARN, urlAuthType)),
			op.On(invokeFunction, s.ofURL).With(viaURL("lambda:InvokedViaFunctionUrl"))).Thorough(),
	}
}

// mayListTags decides whether GetFunction shows tags.
func (s *Service) mayListTags() op.Need { return op.On("lambda:ListTags", s.unqualified) }

// functionARN is the condition key of the function that a mapping or a URL is of,
// urlAuthType that of a URL's type.
const (
	functionARN = "lambda:FunctionArn"
	urlAuthType = "lambda:FunctionUrlAuthType"
)

// viaService and forAWSResource are the condition keys that Lambda brings when it
// uses a KMS key for somebody.
const (
	viaService     = "kms:ViaService"
	forAWSResource = "kms:GrantIsForAWSResource"
)

// Actions that statements and messages name.
const (
	invokeFunction    = "lambda:InvokeFunction"
	invokeFunctionURL = "lambda:InvokeFunctionUrl"
	getLayerVersion   = "lambda:GetLayerVersion"
)
