package iam

import "github.com/sallyport/sallyport/internal/op"

var _ op.Changes = (*Service)(nil)

// Changed implements op.Changes.
func (s *Service) Changed() <-chan struct{} { return s.changes.Next() }

// watched lets the index follow a table, and then tells of the change.
func watched[T any](s *Service, follow func(key string, old, now *T)) func(key string, old, now *T) {
	return func(key string, old, now *T) {
		follow(key, old, now)
		s.changes.Fire()
	}
}
