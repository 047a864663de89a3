// A browser's kernel under Node: the runtime, pyodide-kernel's Python in it, and the page's end of a
// comm as its worker has it. Asked on standard input, a JSON document a line; buffers in base64.
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { runtime, stdlib, wheels, archives, folders } = JSON.parse(process.argv[2]);
const { loadPyodide } = await import(pathToFileURL(`${runtime}/pyodide.mjs`));
const say = (document) => process.stdout.write(`${JSON.stringify(document)}\n`);
const quiet = () => {};
// Pyodide knows no Buffer of Node's.
const read = (path) => new Uint8Array(readFileSync(path));
const pyodide = await loadPyodide({
  indexURL: runtime,
  stdLibURL: stdlib,
  stdout: quiet,
  stderr: quiet,
});
const extractDir = pyodide.runPython("import site; site.getsitepackages()[0]");
for (const wheel of wheels) {
  pyodide.unpackArchive(read(wheel), "wheel", { extractDir });
}
for (const archive of archives) {
  const place = `/lib/${archive.split("/").at(-1)}`;
  pyodide.FS.writeFile(place, read(archive));
  pyodide.runPython(`import sys; sys.path.append(${JSON.stringify(place)})`);
}
for (const [place, folder] of Object.entries(folders)) {
  pyodide.FS.mkdirTree(place);
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: folder }, place);
}
pyodide.runPython("import importlib; importlib.invalidate_caches(); import pyodide_kernel");
const kernel = pyodide.globals.get("pyodide_kernel").kernel_instance.copy();
const interpreter = kernel.interpreter.copy();
kernel._parent_header = pyodide.toPy({ header: {} });

// What pyodide-kernel's worker does with what Python hands over, in its own way.
const plain = (value) => {
  const made = Array.isArray(value) ? [] : {};
  const entries = value instanceof Map ? value.entries() : Object.entries(value);
  for (const [key, one] of entries) {
    made[key] = one instanceof Map || Array.isArray(one) ? plain(one) : one;
  }
  return made;
};
const told = (value) => (value instanceof pyodide.ffi.PyProxy ? plain(value.toJs()) : value);
// Buffers come ahead of the message that has their key.
const handed = new Map();
globalThis.postMessage = ({ _porterBuffers: { key, buffers } }, moved) =>
  handed.set(key, structuredClone(buffers, { transfer: moved }));
interpreter.send_comm = async (type, message, _metadata, _ident, buffers) => {
  const content = told(message);
  const held = handed.get(content.data?.handed) ?? told(buffers) ?? [];
  handed.clear();
  say({ type, content, buffers: held.map((b) => Buffer.from(b).toString("base64")) });
};

// A message is cloned on its way to the worker, as `postMessage` does it.
const asMessage = ({ content, buffers, views }) =>
  structuredClone({
    content,
    buffers: (buffers ?? []).map((text) => {
      const bytes = new Uint8Array(Buffer.from(text, "base64"));
      return views ? new DataView(bytes.buffer) : bytes.buffer;
    }),
  });
const nothing = () => pyodide.toPy(null);

say({ type: "ready" });
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (asked.type === "run") {
    const done = told(await kernel.run(asked.code));
    const shown = asked.show ? pyodide.globals.get("str")(interpreter.user_ns.get(asked.show)) : "";
    say({ type: "ran", status: done.status, evalue: done.evalue ?? "", shown });
  } else {
    kernel.comm_manager[asked.type](nothing(), nothing(), pyodide.toPy(asMessage(asked)));
  }
}
process.exit(0);
