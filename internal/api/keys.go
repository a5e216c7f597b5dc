package api

// Condition keys of single services that several packages name.
const (
	// KeySourceFunctionARN is on every call made with a function's credentials.
	KeySourceFunctionARN = "lambda:SourceFunctionArn"
	// KeyFunctionURLAuthType is the type of the function URL that a request is to,
	// KeyInvokedViaFunctionURL says of an invoke that it comes through one.
	KeyFunctionURLAuthType   = "lambda:FunctionUrlAuthType"
	KeyInvokedViaFunctionURL = "lambda:InvokedViaFunctionUrl"
)
