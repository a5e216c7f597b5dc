package executor

// init lets any program that contains the executor become a sandbox's first
// process: a user's test binary too, whose TestMain we do not write. Without it
// such a program would start itself over and run all of its tests inside.
func init() { MaybeRunSandbox() }
