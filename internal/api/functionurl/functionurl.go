// Package functionurl describes requests to function URLs. AWS publishes no model
// of them, since they are whatever HTTP a client sends: there is one operation, and
// the door makes its input and writes its output without a codec.
//
// It is a service of its own beside lambda's, as none of Lambda's operations is
// asked for that way; its permissions are Lambda's.
package functionurl

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/api"
)

// Service is the API. Signatures are for lambda (AWS Lambda guide, "Invoking Lambda
// function URLs").
var Service = api.Describe(&api.Service{
	ID: "functionurl", Name: "Lambda function URLs", SigningName: "lambda", Protocol: api.RawHTTP, Version: "2.0",
	Operations: []*api.Operation{api.Describes[Request, Response]("InvokeFunctionUrl", "", "", http.StatusOK, "")},
})

// InvokeFunctionUrl is a request to a function URL.
var InvokeFunctionUrl = api.Typed[Request, Response](Service, "InvokeFunctionUrl")

// The AuthTypes of function URLs.
const (
	// None takes requests of everybody whom policies let in.
	None = "NONE"
	// IAM takes signed requests.
	IAM = "AWS_IAM"
)

// Request is what came to a function URL.
type Request struct {
	// ID is the URL's, and AuthType what it was when the door looked who is asking.
	ID, AuthType string
	// Method, Path, Query and Protocol are the request's: the path and the query as
	// they came, still encoded, without the question mark between them.
	Method, Path, Query, Protocol string
	// Domain is the host that was asked, without a port.
	Domain string
	// Header are the headers that are for the function.
	Header http.Header
	Body   []byte
}

// Response is what a function made of a request.
type Response struct {
	Status int
	// Header has the cookies too.
	Header http.Header
	// Body is read to its end and closed in any case. One whose Length is not known
	// comes while the function runs; each piece is for the client at once, and an
	// error of its says that what came is not all.
	Body *api.Stream
}
