// Starts the runtime and has it survey its own standard library: survey.py runs in it with the
// table of probes, and what it answers is told as one line of JSON on standard output.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, program, table] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
// Importing everything prints and warns; none of it is an answer.
const silent = () => {};
const pyodide = await loadPyodide({ indexURL: folder, stdout: silent, stderr: silent });
pyodide.globals.set("PROBES", readFileSync(table, "utf-8"));
pyodide.runPython(readFileSync(program, "utf-8"));
const told = pyodide.runPython("survey(PROBES)");
process.stdout.write(`\n${told}\n`, () => process.exit(0));
