"use strict";
// Runs a Node.js function: takes events from the Lambda Runtime API, one at a
// time over one connection, and hands back what the handler makes of them.
//
// The connection is a bare socket. It keeps the event loop alive only while the
// function waits for an event: so the loop runs empty when a handler has nothing
// left to do, which is how Lambda knows that one with a callback is done.

const fs = require("fs");
const net = require("net");
const path = require("path");
const util = require("util");

const ROOT = "/2018-06-01/runtime/";

// Exit codes of Lambda's own runtime.
const EXIT_UNHANDLED_REJECTION = 128;
const EXIT_UNCAUGHT_EXCEPTION = 129;

// What runs now: "init", "idle" (waiting for an event), "invoke" or "end".
let phase = "init";
let requestId;
let connection;

/** One connection to the Runtime API. Its end is the end of the process. */
class Connection {
  constructor(address) {
    const colon = address.lastIndexOf(":");
    this.address = address;
    this.waiting = []; // who gets the responses to come, in their order
    this.chunks = [];
    this.size = 0;
    this.needed = 0; // there is nothing to be done below this size
    this.head = null;
    this.socket = net.connect(Number(address.slice(colon + 1)), address.slice(0, colon));
    this.socket.setNoDelay(true);
    this.socket.unref();
    this.socket.on("data", (chunk) => this.take(chunk));
    this.socket.on("error", () => process.exit(1));
    this.socket.on("close", () => process.exit(1));
  }

  get(where) {
    return `GET ${ROOT}${where} HTTP/1.1\r\nHost: ${this.address}\r\n\r\n`;
  }

