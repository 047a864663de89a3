// `node load.mjs MODULE WHEEL…`: what a person's own page or script does with wheels, and no more.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [module, ...wheels] = process.argv.slice(2);
const runtime = process.env.RUNTIME;
const { loadPyodide } = await import(pathToFileURL(`${runtime}/pyodide.mjs`));
const pyodide = await loadPyodide({ indexURL: runtime });
const extractDir = pyodide.runPython("import site; site.getsitepackages()[0]");
for (const wheel of wheels) {
  pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel", { extractDir });
}
pyodide.runPython("import importlib; importlib.invalidate_caches()");
try {
  pyodide.runPython(/[ (]/.test(module) ? module : `import ${module}`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
