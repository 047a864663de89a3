// Starts the runtime, installs wheels, and hands over to harness.py inside it. What happens is
// appended to a file, one JSON document a line, each on disk before the next thing is tried: when
// the runtime dies, the file tells of what.
import { appendFileSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const tell = (text) => appendFileSync(plan.events, `${text}\n`);

// A dying Pyodide prints its own source; the first lines of its message are what a person needs.
// Of a Python traceback it is the last one.
const told = (error) => {
  const lines = String(error?.message ?? error)
    .split("\n")
    .filter((line) => line.trim());
  const kept = error?.name === "PythonError" ? lines.slice(-1) : lines.slice(0, 2);
  return kept.join("\n").slice(0, 500);
};

try {
  const { loadPyodide } = await import(pathToFileURL(`${plan.runtime}/pyodide.mjs`));
  const pyodide = await loadPyodide({ indexURL: plan.runtime });
  const extractDir = pyodide.runPython("import site; site.getsitepackages()[0]");
  for (const wheel of plan.wheels) {
    pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel", { extractDir });
  }
  for (const [name, path] of plan.files) {
    pyodide.FS.mkdirTree(name.slice(0, name.lastIndexOf("/")));
    pyodide.FS.writeFile(name, readFileSync(path));
  }
  tell(JSON.stringify({ kind: "started" }));
  pyodide.runPython(readFileSync(plan.harness, "utf8"));
  const main = pyodide.globals.get("main");
  main(JSON.stringify(plan), tell);
} catch (error) {
  tell(JSON.stringify({ kind: "died", reason: told(error) }));
  process.exit(1);
}
process.exit(0);
