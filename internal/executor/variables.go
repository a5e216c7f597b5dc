package executor

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// variables is the environment of a function's process: Lambda's variables
// (facts/execution-role.md section 7), the user's over those that are not
// reserved, and the way back to this server for SDKs.
func (e *Environment) variables(at places) []string {
	f, r := e.function, e.runtime
	v := map[string]string{
		"LANG":            "en_US.UTF-8",
		"TZ":              ":UTC",
		"PATH":            "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:" + at.opt + "/bin",
		"LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:" + at.runtime + ":" + at.runtime + "/lib:" + at.task + ":" + at.task + "/lib:" + at.opt + "/lib",
		"SHLVL":           "0",
		"PWD":             at.task,

		"AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
	}
	maps.Copy(v, daemonVariables(at))
	switch r.Language {
	case "python":
		v["PYTHONPATH"] = at.runtime
	case "nodejs":
		v["NODE_PATH"] = nodePath(f.Runtime, at)
	}
	if at.temp != "/tmp" {
		v["TMPDIR"] = at.temp
	}
	if at.endpoint != "" {
		v["AWS_ENDPOINT_URL"] = "http://" + at.endpoint
	}
	maps.Copy(v, f.Variables)
	maps.Copy(v, e.secrets)
	maps.Copy(v, e.reserved(at))
	all := make([]string, 0, len(v))
	for _, name := range slices.Sorted(maps.Keys(v)) {
		all = append(all, name+"="+v[name])
	}
	return all
}

// nodePath is where Node.js looks for modules: what a layer brings for one release,
// then what it brings for all (Lambda guide, "Packaging layer content").
func nodePath(runtime string, at places) string {
	release := strings.TrimSuffix(strings.TrimPrefix(runtime, "nodejs"), ".x")
	return at.opt + "/nodejs/node" + release + "/node_modules:" + at.opt + "/nodejs/node_modules:" +
		at.runtime + "/node_modules:" + at.runtime + ":" + at.task
}

// daemonVariables say where the X-Ray daemon is. Nobody takes what is sent there
// when the function is not traced; SDKs send without an answer.
func daemonVariables(at places) map[string]string {
	address := at.daemon
	if address == "" {
		address = "127.0.0.1:2000"
	}
	host, port, _ := strings.Cut(address, ":")
	return map[string]string{"AWS_XRAY_DAEMON_ADDRESS": address, "_AWS_XRAY_DAEMON_ADDRESS": host, "_AWS_XRAY_DAEMON_PORT": port}
}

// reserved are the variables a user cannot set.
func (e *Environment) reserved(at places) map[string]string {
	f, c := e.function, e.credentials
	v := map[string]string{
		"_HANDLER":                        f.Handler,
		"AWS_REGION":                      f.Region,
		"AWS_DEFAULT_REGION":              f.Region,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     f.Version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  e.initialization(),
		"AWS_LAMBDA_LOG_GROUP_NAME":       f.LogGroup,
		"AWS_LAMBDA_LOG_STREAM_NAME":      e.LogStream,
		"AWS_LAMBDA_RUNTIME_API":          at.api,
		"LAMBDA_TASK_ROOT":                at.task,
		"LAMBDA_RUNTIME_DIR":              at.runtime,
		"AWS_ACCESS_KEY_ID":               c.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY":           c.SecretAccessKey,
		"AWS_SESSION_TOKEN":               c.SessionToken,
	}
	// Custom runtimes get no AWS_EXECUTION_ENV.
	if !strings.HasPrefix(f.Runtime, "provided") {
		v["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + f.Runtime
	}
	return v
}

// initialization says in Lambda's words why the environment was made.
func (e *Environment) initialization() string {
	if e.provision != nil {
		return "provisioned-concurrency"
	}
	return "on-demand"
}
