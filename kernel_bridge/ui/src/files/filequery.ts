import { AsyncDuckDBConnection } from '@duckdb/duckdb-wasm';
import { Contents, ServerConnection } from '@jupyterlab/services';
import { MessageReader } from 'apache-arrow';

import { joined } from '../magics/frames';
import { counted } from '../magics/output';
import { MagicFailed } from '../magics/registry';
import { Duckdb } from './duckdb';
import { Folder, IFile, tooLarge } from './folder';
import { Tables } from './tables';

/** Milliseconds until a DuckDB that nobody asked meanwhile gives back its memory. */
const IDLE = 60_000;
/** Texts of one query that may be files. */
const MOST = 100;

/** A query of files as the kernel makes it (`kernel_bridge/inside/query/request.py`). */
export interface IFileQuery {
  readonly query: string;
  readonly parameters: readonly (string | null)[];
  /** What stands in quotes, among which are the names of files. */
  readonly names: readonly string[];
  readonly limit?: number;
}

export interface ILimits {
  readonly rows: number;
  readonly bytes: number;
}

/** The files of one query, by the text that means them. */
type Found = ReadonlyMap<string, readonly IFile[]>;

/** `%%sql` on files, run in the page by DuckDB's own build for browsers. */
export class FileQueries {
  private spare: Duckdb | null = null;
  private clock = 0;

  constructor(
    private readonly contents: Contents.IManager,
    private readonly server: ServerConnection.ISettings,
    private readonly limits: ILimits
  ) {}

  /**
   * The answer as a stream of Arrow IPC: all rows, or a few more than `limit`.
   *
   * `tell` gets how far it is. Throws MagicFailed, or the signal's reason.
   */
  async run(
    notebook: string,
    asked: IFileQuery,
    signal: AbortSignal,
    tell: (text: string) => void
  ): Promise<{ arrow: Uint8Array; rows: number; truncated: boolean }> {
    const { limit } = asked;
    if (limit !== undefined && limit > this.limits.rows) {
      throw tooMany(this.limits.rows);
    }
    const folder = new Folder(this.contents, this.server, notebook);
    const found = await this.find(folder, asked.names, signal);
    tell('Starting DuckDB');
    const duckdb = await this.take(signal);
    const tables = new Tables();
    const stop = () => {
      tables.end(signal.reason);
      duckdb.end(signal.reason);
    };
    signal.addEventListener('abort', stop);
    let whole = false;
    try {
      signal.throwIfAborted();
      const connection = await duckdb.open();
      await this.fill(duckdb, connection, tables, folder, found, signal, tell);
      tell('DuckDB runs');
      const answer = await this.collect(duckdb, connection, asked, tell);
      whole = true;
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof MagicFailed ? error : failed(error);
    } finally {
      signal.removeEventListener('abort', stop);
      tables.end();
      if (whole) {
        this.give(duckdb);
      } else {
        duckdb.end();
      }
    }
  }

  private async find(folder: Folder, names: readonly string[], signal: AbortSignal): Promise<Found> {
    const found = new Map<string, readonly IFile[]>();
    let bytes = 0;
    for (const name of names.slice(0, MOST)) {
      signal.throwIfAborted();
      const files = await folder.find(name);
      bytes += files.reduce((sum, { size }) => sum + size, 0);
      if (bytes > this.limits.bytes) {
        throw tooLarge(name, this.limits.bytes);
      }
      if (files.length > 0) {
        found.set(name, files);
      }
    }
    return found;
  }

  /** Read the files, each once, and let DuckDB have them and nothing else. */
  private async fill(
    duckdb: Duckdb,
    connection: AsyncDuckDBConnection,
    tables: Tables,
    folder: Folder,
    found: Found,
    signal: AbortSignal,
    tell: (text: string) => void
  ): Promise<void> {
    const files = new Map([...found.values()].flat().map(file => [file.name, file]));
    const made = new Map<string, string>();
    let left = this.limits.bytes;
    for (const file of files.values()) {
      const told = (bytes: number) =>
        tell(`${file.name}: ${counted(bytes)} of ${counted(file.size)} bytes`);
      const pieces = await folder.read(file, left, signal, told);
      left -= pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (file.kind === 'text') {
        await duckdb.addText(file, joined(pieces));
      } else {
        const read = tables.read(file, new Blob(pieces as BlobPart[]));
        made.set(file.name, await duckdb.addTable(connection, read));
      }
      signal.throwIfAborted();
    }
    for (const [text, those] of found) {
      const named = those.flatMap(file => {
        const table = made.get(file.name);
        return table ? [[file, table] as const] : [];
      });
      if (named.length > 0) {
        await duckdb.name(connection, text, named);
      }
    }
    const texts = [...files.values()].filter(({ kind }) => kind === 'text').map(({ name }) => name);
    await duckdb.close(connection, [...texts, ...found.keys()]);
  }

  private async collect(
    duckdb: Duckdb,
    connection: AsyncDuckDBConnection,
    { query, parameters, limit }: IFileQuery,
    tell: (text: string) => void
  ): Promise<{ arrow: Uint8Array; rows: number; truncated: boolean }> {
    const pieces: Uint8Array[] = [];
    let rows = 0;
    let bytes = 0;
    for await (const piece of duckdb.query(connection, query, parameters)) {
      pieces.push(piece);
      rows += rowsOf(piece);
      bytes += piece.byteLength;
      if (limit !== undefined && rows > limit) {
        break;
      }
      if (rows > this.limits.rows) {
        throw tooMany(this.limits.rows);
      }
      if (bytes > this.limits.bytes) {
        throw new MagicFailed(
          'TooMuch',
          `the answer has more than ${counted(this.limits.bytes)} bytes`,
          'ask for fewer rows or columns'
        );
      }
      tell(`${counted(rows)} rows`);
    }
    const truncated = limit !== undefined && rows > limit;
    return { arrow: joined(pieces), rows: truncated ? limit : rows, truncated };
  }

  private async take(signal: AbortSignal): Promise<Duckdb> {
    window.clearTimeout(this.clock);
    const spare = this.spare;
    this.spare = null;
    return spare ?? Duckdb.start(signal);
  }

  private give(duckdb: Duckdb): void {
    this.spare?.end();
    this.spare = duckdb;
    window.clearTimeout(this.clock);
    this.clock = window.setTimeout(() => {
      this.spare?.end();
      this.spare = null;
    }, IDLE);
  }
}

/** How many rows the messages of a piece have. */
function rowsOf(piece: Uint8Array): number {
  const messages = new MessageReader(piece);
  let rows = 0;
  for (let message; (message = messages.readMessage()); ) {
    if (message.isRecordBatch()) {
      rows += Number(message.header().length);
    }
    messages.readMessageBody(message.bodyLength);
  }
  return rows;
}

function tooMany(most: number): MagicFailed {
  return new MagicFailed(
    'TooMuch',
    `the answer has more than ${counted(most)} rows, the most that a page takes`,
    'ask for fewer with the query, or take the first with --limit'
  );
}

/** What DuckDB says no to. */
function failed(error: unknown): MagicFailed {
  const text = error instanceof Error ? error.message : String(error);
  let message = text;
  try {
    message = String(JSON.parse(text).exception_message ?? text);
  } catch {
    // It is plain text.
  }
  return new MagicFailed('QueryFailed', message, "names of files are from the notebook's folder");
}
