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

// The trailers of a streamed response that failed.
const ERROR_TYPE = "Lambda-Runtime-Function-Error-Type";
const ERROR_BODY = "Lambda-Runtime-Function-Error-Body";

// How Lambda's own runtime marks handlers with a streamed response, which libraries
// know; and what is to stand before all else in a response.
const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HIGH_WATER_MARK = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");
const PRELUDE = Symbol("sallyport.prelude");

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
    const kind = type === undefined ? "" : `${ERROR_TYPE}: ${type}\r\n`;
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

/** What follows a streamed response that failed in its middle. */
function trailersOf(said) {
  const body = Buffer.from(JSON.stringify(said)).toString("base64");
  return `${ERROR_TYPE}: ${header(said.errorType)}\r\n${ERROR_BODY}: ${body}\r\n`;
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
  if (before === "invoke" && current && current.opened) {
    connection.socket.write(`0\r\n${trailersOf(said)}\r\n`, () => process.exit(code));
    return;
  }
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

  /**
   * Gives the handler a stream whose bytes are sent as it writes them. The response
   * begins with the first of them: until then a failure is one like any other.
   */
  stream(event, context) {
    const { Writable } = require("stream");
    this.contentType = "application/octet-stream";
    const out = new Writable({
      highWaterMark: this.handler[HIGH_WATER_MARK],
      write: (chunk, _, done) => this.put(chunk, done),
    });
    out.setContentType = (type) => {
      this.contentType = header(type);
    };
    this.out = out;
    const ended = new Promise((resolve, reject) => {
      out.on("finish", resolve);
      out.on("error", reject);
      out.on("close", () => reject(new Error("The response stream was destroyed")));
    });
    ended.catch(() => {}); // told below, or after the handler has failed by itself
    const result = Promise.resolve(this.handler(event, out, context));
    this.settle(Promise.all([result, ended]), () => this.end());
  }

  /** Begins a streamed response, with what has to stand before all else in it. */
  open() {
    this.opened = true;
    connection.send(
      `POST ${ROOT}invocation/${this.id}/response HTTP/1.1\r\nHost: ${connection.address}\r\nContent-Type: ${this.contentType}\r\n` +
        "Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n" +
        `Trailer: ${ERROR_TYPE}, ${ERROR_BODY}\r\n\r\n`,
      () => {},
    );
    const before = this.out[PRELUDE];
    if (before) this.put(before, () => {});
  }

  /** Sends a piece; done is called when there is room for another. */
  put(piece, done) {
    if (this.answered) {
      done();
      return;
    }
    const { socket } = connection;
    socket.cork();
    if (!this.opened) this.open();
    if (piece.length > 0) {
      socket.write(`${piece.length.toString(16)}\r\n`);
      socket.write(piece);
      socket.write("\r\n", () => done());
    } else {
      done();
    }
    socket.uncork();
  }

  /** Ends a streamed response; trailers tell what went wrong, if anything did. */
  end(trailers = "") {
    if (this.answered || phase !== "invoke") return;
    const { socket } = connection;
    socket.cork();
    if (!this.opened) this.open();
    this.answered = true;
    phase = "idle";
    socket.write(`0\r\n${trailers}\r\n`);
    askForEvent(this.handler);
    socket.uncork();
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
    if (this.opened) this.end(trailersOf(said));
    else this.send("error", JSON.stringify(said), header(said.errorType));
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

/** The global that handlers with a streamed response need. */
function prepareStreaming() {
  globalThis.awslambda = {
    streamifyResponse: (handler, options) =>
      Object.assign(handler, { [STREAMING]: "response", [HIGH_WATER_MARK]: options && options.highWaterMark }),
    HttpResponseStream: {
      // Status and headers stand before the body, as JSON with eight NULs after it.
      from(stream, prelude) {
        stream.setContentType("application/vnd.awslambda.http-integration-response");
        stream[PRELUDE] = Buffer.concat([Buffer.from(JSON.stringify(prelude)), Buffer.alloc(8)]);
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
