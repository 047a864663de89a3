// One start of the runtime, the same under Node and in a web worker: load it, install the wheel as
// a user would, and hand over to harness.py inside it.

// A dying Pyodide prints its own source; the first lines of its message are what a person needs.
// Of a Python traceback it is the last one.
const told = (error) => {
  const lines = String(error?.message ?? error)
    .split("\n")
    .filter((line) => line.trim());
  const kept = error?.name === "PythonError" ? lines.slice(-1) : lines.slice(0, 2);
  return kept.join("\n").slice(0, 500);
};

export async function run({ loadPyodide, base, indexURL, print, tell }) {
  const say = (event) => tell(JSON.stringify(event));
  const read = async (path) => {
    const response = await fetch(base + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  try {
    const text = new TextDecoder();
    const plan = JSON.parse(text.decode(await read("/plan.json")));
    say({ kind: "phase", text: "loading the runtime" });
    const pyodide = await loadPyodide({
      indexURL,
      lockFileContents: text.decode(await read("/lock.json")),
      stdLibURL: `${base}/compiled/python_stdlib.zip`,
      packageBaseUrl: `${base}/runtime/`,
      stdout: print,
      stderr: print,
    });
    const extractDir = pyodide.runPython("import site; site.getsitepackages()[0]");
    for (const path of plan.support) {
      pyodide.unpackArchive(await read(path), "wheel", { extractDir });
    }
    pyodide.FS.mkdirTree(plan.folder);
    pyodide.unpackArchive(await read("/tests.zip"), "zip", { extractDir: plan.folder });
    pyodide.runPython(text.decode(await read("/harness.py")));
    say({ kind: "phase", text: "installing the wheel" });
    await pyodide.globals.get("install")(JSON.stringify(plan), base, tell);
    say({ kind: "started" });
    pyodide.globals.get("main")(JSON.stringify(plan), tell);
    say({ kind: "ended" });
  } catch (error) {
    say({ kind: "died", reason: told(error) });
  }
}
