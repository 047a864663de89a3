// Starts the runtime and tells, as JSON on standard output, every name that it supplies to the
// modules it loads. Emscripten keeps them as the exports of the library "__main__".
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const pyodide = await loadPyodide({ indexURL: folder });

// The engine alone knows a global's type; it tells by what the global can be imported as.
const globalTypes = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };
const globalType = (value) => {
  for (const [name, code] of Object.entries(globalTypes)) {
    for (const mutable of [0, 1]) {
      const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 2, 8, 1, 1, 101, 1, 103, 3, code, mutable];
      try {
        new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)), { e: { g: value } });
        return mutable ? `${name} mut` : name;
      } catch {
        // Not this one.
      }
    }
  }
  return "";
};

const describe = (name, value) => {
  if (typeof value === "function") {
    // A function of WebAssembly's own is named by its index.
    return /^\d+$/.test(value.name)
      ? { kind: "wasm", index: value.name }
      : { kind: "js", sig: value.sig ?? "", stub: Boolean(value.stub) };
  }
  if (typeof value === "number") return { kind: "number" };
  if (value instanceof WebAssembly.Tag) return { kind: "tag" };
  if (value instanceof WebAssembly.Global) return { kind: "global", type: globalType(value) };
  if (value instanceof WebAssembly.Memory) return { kind: "memory" };
  if (value instanceof WebAssembly.Table) return { kind: "table" };
  return { kind: typeof value };
};

const { exports } = pyodide._module.LDSO.loadedLibsByName["__main__"];
const told = Object.entries(exports).map(([name, value]) => ({ name, ...describe(name, value) }));
process.stdout.write(`\n${JSON.stringify(told)}\n`, () => process.exit(0));
