//go:build !linux

package executor

import "runtime"

func chooseDriver(c driverConfig) (driver, sandbox) {
	return newBareDriver(c, "sandboxes are made on Linux only, and this is "+runtime.GOOS), nil
}
