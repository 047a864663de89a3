// Loads one wheel into the runtime, imports the module `m` and calls `m.call()`; says on standard
// output how far that went, a line a step. Of a runtime that dies the last line is missing.
import { readFileSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [runtime, stdLibURL, wheel] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${runtime}/pyodide.mjs`));
const pyodide = await loadPyodide({ indexURL: runtime, stdLibURL });
const extractDir = pyodide.runPython("import site; site.getsitepackages()[0]");
pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel", { extractDir });
pyodide.globals.set("tell", (text) => writeSync(1, `${text}\n`));
try {
  pyodide.runPython(`
import importlib
importlib.invalidate_caches()
tell("importing")
try:
    import m
except Exception as error:
    tell(f"import: {type(error).__name__}: {error}")
else:
    tell("imported")
    try:
        tell(f"called: {m.call()}")
    except Exception as error:
        tell(f"called: {type(error).__name__}: {error}")
`);
} catch (error) {
  writeSync(1, `died: ${String(error.message ?? error).split("\n")[0]}\n`);
  process.exit(0);
}
process.exit(0);
