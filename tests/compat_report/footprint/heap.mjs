// How far the heap's end moves while a snippet runs: each in a runtime of its own, as JSON lines.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, stdLibURL, wheel, file] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
for (const [before, measured] of JSON.parse(readFileSync(file, "utf8"))) {
  const pyodide = await loadPyodide({ indexURL: folder, stdLibURL });
  const end = () => Number(pyodide._module._sbrk(0)) >>> 0;
  if (wheel) pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel");
  const start = end();
  pyodide.runPython(before);
  const ready = end();
  pyodide.runPython(measured);
  process.stdout.write(`${JSON.stringify([start, ready - start, end() - ready])}\n`);
}
process.stdout.write("", () => process.exit(0));