  post(where, body, type) {
    const kind = type === undefined ? "" : `Lambda-Runtime-Function-Error-Type: ${type}\r\n`;
    const head = `POST ${ROOT}${where} HTTP/1.1\r\nHost: ${this.address}\r\nContent-Type: application/json\r\n${kind}`;
    if (typeof body === "string") return `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    return Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]);
  }

  /** Sends a request. What is given is called with its response: head, body. */
  send(request, receive) {
    this.waiting.push(receive);
    this.socket.ref();
    this.socket.write(request);
  }

  take(chunk) {
    this.chunks.push(chunk);
    this.size += chunk.length;
    if (this.size < this.needed) return;
    let data = this.chunks.length === 1 ? chunk : Buffer.concat(this.chunks, this.size);
    this.chunks = [];
    for (;;) {
      if (this.head === null) {
        const end = data.indexOf("\r\n\r\n");
        if (end < 0) {
          this.needed = data.length + 1;
          break;
        }
        this.head = parseHead(data.latin1Slice(0, end));
        data = data.subarray(end + 4);
      }
      const { head } = this;
      if (data.length < head.length) {
        this.needed = head.length;
        break;
      }
      this.head = null;
      const receive = this.waiting.shift();
      if (this.waiting.length === 0) this.socket.unref();
      receive(head, data.subarray(0, head.length));
      data = data.subarray(head.length);
    }
    if (data.length > 0) this.chunks.push(data);
    this.size = data.length;
  }
}

function parseHead(text) {
  const lines = text.split("\r\n");
  const headers = Object.create(null);
  for (let i = 1; i < lines.length; i++) {
    const colon = lines[i].indexOf(":");
    headers[lines[i].slice(0, colon).toLowerCase()] = lines[i].slice(colon + 1).trim();
  }
  return { status: Number(lines[0].slice(9, 12)), headers, length: Number(headers["content-length"]) };
}

/** An error with a name of Lambda's: Runtime.HandlerNotFound. */
function failure(name, message) {
  const error = new Error(message);
  Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  error.stack = error.stack.replace(/^Error/, name);
  return error;
}

function isError(value) {
  return util.types.isNativeError(value) || (value && value.name && value.message && value.stack);
}

/** What the caller of a function gets to see of an error. */
function describe(error) {
  try {
    if (isError(error)) {
      return { errorType: String(error.name), errorMessage: String(error.message), trace: String(error.stack).split("\n") };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  } catch {
    return {
      errorType: "handled",
      errorMessage:
        "callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack",
      trace: [],
    };
  }
}

/** The error as JSON for the log, with all that was put on it. */
function toLog(error) {
  try {
    return JSON.stringify(error, (_, value) => {
      if (!isError(value)) return value;
      return Object.assign({ errorType: value.name, errorMessage: value.message, code: value.code }, value, {
        stack: typeof value.stack === "string" ? value.stack.split("\n") : value.stack,
      });
    });
  } catch {
    return JSON.stringify(describe(error));
  }
}

function log(level, text) {
  process.stdout.write(`${new Date().toISOString()}\t${requestId}\t${level}\t${text}\n`);
}

function prepareConsole() {
  const levels = { log: "INFO", info: "INFO", debug: "DEBUG", warn: "WARN", error: "ERROR", trace: "TRACE" };
  for (const [name, level] of Object.entries(levels)) {
    console[name] = (...args) => log(level, util.format(...args));
  }
}

/** An HTTP header holds one line of ASCII. */
function header(text) {
  return text.replace(/[^!-~]/g, "?");
}

/** Ends the process after telling Lambda why. */
function die(what, error, code) {
  log("ERROR", `${what} \t${toLog(error)}`);
  const before = phase;
  phase = "end";
  if (before === "idle" || before === "end") {
    process.exit(code);
  }
  const said = describe(error);
  const where = before === "init" ? "init/error" : `invocation/${requestId}/error`;
  connection.send(connection.post(where, JSON.stringify(said), header(said.errorType)), () => process.exit(code));
}

function prepareExits() {
  process.on("uncaughtException", (error) => die("Uncaught Exception", error, EXIT_UNCAUGHT_EXCEPTION));
  process.on("unhandledRejection", (reason, promise) => {
    const error = failure("Runtime.UnhandledPromiseRejection", String(reason));
    Object.assign(error, { reason, promise });
    die("Unhandled Promise Rejection", error, EXIT_UNHANDLED_REJECTION);
  });
}

/** Makes the modules of the host the last ones to be found. */
function prepareModules(libraries) {
  if (libraries.length === 0) return;
  const before = process.env.NODE_PATH;
  process.env.NODE_PATH = (before ? [before] : []).concat(libraries).join(path.delimiter);
  require("module")._initPaths();
}

/** Says whether a .js file is an ES module: the next package.json above tells. */
function isESModule(file) {
  for (let dir = path.dirname(file); path.basename(dir) !== "node_modules"; dir = path.dirname(dir)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(dir, "package.json"), "utf8")).type === "module";
    } catch (e) {
      if (e instanceof SyntaxError) return false;
    }
    if (dir === path.dirname(dir)) break;
  }
  return false;
}

async function importFile(file) {
  const url = require("url").pathToFileURL(file).href;
  try {
    return await import(url);
  } catch (e) {
    // import does not look into NODE_PATH, but on Lambda it finds what is there.
    const { register } = require("module");
    if (e.code !== "ERR_MODULE_NOT_FOUND" || !register || !process.env.NODE_PATH) throw e;
    const hook = `
      import { createRequire } from "node:module";
      import { pathToFileURL } from "node:url";
      const require = createRequire(${JSON.stringify(file)});
      export async function resolve(specifier, context, next) {
        try {
          return await next(specifier, context);
        } catch (e) {
          if (e.code !== "ERR_MODULE_NOT_FOUND" || /^[./]/.test(specifier)) throw e;
          let found;
          try { found = require.resolve(specifier); } catch { throw e; }
          return next(pathToFileURL(found).href, context);
        }
      }`;
    register(`data:text/javascript,${encodeURIComponent(hook)}`);
    return import(`${url}?with-node-path`);
  }
}

/** Loads the file of a handler, with or without its extension. */
async function loadModule(taskDir, folder, name) {
  const file = path.resolve(taskDir, folder, name);
  for (const extension of ["", ".js", ".mjs", ".cjs"]) {
    const full = file + extension;
    if (!fs.statSync(full, { throwIfNoEntry: false })?.isFile()) continue;
    const type = path.extname(full);
    return type === ".mjs" || (type === ".js" && isESModule(full)) ? importFile(full) : require(full);
  }
  return require(require.resolve(name, { paths: [taskDir, path.join(taskDir, folder)] }));
}

/** Finds the function that a handler's name stands for. */
async function load(taskDir, handler) {
  if (handler.includes("..")) {
    throw failure(
      "Runtime.MalformedHandlerName",
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const base = path.basename(handler);
  const dot = base.indexOf(".");
  if (dot < 0) throw failure("Runtime.MalformedHandlerName", "Bad handler");
  let found;
  try {
    found = await loadModule(taskDir, handler.slice(0, handler.indexOf(base)), base.slice(0, dot));
  } catch (e) {
    if (e instanceof SyntaxError) throw failure("Runtime.UserCodeSyntaxError", String(e));
    if (e && e.code === "MODULE_NOT_FOUND") throw failure("Runtime.ImportModuleError", String(e));
    throw e;
  }
  for (const key of base.slice(dot + 1).split(".")) {
    found = found && found[key];
  }
  if (!found) throw failure("Runtime.HandlerNotFound", `${handler} is undefined or not exported`);
  if (typeof found !== "function") throw failure("Runtime.HandlerNotFound", `${handler} is not a function`);
  return found;
}

function parseObject(text) {
  if (!text) return undefined;
  return JSON.parse(Buffer.from(text, "latin1").toString("utf8"));
}

/** Gives the response's body for what a handler returned. */
function serialize(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? "null";
  } catch {
    throw new Error("Unable to stringify response body");
  }
}

/** One event on its way through the handler. It is answered once. */
class Invocation {
  constructor(handler, headers) {
    this.handler = handler;
    this.headers = headers;
    this.id = headers["lambda-runtime-aws-request-id"];
    this.answered = false;
    this.waitForEmptyEventLoop = true;
    // What to answer when the event loop has run empty.
    this.whenEmpty = () => this.answer(null);
  }

  context() {
    const env = process.env;
    const deadline = Number(this.headers["lambda-runtime-deadline-ms"]);
    const end = (error, result) => (error === undefined || error === null ? this.answer(result) : this.fail(error));
    const context = {
      succeed: (result) => end(null, result),
      fail: (error) => end(error === undefined || error === null ? "handled" : error),
      done: end,
      functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
      functionName: env.AWS_LAMBDA_FUNCTION_NAME,
      memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
      logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
      clientContext: parseObject(this.headers["lambda-runtime-client-context"]),
      identity: parseObject(this.headers["lambda-runtime-cognito-identity"]),
      invokedFunctionArn: this.headers["lambda-runtime-invoked-function-arn"],
      awsRequestId: this.id,
      getRemainingTimeInMillis: () => deadline - Date.now(),
    };
    return Object.defineProperty(context, "callbackWaitsForEmptyEventLoop", {
      enumerable: true,
      get: () => this.waitForEmptyEventLoop,
      set: (value) => {
        this.waitForEmptyEventLoop = value;
      },
    });
  }

  run(body) {
    try {
      const event = JSON.parse(body.toString("utf8"));
      const context = this.context();
      if (this.handler[STREAMING]) {
        this.stream(event, context);
        return;
      }
      const result = this.handler(event, context, (error, value) => this.callback(error, value));
      if (result && typeof result.then === "function") this.settle(result, (value) => this.answer(value));
    } catch (e) {
      this.fail(e);
    }
  }

  /** Answers when a promise settles, or when it never can. */
  settle(promise, answer) {
    this.whenEmpty = () =>
      this.fail(
        failure(
          "Runtime.NodeJsExit",
          "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#process_exit_codes",
        ),
      );
    promise.then(answer, (error) => this.fail(error));
  }

  callback(error, value) {
    if (error !== undefined && error !== null) {
      this.fail(error);
    } else if (this.waitForEmptyEventLoop) {
      this.whenEmpty = () => this.answer(value);
      this.callback = () => {};
    } else {
      this.answer(value);
    }
  }

  /** A streamed response is collected, and sent at its end. */
  stream(event, context) {
    const { PassThrough } = require("stream");
    const out = new PassThrough();
    out.setContentType = () => {};
    const chunks = [];
    out.on("data", (chunk) => chunks.push(chunk));
    const ended = new Promise((resolve, reject) => {
      out.on("end", resolve);
      out.on("error", reject);
    });
    const result = Promise.resolve(this.handler(event, out, context));
    this.settle(Promise.all([result, ended]), () => this.send("response", Buffer.concat(chunks)));
  }

  answer(result) {
    let body;
    try {
      body = serialize(result);
    } catch (e) {
      this.fail(e);
      return;
    }
    this.send("response", body);
  }

  fail(error) {
    if (this.answered) return;
    log("ERROR", `Invoke Error \t${toLog(error)}`);
    const said = describe(error);
    this.send("error", JSON.stringify(said), header(said.errorType));
  }

  /** Sends the answer, and asks for the next event in the same breath. */
  send(where, body, type) {
    if (this.answered || phase !== "invoke") return;
    this.answered = true;
    phase = "idle";
    // Whether the answer was taken is Lambda's business: a late one is refused and forgotten.
    connection.socket.cork();
    connection.send(connection.post(`invocation/${this.id}/${where}`, body, type), () => {});
    askForEvent(this.handler);
    connection.socket.uncork();
  }
}

let current;

function askForEvent(handler) {
  connection.send(connection.get("invocation/next"), (head, body) => {
    if (head.status !== 200) process.exit(1);
    phase = "invoke";
    current = new Invocation(handler, head.headers);
    requestId = current.id;
    const trace = head.headers["lambda-runtime-trace-id"];
    if (trace) process.env._X_AMZN_TRACE_ID = trace;
    else delete process.env._X_AMZN_TRACE_ID;
    current.run(body);
  });
}

const STREAMING = Symbol("sallyport.streaming");

/** The global that handlers with a streamed response need. */
function prepareStreaming() {
  globalThis.awslambda = {
    streamifyResponse: (handler) => Object.assign(handler, { [STREAMING]: true }),
    HttpResponseStream: {
      from(stream, prelude) {
        stream.write(JSON.stringify(prelude));
        stream.write(Buffer.alloc(8));
        return stream;
      },
    },
  };
}

async function main() {
  const [taskDir, handler, ...libraries] = process.argv.splice(2);
  connection = new Connection(process.env.AWS_LAMBDA_RUNTIME_API);
  prepareConsole();
  prepareExits();
  prepareModules(libraries);
  prepareStreaming();
  process.on("beforeExit", () => {
    if (phase === "invoke" && current && !current.answered) current.whenEmpty();
  });
  let found;
  try {
    found = await load(taskDir, handler);
  } catch (e) {
    die("Uncaught Exception", e, EXIT_UNCAUGHT_EXCEPTION);
    return;
  }
  if (phase !== "init") return;
  phase = "idle";
  askForEvent(found);
}

main();
