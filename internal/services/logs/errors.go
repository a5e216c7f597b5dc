package logs

import (
	"github.com/sallyport/sallyport/internal/api"
)

// Texts as AWS words them (seen in public reports and client sources).

func invalidParameter(text string) *api.Error {
	return api.Newf(400, "InvalidParameterException", "%s", text)
}

func noGroup() *api.Error {
	return api.Newf(400, "ResourceNotFoundException", "The specified log group does not exist.")
}

func noStream() *api.Error {
	return api.Newf(400, "ResourceNotFoundException", "The specified log stream does not exist.")
}

func groupExists() *api.Error {
	return api.Newf(400, "ResourceAlreadyExistsException", "The specified log group already exists")
}

func streamExists() *api.Error {
	return api.Newf(400, "ResourceAlreadyExistsException", "The specified log stream already exists")
}

func invalidToken() *api.Error { return invalidParameter("The specified nextToken is invalid.") }
