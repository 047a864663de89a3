// The web worker: what it has to tell is on the server before the next thing is tried, because a
// synchronous request waits for its answer. When the worker dies, the server knows of what.
import { loadPyodide } from "/runtime/pyodide.mjs";
import { run } from "/session.mjs";

const base = self.location.origin;
const { fetch, XMLHttpRequest } = self;
const tell = (text) => {
  const request = new XMLHttpRequest();
  request.open("POST", `${base}/events`, false);
  request.send(text);
};

// The page's policy lets no request out; here it is written down that one was tried.
const asked = [];
const refuse = (address) => {
  const url = new URL(String(address?.url ?? address), base);
  if (url.origin === base || !/^https?:$/.test(url.protocol)) return;
  asked.push(url.href.slice(0, 200));
};
const seal = () => {
  self.fetch = (address, options) => {
    refuse(address);
    return fetch(address, options);
  };
  const { open } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    refuse(address);
    return open.call(this, method, address, ...rest);
  };
};

const get = (url) => fetch(url);
await run({ loadPyodide, base, indexURL: "/runtime/", get, asked, seal, tell });
