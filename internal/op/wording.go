package op

// Wording is a Service that words its denials unlike the others: S3. The record
// keeps the common text, which says the same or more.
type Wording interface {
	// WordDenial makes what the caller is told out of the common text. together
	// says that caller and resource are of one account or organization.
	WordDenial(text, resource string, together bool) string
}
