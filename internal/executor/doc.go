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
// External extensions start before the runtime and have until all of them wait again
// (extension_life.go); they subscribe to telemetry (telemetry.go). The X-Ray daemon of
// a traced function is a socket of ours inside its sandbox (daemon.go).
//
// Differences from AWS: no share of the processor that goes with the memory;
// INIT_START names the runtime that really runs and carries a version ARN of our
// own making; AWS_ENDPOINT_URL is set, so that SDKs come back to this server; an
// idle environment is frozen a moment after its response, not with it;
// "Max Memory Used" counts files that were read and what is in /tmp, up to the
// memory size, while the bound on memory counts neither. Without control groups
// that bound is a rough one. The REPORT line is written with the response: it does not
// count what extensions do after it. Of an invoke that took its process with it,
// telemetry says no more. The X-Ray daemon takes datagrams, and serves no sampling
// rules. Names below sandbox.localdomain are known in sandboxes only.
package executor
