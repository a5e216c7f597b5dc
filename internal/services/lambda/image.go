package lambda

// imageError says that a function's code is a container image, which is
// recognised and described but cannot be run.
type imageError struct{ uri string }

func (e *imageError) Error() string {
	return "Container images cannot run here: the function's code is " + e.uri +
		". Its permissions can be tested; to run it, make a function of the same name with PackageType Zip, with the image's /var/task as its code."
}
