// Package policy reads IAM policies and decides with them as AWS does.
package policy
