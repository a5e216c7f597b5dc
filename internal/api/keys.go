package api

// Condition keys of single services that several packages name.
const (
	// KeySourceFunctionARN is on every call made with a function's credentials.
	KeySourceFunctionARN = "lambda:SourceFunctionArn"
)
