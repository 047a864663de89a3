// The web worker of Try it: the runtime, then the wheel, then the snippet. It outlives a run, so that
// the next one begins at once; the page ends it to stop a snippet.

// More than this is not shown: a page with endless text in it is no page.
const SHOWN = 200_000;
const PAUSE = 50;

let pyodide = null;
let kept = [];
let size = 0;
let sent = 0;

const tell = (kind, rest = {}) => {
  flush();
  postMessage({ kind, ...rest });
};
const flush = () => {
  const waiting = kept;
  kept = [];
  sent = performance.now();
  for (const [kind, text] of waiting) postMessage({ kind, text });
};
const print = (kind) => {
  const decoder = new TextDecoder();
  return (bytes) => {
    const text = decoder.decode(bytes, { stream: true });
    if (size < SHOWN) {
      size += text.length;
      const cut = size >= SHOWN ? "\n… the rest is not shown\n" : "";
      if (kept.at(-1)?.[0] === kind) kept.at(-1)[1] += text + cut;
      else kept.push([kind, text + cut]);
    }
    if (performance.now() - sent > PAUSE) flush();
    return bytes.length;
  };
};

async function start({ key, release, runtime, snippet, index, project, version }) {
  tell("phase", { text: `Starting ${release}` });
  const { loadPyodide } = await import(`${runtime}pyodide.mjs`);
  const source = fetch(snippet);
  const started = await loadPyodide({ indexURL: runtime });
  tell("phase", { text: `Installing ${project} ${version}` });
  await started.loadPackage("micropip", { messageCallback: () => {} });
  started.setStdout({ write: print("out") });
  started.setStderr({ write: print("err") });
  const response = await source;
  if (!response.ok) throw new Error(`${snippet}: ${response.status}`);
  started.runPython(await response.text(), { filename: "porter.py" });
  await started.globals.get("install")(project, version, index);
  pyodide = started;
  tell("ready", { key });
}

onmessage = async ({ data }) => {
  size = 0;
  try {
    if (pyodide === null) await start(data);
    tell("phase", { text: "Running" });
    const [outcome, text] = (await pyodide.globals.get("run")(data.code)).toJs();
    if (text) tell(outcome === "done" ? "result" : "exception", { text: text.slice(0, SHOWN) });
    tell("ended", { outcome });
  } catch (error) {
    // Of a Python traceback the last line is what a person needs.
    const lines = String(error?.message ?? error).trim().split("\n");
    tell("failed", { text: error?.name === "PythonError" ? lines.at(-1) : lines[0] });
  }
};
