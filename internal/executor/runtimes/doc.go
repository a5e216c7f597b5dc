// Package runtimes finds what starts a function's code: the interpreter for a
// runtime name, the folders it needs, and the loops that speak the Runtime API
// for languages whose functions do not speak it themselves.
//
//	name.go        the runtime names of Lambda, and which can run here
//	runtime.go     a runtime, and the command that starts its functions
//	set.go         a name to an interpreter, once
//	search.go      where interpreters are looked for
//	ask.go python.go node.go   what an interpreter says of itself
//	mounts.go      the folders of the host an interpreter cannot do without
//	loops.go loops/   the loops: sallyport_loop.py and sallyport_loop.cjs
//
// A version manager puts a script in the place of the interpreter, and that
// script costs more than ten times a start. So whatever is found is asked once
// which program it really runs, and that program is started from then on.
//
// Python is started without its site module, whose work (files ending in .pth,
// which may run anything) can cost more than all the rest of a start. The
// site-packages of the host are importable, but their .pth files are not read;
// those of the function's own code are, as on AWS.
//
// Differences from AWS: logs are plain text only (no JSON log format), and a
// message of several lines is several events; nodejs24.x takes handlers with a
// callback; a streamed response of a Node.js function is sent at its end; what
// the host has of the AWS SDKs is what a function gets.
package runtimes
