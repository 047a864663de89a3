// Node: what happens is appended to a file, one JSON document a line, each on disk before the next
// thing is tried. When the runtime dies, the file tells of what.
import { appendFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [base, runtime, events, session] = process.argv.slice(2);
const { run } = await import(pathToFileURL(session));
const { loadPyodide } = await import(pathToFileURL(`${runtime}/pyodide.mjs`));
const tell = (text) => appendFileSync(events, `${text}\n`);

await run({ loadPyodide, base, indexURL: runtime, print: undefined, tell });
process.exit(0);
