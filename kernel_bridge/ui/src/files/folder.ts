import { PathExt } from '@jupyterlab/coreutils';
import { Contents, ServerConnection } from '@jupyterlab/services';

import { MagicFailed } from '../magics/registry';

/** What a query is written for is told by the name's end, as DuckDB does. */
export type Kind = 'parquet' | 'json' | 'lines' | 'text';

/** A file that a query names; `name` is as the query has it, `path` the contents manager's. */
export interface IFile {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly kind: Kind;
}

const ENDING = /\.[a-z0-9]+(\.gz)?$/i;
const GLOB = /[*?[]/;
const LONGEST = 1000;
/** Files of one pattern. */
const MOST = 1000;
/** As the kernel has the server's folder. */
const DRIVE = '/drive/';

/** The files that a notebook's queries find: below the server's folder, as its contents manager has them. */
export class Folder {
  constructor(
    private readonly contents: Contents.IManager,
    private readonly server: ServerConnection.ISettings,
    /** The notebook's. */
    private readonly notebook: string
  ) {}

  /** The files that a text in a query means; none where it is no file's name. */
  async find(text: string): Promise<IFile[]> {
    if (text.length > LONGEST || !ENDING.test(text) || /\n|^[a-z0-9]+:\/\//i.test(text)) {
      return [];
    }
    const parts = (text.startsWith(DRIVE) ? text.slice(DRIVE.length) : text).split('/');
    const first = parts.findIndex(part => GLOB.test(part));
    if (first < 0) {
      const model = await this.look(this.path(text));
      return model && model.type !== 'directory' ? [fileOf(text, model)] : [];
    }
    const start = text.slice(0, text.length - parts.slice(first).join('/').length);
    const found: IFile[] = [];
    await this.walk(start, parts.slice(first), found);
    return found.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** A file's bytes; `tell` gets how many there are so far. Throws MagicFailed. */
  async read(
    { name, path }: IFile,
    most: number,
    signal: AbortSignal,
    tell: (bytes: number) => void
  ): Promise<Uint8Array[]> {
    const url = await this.contents.getDownloadUrl(path);
    const response = await ServerConnection.makeRequest(url, { signal }, this.server);
    if (!response.ok || !response.body) {
      throw new MagicFailed('NotThere', `${name} cannot be read: ${response.status}`);
    }
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return pieces;
      }
      bytes += value.byteLength;
      if (bytes > most) {
        void reader.cancel();
        throw tooLarge(name, most);
      }
      pieces.push(value);
      tell(bytes);
    }
  }

  /** Add what lies below `start` (as the query has it, "" or with a slash) and fits the parts. */
  private async walk(start: string, parts: string[], found: IFile[]): Promise<void> {
    const [part, ...rest] = parts;
    const folder = await this.look(this.path(start), true);
    const models: Contents.IModel[] = folder?.type === 'directory' ? folder.content : [];
    if (part === '**' && rest.length > 0) {
      await this.walk(start, rest, found);
    }
    const fits = part === '**' ? /(?:)/ : expression(part);
    for (const model of models) {
      const isFolder = model.type === 'directory';
      if (!fits.test(model.name) || (GLOB.test(part) && model.name.startsWith('.'))) {
        continue;
      }
      if (isFolder && (rest.length > 0 || part === '**')) {
        await this.walk(`${start}${model.name}/`, part === '**' ? parts : rest, found);
      } else if (!isFolder && rest.length === 0) {
        if (found.length === MOST) {
          throw new MagicFailed('TooMuch', `a pattern has more than ${MOST} files`, 'name fewer');
        }
        found.push(fileOf(`${start}${model.name}`, model));
      }
    }
  }

  private path(text: string): string {
    if (text.startsWith(DRIVE)) {
      return text.slice(DRIVE.length);
    }
    return this.contents.resolvePath(PathExt.dirname(this.notebook), text || '.');
  }

  private async look(path: string, content = false): Promise<Contents.IModel | null> {
    if (path.startsWith('..')) {
      return null;
    }
    try {
      return await this.contents.get(path, { content });
    } catch (error) {
      if (error instanceof ServerConnection.ResponseError && error.response.status < 500) {
        return null;
      }
      throw error;
    }
  }
}

export function tooLarge(name: string, most: number): MagicFailed {
  return new MagicFailed(
    'TooMuch',
    `${name} has more than ${most.toLocaleString('en-US')} bytes, the most that a page reads`,
    'run the notebook on the server, or take the file from a service with --on'
  );
}

function fileOf(name: string, model: Contents.IModel): IFile {
  return { name, path: model.path, size: model.size ?? 0, kind: kindOf(name) };
}

function kindOf(name: string): Kind {
  const [, ending] = /\.([a-z0-9]+)$/i.exec(name) ?? ['', ''];
  switch (ending.toLowerCase()) {
    case 'parquet':
      return 'parquet';
    case 'json':
      return 'json';
    case 'jsonl':
    case 'ndjson':
      return 'lines';
    default:
      return 'text';
  }
}

/** One part of a pattern: `*`, `?` and `[abc]` stand for letters of it. */
function expression(part: string): RegExp {
  const written = part.replace(/\[!?[^\]]+\]|[*?]|[^]/g, one => {
    if (one === '*') {
      return '.*';
    }
    if (one === '?') {
      return '.';
    }
    if (one.length > 1) {
      return one.replace(/^\[!/, '[^').replace(/\\/g, '\\\\');
    }
    return one.replace(/[\\^$.|+(){}[\]]/, '\\$&');
  });
  return new RegExp(`^${written}$`, 's');
}
