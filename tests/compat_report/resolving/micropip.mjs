// Starts the runtime, unpacks micropip's own wheel in it, and has it work out sets of requirements:
// node micropip.mjs RUNTIME WHEEL QUESTIONS, where QUESTIONS is JSON of {sets, indexes}.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, wheel, questions] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const silent = () => {};
const pyodide = await loadPyodide({ indexURL: folder, stdout: silent, stderr: silent });
pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel");
pyodide.globals.set("QUESTIONS", readFileSync(questions, "utf-8"));
const told = await pyodide.runPythonAsync(`
import json
from micropip._utils import sys_tags
from micropip._compat import compatibility_layer
from micropip._vendored.packaging.src.packaging.markers import default_environment
from micropip.package_index import DEFAULT_INDEX_URLS
from micropip.transaction import Transaction

async def answer(requirements, indexes):
    transaction = Transaction(
        _compat_layer=compatibility_layer, ctx=default_environment(), ctx_extras=[],
        keep_going=False, deps=True, pre=False, fetch_kwargs={},
        index_urls=indexes or DEFAULT_INDEX_URLS,
    )
    try:
        await transaction.gather_requirements(list(requirements))
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {
        "wheels": [[wheel.name, str(wheel.version)] for wheel in transaction.wheels],
        "packages": [package.name for package in transaction.pyodide_packages],
    }

asked = json.loads(QUESTIONS)
json.dumps({
    "environment": default_environment(),
    "tags": [str(tag) for tag in sys_tags()],
    "answers": [await answer(one, asked["indexes"]) for one in asked["sets"]],
})
`);
process.stdout.write(`\n${told}\n`, () => process.exit(0));
