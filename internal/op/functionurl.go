package op

// FunctionURLs is the service that function URLs belong to. A service that
// implements it is asked by the door about each request to one.
//
// What it tells decides nothing: it says whether the request must be signed, and
// whose it is. Whether anybody may do anything is judged as for any other call, and
// a URL that has changed since it was asked about is refused then.
type FunctionURLs interface {
	// FunctionURL is the URL with an id; ok is false when there is none in the
	// region. It is read-only and does no I/O.
	FunctionURL(id, region string) (u FunctionURL, ok bool)
}

// FunctionURL is what the door must know of a URL before it knows who is asking.
type FunctionURL struct {
	// Account and Region are the function's.
	Account, Region string
	// AuthType is NONE or AWS_IAM: only requests to the latter are signed.
	AuthType string
	// Share gives the headers that let a page of another origin send a request,
	// or read its answer; nil for a URL without CORS configuration. AWS asks
	// nobody's permission for them (see CrossOrigin).
	Share func(Preflight) map[string]string
}

// FunctionURLPath is where the paths of function URLs begin for clients that find
// no host of the form ID.lambda-url.REGION.NAME: the id follows, and what comes
// behind it is the path that the function sees.
const FunctionURLPath = "/_sallyport/url/"
