package lambda

import (
	"context"
	"encoding/hex"
	"strings"

	lambdaapi "github.com/sallyport/sallyport/internal/api/lambda"
	"github.com/sallyport/sallyport/internal/id"
	"github.com/sallyport/sallyport/internal/op"
)

// packageImage is the PackageType of container images.
const packageImage = "Image"

// image is the code of a function that is a container image. It is described and
// never run: there is no Amazon ECR here to read it from, so that nobody is asked
// for the right to (AWS asks the repository's policy when the function is made).
type image struct {
	URI                 string
	EntryPoint, Command []string `json:",omitempty"`
	WorkingDirectory    string   `json:",omitempty"`
}

// imageError says that a function's code is a container image.
type imageError struct{ uri string }

func (e *imageError) Error() string {
	return "Container images cannot run here: the function's code is " + e.uri + ". Its permissions can be tested. " +
		"To run it, make the function anew with PackageType Zip: the files of the image's /var/task as a zip, and the Runtime and Handler that the image has."
}

// digest is the digest in the address, in hexadecimal; empty for an address with a
// tag, of which only the registry knows which image it means.
func (i *image) digest() string {
	_, digest, _ := strings.Cut(i.URI, "@sha256:")
	return digest
}

// checkImage refuses an address that is not of a repository of the region (the
// sentence is seen in many reports; which addresses AWS finds not valid is
// UNCONFIRMED beyond those that are of no private repository).
func checkImage(uri, region string) error {
	host, repository, ok := strings.Cut(uri, "/")
	parts := strings.Split(host, ".")
	ok = ok && len(parts) == 6 && id.IsAccount(parts[0]) && parts[1] == "dkr" && (parts[2] == "ecr" || parts[2] == "ecr-fips") &&
		parts[3] == region && parts[4] == "amazonaws" && parts[5] == "com"
	name, digest, digested := strings.Cut(repository, "@")
	name, tag, tagged := strings.Cut(name, ":")
	switch {
	case digested:
		sum, is := strings.CutPrefix(digest, "sha256:")
		raw, err := hex.DecodeString(sum)
		ok = ok && is && err == nil && len(raw) == 32
	case tagged:
		ok = ok && len(tag) <= maxImageTag && isWord(tag, "_.-")
	}
	if !ok || len(uri) > maxImage || !isWord(name, "/_.-") {
		return invalid("Source image %s is not valid. Provide a valid source image.", uri)
	}
	return nil
}

// Bounds of an image's address (Amazon ECR quotas: a name of 256 characters, a tag
// of 128), and of the texts of an ImageConfig together.
const (
	maxImage       = 512
	maxImageTag    = 128
	maxImageConfig = 4 << 10
)

func (i *image) show() *lambdaapi.ImageConfigResponse {
	if i == nil || len(i.EntryPoint)+len(i.Command) == 0 && i.WorkingDirectory == "" {
		return nil
	}
	return &lambdaapi.ImageConfigResponse{ImageConfig: &lambdaapi.ImageConfig{EntryPoint: i.EntryPoint, Command: i.Command, WorkingDirectory: optional(i.WorkingDirectory)}}
}

// with is the image with another configuration, nil for the same.
func (i *image) with(c *lambdaapi.ImageConfig) *image {
	if i == nil || c == nil {
		return i
	}
	return &image{URI: i.URI, EntryPoint: c.EntryPoint, Command: c.Command, WorkingDirectory: c.GetWorkingDirectory()}
}

// at is the image with another address.
func (i *image) at(uri string) *image {
	next := *i
	next.URI = uri
	return &next
}

// location is what GetFunction says of where the image is.
func (i *image) location() *lambdaapi.FunctionCodeLocation {
	out := &lambdaapi.FunctionCodeLocation{RepositoryType: ptr("ECR"), ImageUri: &i.URI}
	if i.digest() != "" {
		repository, _, _ := strings.Cut(i.URI, "@")
		repository, _, _ = strings.Cut(repository, ":")
		out.ResolvedImageUri = ptr(repository + "@sha256:" + i.digest())
	}
	return out
}

// checkNewImage refuses a request for an image that does not name one, or more than
// one (the sentences are those of UpdateFunctionCode: UNCONFIRMED here).
func checkNewImage(in *lambdaapi.CreateFunctionRequest, region string) error {
	switch {
	case in.Code == nil || in.Code.ImageUri == nil || in.Code.ZipFile != nil || in.Code.S3Bucket != nil || in.Code.S3Key != nil:
		return invalid("Please provide ImageUri when creating a function with packageType Image.")
	case in.GetCodeSigningConfigArn() != "":
		return unsignableImage()
	}
	return checkImage(*in.Code.ImageUri, region)
}

// checkPackage refuses what does not go with the way in which the code is packaged
// (the texts about images are seen in reports of 2021 to 2025, that about zips is
// ours).
func (s *Service) checkPackage(_ context.Context, w *change) error {
	is, asked := w.after.Image != nil, w.asked
	size := 0
	if c := asked.image; c != nil {
		size = len(c.GetWorkingDirectory()) + len(strings.Join(c.EntryPoint, "")) + len(strings.Join(c.Command, ""))
	}
	switch {
	case is && (asked.runtime != nil || asked.handler != nil):
		return invalid("Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.")
	case is && len(asked.layers) > 0:
		return invalid("Lambda layers are not supported for functions created with container images.")
	case !is && size > 0:
		return invalid("Please don't provide ImageConfig when the intended function PackageType is Zip.")
	case size > maxImageConfig:
		return invalid("The ImageConfig must be smaller than %d bytes.", maxImageConfig)
	}
	return nil
}

// checkCodeOf refuses code of another package than the function has: there is no
// way from one to the other (seen in many reports).
func checkCodeOf(f *function, in *lambdaapi.UpdateFunctionCodeRequest, region string) error {
	given := in.ZipFile != nil || in.S3Bucket != nil || in.S3Key != nil
	switch {
	case f.Latest.Image == nil && in.ImageUri != nil:
		return invalid("Please don't provide ImageUri when updating a function with packageType Zip.")
	case f.Latest.Image == nil:
		return nil
	case in.ImageUri == nil || given:
		return invalid("Please provide ImageUri when updating a function with packageType Image.")
	}
	return checkImage(*in.ImageUri, region)
}

// uploadImage is the upload of an image: nothing is kept of it but its digest.
func uploadImage(i *image) *upload {
	return &upload{code: code{SHA256: i.digest()}, done: func() {}}
}

// upload is the code that a request gives, checked, also with the layers it will
// run with.
func (s *Service) upload(ctx context.Context, c *op.Call, from *codeSource, layers []layerUse, operation string) (*upload, error) {
	zip, err := s.read(ctx, c, from)
	if err != nil {
		return nil, err
	}
	u, err := s.checkZip(zip, from.bucket != nil, operation)
	if err != nil {
		return nil, err
	}
	if err := s.checkTogether(ctx, layers, u.unzipped); err != nil {
		u.done()
		return nil, err
	}
	u.beside = layers
	return u, nil
}
