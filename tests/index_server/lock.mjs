// Starts Pyodide from a lock file that a server gave, and runs Python in it; prints what that says.
// Under Node Pyodide reads lock files and packages of a folder: the lock file is fetched here, and
// its packages come from below `packageBaseUrl` into `packageCacheDir`.
import { pathToFileURL } from "node:url";

const [runtime, lock, base, cache, code] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${runtime}/pyodide.mjs`));
const response = await fetch(lock);
if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
const pyodide = await loadPyodide({
  indexURL: runtime,
  lockFileContents: await response.text(),
  packageBaseUrl: base,
  packageCacheDir: cache,
  stdout: (line) => process.stderr.write(`${line}\n`),
});
await pyodide.loadPackagesFromImports(code);
const told = await pyodide.runPythonAsync(code);
process.stdout.write(JSON.stringify(told ?? null));
process.exit(0);
