import { ServerConnection } from '@jupyterlab/services';

import { IBridgeSettings } from './settings';

/** Python that has `kernel_bridge.inside` in a kernel, and starts it. */
export async function bringing(settings: IBridgeSettings): Promise<string> {
  return startingCode(await insideZip(settings), settings.simpleUrl ?? '');
}

let zip: Promise<string> | null = null;

/** The zip of `kernel_bridge/inside`, as base64, fetched once a page. */
function insideZip(settings: IBridgeSettings): Promise<string> {
  const fetched = (zip ??= (async () => {
    const server = ServerConnection.makeSettings();
    const response = await ServerConnection.makeRequest(settings.insideUrl, {}, server);
    if (!response.ok) {
      throw await ServerConnection.ResponseError.create(response);
    }
    const bytes = new Uint8Array(await response.arrayBuffer());
    let text = '';
    for (const byte of bytes) {
      text += String.fromCharCode(byte);
    }
    return btoa(text);
  })());
  fetched.catch(() => {
    zip = null;
  });
  return fetched;
}

/**
 * Python that puts the zip where imports look last, and starts what is in it.
 *
 * In the browser micropip has the private index from then on, and asks no other.
 */
function startingCode(zip: string, index: string): string {
  return [
    'def _porter(text, index):',
    '    import base64, hashlib, os, sys, tempfile',
    '    data = base64.b64decode(text)',
    '    name = f"porter-inside-{hashlib.sha256(data).hexdigest()[:16]}-{os.getuid()}.zip"',
    '    path = os.path.join(tempfile.gettempdir(), name)',
    '    if path not in sys.path:',
    '        part = f"{path}.{os.getpid()}"',
    '        with open(part, "wb") as file:',
    '            file.write(data)',
    '        os.replace(part, path)',
    '        sys.path.append(path)',
    '    if sys.platform == "emscripten" and index:',
    '        import micropip',
    '        micropip.set_index_urls([index])',
    '    import kernel_bridge.inside',
    '    kernel_bridge.inside.start(get_ipython())',
    `_porter("${zip}", ${JSON.stringify(index)})`,
    'del _porter'
  ].join('\n');
}
