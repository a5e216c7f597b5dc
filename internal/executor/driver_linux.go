package executor

func MaybeRunSandbox() {}

func chooseDriver(c driverConfig) (driver, sandbox, error) {
	return newBareDriver(c, "the sandbox is not built yet"), nil, nil
}
