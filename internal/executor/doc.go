// Package executor runs Lambda functions: ordinary processes that speak the
// real Runtime API (2018-06-01), each environment in a sandbox of its own.
//
// An environment is one sandbox with at most one runtime process in it, and
// serves one invoke at a time. Its life:
//
//	ready-made sandbox -> credentials -> code mounted -> process -> init -> invoke, idle, invoke, ... -> end
//
// A Provision (provision.go) makes environments up to the end of their init before
// any invoke asks for one, and keeps them.
//
// On Linux the sandbox is made of namespaces, a read-only tree, a seccomp
// filter and cgroups, with root and without (sandbox_linux.go says how). Where
// the kernel refuses, and on other systems, functions run as bare processes
// (bare.go): then nothing keeps roles apart, and Status and every INIT_START
// line say so.
//
// Differences from AWS: no extensions and no Telemetry API; no response
// streaming to the caller; no share of the processor that goes with the memory;
// INIT_START names the runtime that really runs and carries a version ARN of our
// own making; AWS_ENDPOINT_URL is set, so that SDKs come back to this server; an
// idle environment is frozen a moment after its response, not with it;
// "Max Memory Used" counts files that were read and what is in /tmp, up to the
// memory size, while the bound on memory counts neither. Without control groups
// that bound is a rough one.
package executor
