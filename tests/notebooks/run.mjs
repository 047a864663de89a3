// Runs notebooks in one bare runtime, in a folder of its own, and tells of each, as a line of JSON
// on standard output, the exception that ended it, or null.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , runtime, plan] = process.argv;
const { notebooks, files, wheels, shell } = JSON.parse(readFileSync(plan, "utf-8"));
const { loadPyodide } = await import(pathToFileURL(`${runtime}/pyodide.mjs`));
const quiet = { stdin: () => null, stdout: () => {}, stderr: () => {} };
const pyodide = await loadPyodide({ indexURL: runtime, ...quiet });
for (const wheel of wheels) pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel");
for (const [name, path] of Object.entries(files)) {
  pyodide.FS.mkdirTree(`/home/pyodide/${name}`.replace(/\/[^/]*$/, ""));
  pyodide.FS.writeFile(`/home/pyodide/${name}`, readFileSync(path));
}
pyodide.runPython(shell);
for (const { name, cells } of notebooks) {
  const globals = pyodide.globals.get("new_namespace")();
  let raised = null;
  let at = null;
  for (const [index, cell] of cells.entries()) {
    try {
      await pyodide.runPythonAsync(cell, { globals });
    } catch (error) {
      [raised, at] = [`${error.type ?? error.name}: ${error.message.trim().split("\n").at(-1)}`, index];
      break;
    }
  }
  pyodide.runPython("reset()");
  console.log(JSON.stringify({ name, raised, at }));
}
