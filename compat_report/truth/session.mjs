// One notebook, the same under Node and in a web worker: load the runtime, put in it what the
// notebook would find, and hand over to inside.py.

// A dying Pyodide prints its own source; the first lines of its message are what a person needs.
const told = (error) => {
  const lines = String(error?.message ?? error)
    .split("\n")
    .filter((line) => line.trim());
  const kept = error?.name === "PythonError" ? lines.slice(-1) : lines.slice(0, 2);
  return kept.join(" ").slice(0, 500);
};

// What a notebook prints is of no matter, and one may print for ever.
const quiet = () => {};

export async function run({ loadPyodide, base, indexURL, get, asked, seal, tell }) {
  const say = (event) => tell(JSON.stringify(event));
  const read = async (path) => {
    const response = await get(base + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  let pyodide = null;
  try {
    const text = new TextDecoder();
    const plan = JSON.parse(text.decode(await read("/plan.json")));
    pyodide = await loadPyodide({
      indexURL,
      lockFileContents: text.decode(await read("/lock.json")),
      stdLibURL: `${base}/compiled/python_stdlib.zip`,
      packageBaseUrl: `${base}/wheels/`,
      // Nobody can type anything.
      stdin: () => null,
      stdout: quiet,
      stderr: quiet,
    });
    const extractDir = pyodide.runPython("import site; site.getsitepackages()[0]");
    for (const path of plan.unpacked) {
      pyodide.unpackArchive(await read(path), "wheel", { extractDir });
    }
    for (const path of plan.archives) {
      const place = `/lib/${path.split("/").at(-1)}`;
      pyodide.FS.writeFile(place, await read(path));
      pyodide.runPython(`import sys; sys.path.append(${JSON.stringify(place)})`);
    }
    if (plan.packages.length) await pyodide.loadPackage(plan.packages, { messageCallback: quiet });
    if (plan.micropip) {
      const micropip = pyodide.pyimport("micropip");
      micropip.set_index_urls(`${base}/simple`);
      if (plan.wheels.length) {
        const wheels = pyodide.toPy(plan.wheels.map((path) => base + path));
        await micropip.install.callKwargs(wheels, { deps: false });
      }
    }
    const folder = pyodide.runPython("import os; os.getcwd()");
    pyodide.unpackArchive(await read("/files.zip"), "zip", { extractDir: folder });
    pyodide.runPython("import importlib; importlib.invalidate_caches()");
    const namespace = pyodide.toPy({ __name__: "inside" });
    pyodide.runPython(text.decode(await read("/inside.py")), { globals: namespace });
    const measure = () => {
      // Memory of WebAssembly only grows: what it is now is its height.
      const heap = pyodide._module.HEAPU8.length;
      return JSON.stringify({ heap, asked: asked.slice(0, 5) });
    };
    seal();
    await namespace.get("main")(JSON.stringify(plan), tell, measure);
    say({ kind: "ended" });
  } catch (error) {
    const heap = pyodide?._module?.HEAPU8?.length ?? 0;
    say({ kind: "died", reason: told(error), heap });
  }
}
