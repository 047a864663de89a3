// The web worker: what it has to tell is on the server before the next thing is tried, because a
// synchronous request waits for its answer. When the worker dies, the server knows of what.
import { loadPyodide } from "/runtime/pyodide.mjs";
import { run } from "/session.mjs";

let output = [];
const tell = (text) => {
  const request = new XMLHttpRequest();
  request.open("POST", "/events", false);
  request.send([...output, text].join("\n"));
  output = [];
};
const print = (line) => {
  output.push(JSON.stringify({ kind: "output", text: line }));
  // A test that prints much says nothing else for long.
  if (output.length > 1000) tell(output.pop());
};

await run({ loadPyodide, base: self.location.origin, indexURL: "/runtime/", print, tell });
