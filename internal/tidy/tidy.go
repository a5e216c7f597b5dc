// Package tidy holds the laws of this repository as tests. Each failure says
// why the law exists. There is nothing here to import.
package tidy
