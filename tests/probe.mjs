// Runs snippets of Python one after another in one runtime, the same under Node and in a web worker.
// What became of each is one line: "returns …", "passes" (no expression at its end) or "raises …".
const HARNESS = `
async def probe(source):
    import ast
    from pyodide.code import eval_code_async
    tree = ast.parse(source)
    ends = isinstance(tree.body[-1], ast.Expr)
    try:
        value = await eval_code_async(source, {"__name__": "__main__"})
    except BaseException as error:
        return f"raises {type(error).__name__}: {error}"[:300]
    return f"returns {value!r}"[:300] if ends else "passes"
`;

export async function start(loadPyodide, options) {
  const pyodide = await loadPyodide({ stdout() {}, stderr() {}, ...options });
  pyodide.runPython(HARNESS);
  const probe = pyodide.globals.get("probe");
  return async (source) => {
    try {
      return await probe(source);
    } catch (error) {
      return `dies: ${String(error?.message ?? error).split("\n")[0]}`.slice(0, 300);
    }
  };
}

if (globalThis.process?.versions?.node) {
  const { readFileSync } = await import("node:fs");
  const { pathToFileURL } = await import("node:url");
  const [folder, stdLibURL, file] = process.argv.slice(2);
  const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
  const probe = await start(loadPyodide, { indexURL: folder, stdLibURL });
  for (const source of JSON.parse(readFileSync(file, "utf8"))) {
    const told = await probe(source);
    process.stdout.write(`${JSON.stringify(told)}\n`);
  }
  process.stdout.write("", () => process.exit(0));
}
