// Run in a browser kernel's worker, which has the server's files at /drive by `@jupyterlite/services`,
// lib/contents/drivefs.js, 0.8.4. What that leaves out, so that files are as on the server:
// - an answer that is none is an OSError, where it would end the runtime;
// - an error of the server's is the one that it names (`kernel_bridge/web/drive.py`);
// - all who have a file open see what any of them wrote, and its size; `os.fsync` saves it;
// - a file that is removed or moved while it is open is not written anew under its old name.
// Returns a function that tells how often this kernel has changed what there is.
(pyodide => {
  const { FS, ERRNO_CODES } = pyodide;
  const drive = FS.lookupPath('/drive').node.mount.type;
  const { API, node_ops: nodes, stream_ops: streams } = drive;
  const fail = name => new FS.ErrnoError(ERRNO_CODES[name] ?? ERRNO_CODES.EINVAL);
  // Of a gateway whose server is away.
  const AWAY = [0, 502, 503, 504];

  let changes = 0;
  API.request = data => {
    changes += ['put', 'mknod', 'rename', 'rmdir'].includes(data.method) ? 1 : 0;
    const asked = new XMLHttpRequest();
    asked.open('POST', encodeURI(API.endpoint), false);
    try {
      asked.send(JSON.stringify({ data, browsingContextId: API._browsingContextId }));
    } catch {
      throw fail('ECONNREFUSED');
    }
    if (AWAY.includes(asked.status)) {
      throw fail('ECONNREFUSED');
    }
    let told;
    try {
      told = JSON.parse(asked.responseText);
    } catch {
      throw fail('EIO');
    }
    if (asked.status >= 400) {
      throw fail(told?.errno ?? (asked.status === 403 ? 'EACCES' : 'EINVAL'));
    }
    return told;
  };

  /** The open files by path: {file: {data, format}, path, room, users, dirty}. */
  const open = new Map();
  const writes = stream => ((stream.flags ?? stream.shared.flags) & 3) !== 0;
  const save = held => {
    if (held.dirty && held.path !== null) {
      API.put(held.path, held.file);
      held.dirty = false;
    }
  };
  const resize = (held, size) => {
    const { data } = held.file;
    if (size > held.room.length) {
      // Twice the room: a file that grows is not copied at each write.
      held.room = new Uint8Array(Math.max(size, 2 * held.room.length));
      held.room.set(data);
    } else if (size > data.length) {
      held.room.fill(0, data.length, size);
    }
    held.file.data = held.room.subarray(0, size);
  };
  const read = (stream, path) => {
    try {
      return API.get(path);
    } catch (error) {
      // It was there once, and the server has it no more.
      if (error.errno !== ERRNO_CODES.ENOENT || !writes(stream)) {
        throw error;
      }
      API.mknod(path, stream.node.mode);
      return API.get(path);
    }
  };

  const cut = (path, size) => {
    let file;
    try {
      file = API.get(path);
    } catch (error) {
      // To be opened for writing: it is made anew then.
      if (error.errno === ERRNO_CODES.ENOENT) {
        return;
      }
      throw error;
    }
    if (file.data.length !== size) {
      const data = new Uint8Array(size);
      data.set(file.data.subarray(0, size));
      API.put(path, { ...file, data });
    }
  };

  streams.open = stream => {
    if (!FS.isFile(stream.node.mode)) {
      return;
    }
    const path = drive.realPath(stream.node);
    let held = open.get(path);
    if (!held) {
      const file = read(stream, path);
      held = { file, path, room: file.data, users: 0, dirty: false };
      open.set(path, held);
    }
    held.users += 1;
    stream.held = held;
  };
  streams.dup = stream => {
    if (stream.held) {
      stream.held.users += 1;
    }
  };
  streams.close = stream => {
    const { held } = stream;
    stream.held = undefined;
    if (!held) {
      return;
    }
    held.users -= 1;
    try {
      save(held);
    } finally {
      if (held.users === 0 && open.get(held.path) === held) {
        open.delete(held.path);
      }
    }
  };
  streams.fsync = ({ held }) => {
    if (held) {
      save(held);
    }
    return 0;
  };
  streams.read = ({ held }, buffer, offset, length, position) => {
    const part = held?.file.data.subarray(position, position + length);
    if (!part?.length) {
      return 0;
    }
    buffer.set(part, offset);
    return part.length;
  };
  streams.write = ({ held, node }, buffer, offset, length, position) => {
    if (!held || length <= 0) {
      return 0;
    }
    if (position + length > held.file.data.length) {
      resize(held, position + length);
    }
    held.file.data.set(buffer.subarray(offset, offset + length), position);
    held.dirty = true;
    held.changed = node.timestamp = Date.now();
    return length;
  };
  streams.llseek = (stream, offset, whence) => {
    const from = [0, stream.position ?? stream.shared.position, stream.held?.file.data.length ?? 0];
    const position = from[whence] + offset;
    if (!(position >= 0)) {
      throw fail('EINVAL');
    }
    return position;
  };

  const { getattr, setattr, rename, unlink } = nodes;
  nodes.getattr = value => {
    const node = drive.node_ops.node(value);
    const held = value.held ?? open.get(drive.realPath(node));
    if (!held) {
      return getattr(value);
    }
    const size = held.file.data.length;
    if (held.path === null) {
      const time = new Date(held.changed ?? node.timestamp);
      const times = { atime: time, mtime: time, ctime: time };
      const owner = { uid: 0, gid: 0, rdev: 0 };
      const blocks = { size, blksize: 4096, blocks: Math.ceil(size / 4096) };
      return { dev: 1, ino: node.id, mode: node.mode, nlink: 0, ...owner, ...blocks, ...times };
    }
    const told = { ...getattr(value), size };
    return held.dirty ? { ...told, mtime: new Date(held.changed) } : told;
  };
  streams.getattr = nodes.getattr;
  nodes.setattr = (value, { size, ...others }) => {
    if (size !== undefined) {
      const path = drive.realPath(drive.node_ops.node(value));
      const held = value.held ?? open.get(path);
      if (held) {
        resize(held, size);
        held.dirty = true;
        held.changed = Date.now();
      } else {
        cut(path, size);
      }
    }
    setattr(value, others);
  };
  streams.setattr = nodes.setattr;
  const pathOf = (parent, name) => drive.PATH.join2(drive.realPath(parent), name);
  const forget = path => {
    const held = open.get(path);
    if (held) {
      held.path = null;
      open.delete(path);
    }
  };
  nodes.rename = (node, parent, name) => {
    const [from, to] = [pathOf(node.parent, node.name), pathOf(parent, name)];
    const held = open.get(from);
    if (held) {
      save(held);
    }
    rename(node, parent, name);
    forget(to);
    for (const [path, moved] of [...open]) {
      if (path === from || path.startsWith(`${from}/`)) {
        open.delete(path);
        moved.path = to + path.slice(from.length);
        open.set(moved.path, moved);
      }
    }
  };
  nodes.unlink = (parent, name) => {
    unlink(parent, name);
    forget(pathOf(parent, name));
  };
  return () => changes;
})
