package s3

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"

	s3api "github.com/sallyport/sallyport/internal/api/s3"
	"github.com/sallyport/sallyport/internal/limits"
	"github.com/sallyport/sallyport/internal/op"
)

// query is what a list asks for.
type query struct {
	bucket, prefix, delimiter string
	// after is the key, or common prefix, that the list begins after.
	after string
	most  int
}

// listed is a page of a list: objects and common prefixes in one order.
type listed struct {
	objects  []*version
	prefixes []string
	// more says that the page ends before the list; last is where.
	more bool
	last string
}

func (l *listed) len() int { return len(l.objects) + len(l.prefixes) }

// walk lists keys: it reads no more records than it shows, but for delete
// markers, and leaps over what a common prefix stands for.
func (s *Service) walk(q query) listed {
	var out listed
	start := prefix(q.bucket)
	after := ""
	if q.after != "" {
		after = start + q.after
		if group := q.group(q.after); group == q.after {
			after += "\xff" // all of the group was shown
		}
	}
	for {
		leap := ""
		for key, v := range s.objects.All(start+q.prefix, after) {
			if v.Marker {
				continue
			}
			if out.len() == q.most {
				out.more = q.most > 0
				return out
			}
			key = key[len(start):]
			if group := q.group(key); group != "" {
				out.prefixes, out.last, leap = append(out.prefixes, group), group, group
				break
			}
			out.objects, out.last = append(out.objects, v), key
		}
		if leap == "" {
			return out
		}
		after = start + leap + "\xff" // no key has this byte
	}
}

// group is the common prefix that a key counts to, empty if it stands for itself.
func (q *query) group(key string) string {
	if q.delimiter == "" || !strings.HasPrefix(key, q.prefix) {
		return ""
	}
	i := strings.Index(key[len(q.prefix):], q.delimiter)
	if i < 0 {
		return ""
	}
	return key[:len(q.prefix)+i+len(q.delimiter)]
}

// pageOf reads max-keys.
func pageOf(name string, given *int32) (int, error) {
	if given == nil {
		return limits.ObjectsPage, nil
	}
	if *given < 0 {
		return 0, invalidArgument(name, number(*given), "Argument maxKeys must be an integer between 0 and 2147483647")
	}
	return min(int(*given), limits.ObjectsPage), nil
}

// encoder is how the keys of an answer are written.
func encoder(kind *string) (func(string) string, error) {
	switch {
	case kind == nil || *kind == "":
		return func(s string) string { return s }, nil
	case *kind != "url":
		return nil, invalidArgument("encoding-type", *kind, "Invalid Encoding Method specified in Request")
	}
	return func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }, nil
}

func encoded(encode func(string) string, s *string) *string {
	if s == nil {
		return nil
	}
	return ptr(encode(*s))
}

// Tokens are opaque: the key a page ended with.
func sealToken(key string) string { return base64.URLEncoding.EncodeToString([]byte("1" + key)) }

func openToken(token string) (string, error) {
	if token == "" {
		return "", nil
	}
	raw, err := base64.URLEncoding.DecodeString(token)
	if err != nil || len(raw) < 2 || raw[0] != '1' {
		return "", invalidArgument("continuation-token", token, "The continuation token provided is incorrect")
	}
	return string(raw[1:]), nil
}

func (s *Service) listObjects(_ context.Context, c *op.Call, in *s3api.ListObjectsRequest) (*s3api.ListObjectsOutput, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	most, err := pageOf("max-keys", in.MaxKeys)
	if err != nil {
		return nil, err
	}
	encode, err := encoder(in.EncodingType)
	if err != nil {
		return nil, err
	}
	page := s.walk(query{b.Name, in.GetPrefix(), in.GetDelimiter(), in.GetMarker(), most})
	out := &s3api.ListObjectsOutput{
		Name: &b.Name, Prefix: ptr(encode(in.GetPrefix())), Marker: ptr(encode(in.GetMarker())), MaxKeys: ptr(int32(most)), IsTruncated: &page.more,
		Delimiter: encoded(encode, optional(in.GetDelimiter())), EncodingType: in.EncodingType,
		CommonPrefixes: commonPrefixes(page.prefixes, encode), Contents: contents(page.objects, encode, owner(b.Account)),
	}
	if page.more && in.GetDelimiter() != "" {
		out.NextMarker = ptr(encode(page.last))
	}
	return out, nil
}

func (s *Service) listObjectsV2(_ context.Context, c *op.Call, in *s3api.ListObjectsV2Request) (*s3api.ListObjectsV2Output, error) {
	b, err := s.bucket(c)
	if err != nil {
		return nil, err
	}
	most, err := pageOf("max-keys", in.MaxKeys)
	if err != nil {
		return nil, err
	}
	encode, err := encoder(in.EncodingType)
	if err != nil {
		return nil, err
	}
	if in.ContinuationToken != nil && *in.ContinuationToken == "" {
		return nil, invalidArgument("continuation-token", "", "The continuation token provided is incorrect")
	}
	after, err := openToken(in.GetContinuationToken())
	if err != nil {
		return nil, err
	}
	if after == "" {
		after = in.GetStartAfter()
	}
	page := s.walk(query{b.Name, in.GetPrefix(), in.GetDelimiter(), after, most})
	var who *s3api.Owner
	if in.GetFetchOwner() {
		who = owner(b.Account)
	}
	out := &s3api.ListObjectsV2Output{
		Name: &b.Name, Prefix: ptr(encode(in.GetPrefix())), MaxKeys: ptr(int32(most)), KeyCount: ptr(int32(page.len())), IsTruncated: &page.more,
		Delimiter: encoded(encode, optional(in.GetDelimiter())), EncodingType: in.EncodingType, StartAfter: encoded(encode, in.StartAfter),
		ContinuationToken: in.ContinuationToken, CommonPrefixes: commonPrefixes(page.prefixes, encode), Contents: contents(page.objects, encode, who),
	}
	if page.more {
		out.NextContinuationToken = ptr(sealToken(page.last))
	}
	return out, nil
}

func commonPrefixes(all []string, encode func(string) string) []s3api.CommonPrefix {
	var shown []s3api.CommonPrefix
	for _, p := range all {
		shown = append(shown, s3api.CommonPrefix{Prefix: ptr(encode(p))})
	}
	return shown
}

func contents(all []*version, encode func(string) string, who *s3api.Owner) []s3api.Object {
	shown := make([]s3api.Object, 0, len(all))
	for _, v := range all {
		shown = append(shown, s3api.Object{
			Key: ptr(encode(v.Key)), ETag: quoted(v.ETag), LastModified: &v.Modified, Size: &v.Size, StorageClass: &v.StorageClass, Owner: who,
			ChecksumAlgorithm: v.sumAlgorithms(), ChecksumType: v.sumType(),
		})
	}
	return shown
}

func (v *version) sumAlgorithms() []string {
	if v.Sum.Value == "" {
		return nil
	}
	return []string{v.Sum.Algorithm}
}
