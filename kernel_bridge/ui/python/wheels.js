// Run in a browser kernel's worker. Most of what loading a wheel takes is that Python inflates it, file by
// file. The Jupyter server's are stored as they are (`kernel_bridge/compiled.py`), so a file is a part of what
// was fetched: nothing is copied. Any other wheel is left to Pyodide.
//
// Nor are extension modules loaded that nobody imports: a worker may compile one when it is imported. Which
// they are `pyodide_js._api.porterExtensions` tells, since it was asked before.
pyodide => {
  const { FS, _api: api, _module: module } = pyodide;
  const python = api.package_loader;
  // Members that Pyodide unpacks elsewhere, or not at all.
  const OTHERS = /^[^/]+\.data\/|^\/|\\|(^|\/)\.\.(\/|$)/;
  const LIBRARY = /\.so(\.\d+)*$/;
  const EXTENSION = /\.(cpython-\d+-wasm32-emscripten|abi3)\.so$/;
  const FILE = 0o100644;

  let extensions = [];

  /** [name, bytes] of all members; null where that is not to be told without inflating. */
  const members = bytes => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // The end of central directory without a comment, APPNOTE.TXT 4.3.16; the directory is 4.3.12.
    const end = bytes.length - 22;
    if (end < 0 || view.getUint32(end, true) !== 0x06054b50) {
      return null;
    }
    const names = new TextDecoder();
    const found = [];
    let at = view.getUint32(end + 16, true);
    for (let left = view.getUint16(end + 10, true); left > 0; left--) {
      const length = view.getUint16(at + 28, true);
      const name = names.decode(bytes.subarray(at + 46, at + 46 + length));
      if (view.getUint32(at, true) !== 0x02014b50 || view.getUint16(at + 10, true) !== 0 || OTHERS.test(name)) {
        return null;
      }
      const head = view.getUint32(at + 42, true);
      const start = head + 30 + view.getUint16(head + 26, true) + view.getUint16(head + 28, true);
      found.push([name, bytes.subarray(start, start + view.getUint32(at + 24, true))]);
      at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    }
    return found;
  };

  const unpack = (found, folder, metadata) => {
    const nodes = new Map();
    const open = path => {
      if (!nodes.has(path)) {
        FS.mkdirTree(path);
        nodes.set(path, FS.lookupPath(path, { follow: true }).node);
      }
      return nodes.get(path);
    };
    const put = (path, contents) => {
      const cut = path.lastIndexOf('/');
      const parent = open(path.slice(0, cut));
      const name = path.slice(cut + 1);
      if (parent.contents === undefined || name in parent.contents) {
        FS.writeFile(path, contents);
      } else {
        const node = parent.node_ops.mknod(parent, name, FILE, 0);
        node.contents = contents;
        node.usedBytes = contents.length;
      }
    };
    for (const [name, contents] of found) {
      const path = `${folder}/${name}`;
      name.endsWith('/') ? open(path.slice(0, -1)) : put(path, contents);
    }
    const [info] = found.find(([name]) => /^[^/]+\.dist-info\//.test(name))[0].split('/');
    for (const [name, text] of metadata ?? []) {
      put(`${folder}/${info}/${name}`, new TextEncoder().encode(text));
    }
    const libraries = found.map(([name]) => `${folder}/${name}`).filter(path => LIBRARY.test(path));
    extensions.push(...libraries.filter(path => EXTENSION.test(path)));
    return libraries.filter(path => !EXTENSION.test(path));
  };

  const unpack_buffer = {
    callKwargs: given => {
      const { buffer, filename, format, extract_dir: folder, metadata } = given;
      const whole = buffer instanceof Uint8Array && filename?.endsWith('.whl') && !format && folder;
      const found = whole ? members(buffer) : null;
      return found?.some(([name]) => name.endsWith('.dist-info/METADATA'))
        ? unpack(found, folder, metadata)
        : python.unpack_buffer.callKwargs(given);
    }
  };
  api.package_loader = new Proxy({}, {
    get: (_, name) => (name === 'unpack_buffer' ? unpack_buffer : python[name])
  });

  // Emscripten looks through all symbols of all libraries so far with each that it loads
  // (`reportUndefinedSymbols` of libdylink.js). Those that were found are told by a prototype from then on.
  const { GOT, GOTHandler: handler } = module;
  const get = handler.get;
  const settled = {};
  Object.setPrototypeOf(GOT, settled);
  let latest = null;
  handler.get = (library, symbol) => {
    if (library !== latest) {
      latest = library;
      for (const [name, entry] of Object.entries(GOT)) {
        if (entry.value !== -1) {
          settled[name] = entry;
          delete GOT[name];
        }
      }
    }
    return get(library, symbol);
  };

  api.porterExtensions = () => {
    const told = extensions;
    extensions = [];
    return told;
  };
}
