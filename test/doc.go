// Package test holds the end-to-end tests: the built binary, with the real
// clients (aws CLI, boto3, Terraform, the Go SDK), over HTTP.
package test
