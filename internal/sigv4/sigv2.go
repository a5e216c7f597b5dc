package sigv4

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Presigned URLs of Signature Version 2: what botocore and the aws CLI still
// make for S3 in us-east-1 and the other old regions unless told otherwise.
// The form, and what is signed, are those of S3's guide ("Authenticating REST
// requests", "Query string request authentication alternative"). The Version 2
// header is refused.
//
// Version 2 signs neither the host nor every parameter of the query. Here a
// parameter that it leaves out is refused, so that nobody can make another
// request of a URL; AWS takes those of lists (prefix, for one) unsigned.

// Versions of signatures, by their names in policies (s3:signatureversion).
const (
	Version4 = algorithm
	Version2 = "AWS"
)

// presignedV2 says whether a query carries a signature of Version 2.
func presignedV2(query []parameter) bool {
	return has(query, "AWSAccessKeyId") || has(query, "Signature")
}

// signedV2 are the parameters that are part of the signed resource (botocore
// 1.43 and S3's guide).
var signedV2 = strings.Fields(`accelerate acl analytics cors defaultObjectAcl delete inventory lifecycle
	location logging metrics notification object-lock partNumber policy replication requestPayment
	response-cache-control response-content-disposition response-content-encoding
	response-content-language response-content-type response-expires restore select select-type
	storageClass tagging torrent uploadId uploads versionId versioning versions website`)

// verifyV2 says who made a presigned URL of Version 2.
func (v *Verifier) verifyV2(r *http.Request, query []parameter, e Expect) (*Identity, *Failure) {
	key, signed := once(query, "AWSAccessKeyId")
	given, _ := once(query, "Signature")
	expires, _ := once(query, "Expires")
	if !signed || key == "" || given == "" || expires == "" {
		return nil, refused(errDenied("Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"))
	}
	if failure := v.unexpiredV2(expires); failure != nil {
		return nil, failure
	}
	token := r.Header.Get("X-Amz-Security-Token")
	if token == "" {
		token, _ = once(query, "x-amz-security-token")
	}
	credential, kind := v.lookup(r.Context(), key, token)
	if failure := refuseKind(kind); failure != nil {
		return nil, failure.inS3(errKey(kind, key))
	}
	toSign, whole := stringToSignV2(r, query, e, expires)
	if h := hmac.New(sha1.New, []byte(credential.Secret)); credential.Secret != "" && whole {
		h.Write([]byte(toSign))
		if hmac.Equal([]byte(base64.StdEncoding.EncodeToString(h.Sum(nil))), []byte(given)) {
			return &Identity{Owner: credential.Owner, AccessKeyID: key, Service: signingS3, Region: globalRegion, Presigned: true, Version: Version2}, nil
		}
	}
	return nil, refused(s3Error(403, "SignatureDoesNotMatch", textNoMatch, "AWSAccessKeyId", key, "StringToSign", toSign, "SignatureProvided", given))
}

// unexpiredV2 holds a URL to Expires, in seconds since 1970.
func (v *Verifier) unexpiredV2(expires string) *Failure {
	seconds, err := strconv.ParseInt(expires, 10, 64)
	if err != nil {
		return refused(errDenied("Invalid date (should be seconds since epoch): " + expires))
	}
	now, ends := v.clock.Now(), time.Unix(seconds, 0).UTC()
	if now.After(ends) {
		return refused(errDenied("Request has expired", "Expires", ends.Format(isoTime), "ServerTime", now.UTC().Format(isoTime)))
	}
	return nil
}

// once gives a parameter's value; ok is false when it is there twice.
func once(query []parameter, name string) (value string, ok bool) {
	value, times := find(query, name)
	if times > 1 {
		return "", false
	}
	return value, true
}

// stringToSignV2 is what Version 2 signs; whole is false when the request has a
// parameter that is no part of it.
func stringToSignV2(r *http.Request, query []parameter, e Expect, expires string) (text string, whole bool) {
	meant := Meant(r).Header
	lines := []string{r.Method, meant.Get("Content-Md5"), meant.Get("Content-Type"), expires}
	var headers []string
	for name, values := range meant {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") {
			headers = append(headers, name+":"+string(appendTrimmed(nil, strings.Join(values, ","))))
		}
	}
	if token, _ := once(query, "x-amz-security-token"); token != "" && meant.Get("X-Amz-Security-Token") == "" {
		headers = append(headers, "x-amz-security-token:"+token)
	}
	slices.Sort(headers)
	resource, whole := resourceV2(r, e)
	return strings.Join(append(append(lines, headers...), resource), "\n"), whole
}

// resourceV2 is the path with the bucket before it, as it came, and the
// parameters that are signed.
func resourceV2(r *http.Request, e Expect) (resource string, whole bool) {
	resource = wirePath(r)
	if plain, err := url.PathUnescape(strings.TrimPrefix(resource, "/")); err != nil {
		return resource, false
	} else if e.Bucket != "" && plain == e.Key {
		resource = "/" + e.Bucket + resource // the host names the bucket
	} else if e.Key == "" && e.Bucket != "" && !strings.HasSuffix(resource, "/") {
		resource += "/" // both name the bucket; this one is signed
	}
	var parts []string
	for piece := range strings.SplitSeq(rawQuery(r), "&") {
		name, value, valued := strings.Cut(piece, "=")
		value, err := url.QueryUnescape(value)
		switch {
		case piece == "":
		case err == nil && slices.Contains(signedV2, name) && valued:
			parts = append(parts, name+"="+value)
		case err == nil && slices.Contains(signedV2, name):
			parts = append(parts, name)
		case !aboutV2(name):
			return resource, false
		}
	}
	slices.Sort(parts)
	if len(parts) > 0 {
		resource += "?" + strings.Join(parts, "&")
	}
	return resource, true
}

// aboutV2 are the parameters that are signed elsewhere: of the signature itself,
// and those that stand for headers.
func aboutV2(name string) bool {
	switch name = strings.ToLower(name); name {
	case "awsaccesskeyid", "signature", "expires", "content-type", "content-md5":
		return true
	}
	return strings.HasPrefix(name, "x-amz-")
}
