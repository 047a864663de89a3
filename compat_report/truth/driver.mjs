// Node: what happens is appended to a file, one JSON document a line, each on disk before the next
// thing is tried. What Node has and a browser has not is taken away from the notebook.
import childProcess from "node:child_process";
import dgram from "node:dgram";
import { appendFileSync, constants } from "node:fs";
import Module from "node:module";
import net from "node:net";
import { pathToFileURL } from "node:url";

const [base, runtime, events, session] = process.argv.slice(2);
const { run } = await import(pathToFileURL(session));
const { loadPyodide } = await import(pathToFileURL(`${runtime}/pyodide.mjs`));
const { fetch } = globalThis;
const tell = (text) => appendFileSync(events, `${text}\n`);

const asked = [];
const note = (address) => {
  const url = new URL(String(address?.url ?? address), base);
  if (/^https?:$/.test(url.protocol)) asked.push(url.href.slice(0, 200));
};
const port = Number(new URL(base).port);
const cutNetwork = () => {
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...args) {
    const options = Array.isArray(args[0]) ? args[0][0] : args[0];
    const near = options?.host === "127.0.0.1" || options?.hostname === "127.0.0.1";
    if (near && Number(options.port) === port) return connect.apply(this, args);
    throw new Error("the network is off");
  };
  dgram.createSocket = () => {
    throw new Error("the network is off");
  };
};
const seal = () => {
  cutNetwork();
  // urllib3 asks for it, and goes another way than in a worker.
  Object.defineProperty(process, "release", { value: { name: "worker" } });
  globalThis.fetch = async (address, options) => {
    const url = new URL(String(address?.url ?? address), base);
    if (url.protocol === "data:" || url.origin === base) return fetch(address, options);
    note(address);
    throw new TypeError("Failed to fetch");
  };
  // A worker has it, Node has not; with the network off no request of it gets an answer.
  globalThis.XMLHttpRequest = class {
    setRequestHeader() {}
    open(method, address) {
      note(address);
    }
    send() {
      throw new Error("Failed to execute 'send' on 'XMLHttpRequest'");
    }
  };
};

// As in a browser, system() says that there is none. (The runtime's own code calls it so.)
for (const name of Object.keys(childProcess)) {
  if (typeof childProcess[name] === "function") childProcess[name] = () => ({ status: -1 });
}
// Emscripten's sockets open a WebSocket to connect, and to listen a server of this module. A
// browser's runtime knows the answers 23 (host is unreachable) and 138 (not supported).
const refuse = (number) =>
  class {
    constructor() {
      throw Object.assign(new Error("a browser has no sockets"), { name: "ErrnoError", errno: number });
    }
  };
const load = Module._load;
Module._load = (request, ...rest) =>
  request === "ws" ? Object.assign(refuse(23), { Server: refuse(138) }) : load(request, ...rest);

// Emscripten asks for the numbers of its file system where a limited Node has none to tell.
process.binding = () => ({ fs: constants });

// A worker waits for ever for what never comes; Node would end itself.
setInterval(() => {}, 1 << 30);

const get = (url) => fetch(url);
await run({ loadPyodide, base, indexURL: runtime, get, asked, seal, tell });
process.exit(0);
