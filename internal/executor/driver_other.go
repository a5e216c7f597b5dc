//go:build !linux

package executor

import "runtime"

// MaybeRunSandbox must be the first call of main: on Linux the program becomes
// a sandbox's first process there, when it was started as one.
func MaybeRunSandbox() {}

func chooseDriver(c driverConfig) (driver, sandbox) {
	return newBareDriver(c, "sandboxes are made on Linux only, and this is "+runtime.GOOS), nil
}
