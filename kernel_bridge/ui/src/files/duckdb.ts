import { AsyncDuckDB, AsyncDuckDBConnection, VoidLogger } from '@duckdb/duckdb-wasm';

import { MagicFailed } from '../magics/registry';
import { IFile } from './folder';

const MODULE = new URL('@duckdb/duckdb-wasm/dist/duckdb-eh.wasm', import.meta.url);
const WORKER = new URL('@duckdb/duckdb-wasm/dist/duckdb-browser-eh.worker.js', import.meta.url);
/** As the gateway's own DuckDB has it (`kernel_bridge/gateway/services.py`). */
const MEMORY = 1 << 30;
/** Functions of DuckDB that read what is a table here already. */
const READERS = [
  'read_parquet',
  'parquet_scan',
  'read_json',
  'read_json_auto',
  'read_ndjson',
  'read_ndjson_auto'
];
/** `key=value` in a path is a column, as in https://duckdb.org/docs/stable/data/partitioning/hive_partitioning */
const PARTITION = /(?:^|\/)([^/=]+)=([^/]*)(?=\/)/g;

/**
 * DuckDB in a worker of its own, with nothing in it but what one query names.
 *
 * It is ended to stop a query: what runs in it listens to nobody meanwhile.
 */
export class Duckdb {
  private readonly ended: Promise<never>;
  private fail!: (reason: unknown) => void;
  private next = 0;

  private constructor(
    private readonly worker: Worker,
    private readonly db: AsyncDuckDB
  ) {
    this.ended = new Promise<never>((_, reject) => {
      this.fail = reject;
    });
    this.ended.catch(() => undefined);
  }

  static async start(signal: AbortSignal): Promise<Duckdb> {
    const script = (url: URL) => new Worker(url);
    const worker = script(WORKER);
    const duckdb = new Duckdb(worker, new AsyncDuckDB(new VoidLogger(), worker));
    const stop = () => duckdb.end(signal.reason);
    signal.addEventListener('abort', stop);
    worker.addEventListener('error', ({ message }) => duckdb.end(new Error(message)));
    try {
      await duckdb.wait(duckdb.db.instantiate(MODULE.href));
    } finally {
      signal.removeEventListener('abort', stop);
    }
    return duckdb;
  }

  /** A database for one query; whatever was there before is gone. */
  async open(): Promise<AsyncDuckDBConnection> {
    this.next = 0;
    await this.wait(this.db.open({ path: ':memory:' }));
    await this.wait(this.db.dropFiles());
    const connection = await this.wait(this.db.connect());
    const settings = {
      // Nothing is fetched: not what files and queries name, nor parts of DuckDB.
      autoload_known_extensions: 'false',
      autoinstall_known_extensions: 'false',
      memory_limit: `'${MEMORY}B'`
    };
    for (const [name, value] of Object.entries(settings)) {
      await this.wait(connection.query(`SET ${name} = ${value}`));
    }
    for (const reader of READERS) {
      const table = `query_table('porter_' || hex(name))`;
      await this.wait(connection.query(`CREATE MACRO ${reader}(name) AS TABLE FROM ${table}`));
    }
    return connection;
  }

  /** Have a file's text, which DuckDB reads by itself. */
  async addText({ name }: IFile, data: Uint8Array): Promise<void> {
    await this.wait(this.db.registerFileBuffer(name, data));
  }

  /** Have a table of streams of Arrow; answers with its name. */
  async addTable(
    connection: AsyncDuckDBConnection,
    pieces: AsyncIterable<Uint8Array>
  ): Promise<string> {
    const name = `porter_file_${this.next++}`;
    let create = true;
    for await (const piece of pieces) {
      const options = { name, schema: 'main', create };
      await this.wait(connection.insertArrowFromIPCStream(piece, options));
      create = false;
    }
    return name;
  }

  /** Have a text of the query stand for the tables of these files. */
  async name(
    connection: AsyncDuckDBConnection,
    text: string,
    tables: readonly (readonly [IFile, string])[]
  ): Promise<void> {
    const selects = tables.map(([file, table]) => `SELECT *${columnsOf(file)} FROM ${table}`);
    const view = `porter_${hex(text)}`;
    const union = selects.join(' UNION ALL BY NAME ');
    await this.wait(connection.query(`CREATE VIEW ${view} AS ${union}`));
    const quoted = `"${text.replace(/"/g, '""')}"`;
    await this.wait(connection.query(`CREATE VIEW ${quoted} AS FROM ${view}`));
  }

  /** Let the query read these files, and patterns of them, and nothing else, and change no setting. */
  async close(connection: AsyncDuckDBConnection, names: readonly string[]): Promise<void> {
    const paths = names.map(literal).join(', ');
    await this.wait(connection.query(`SET allowed_paths = [${paths}]`));
    await this.wait(connection.query('SET enable_external_access = false'));
    await this.wait(connection.query('SET lock_configuration = true'));
  }

  /** The answer as pieces of one stream of Arrow IPC, as they come. */
  async *query(
    connection: AsyncDuckDBConnection,
    sql: string,
    values: readonly unknown[]
  ): AsyncGenerator<Uint8Array> {
    const id = connection.useUnsafe((_, id) => id);
    const statement = await this.prepare(id, sql);
    try {
      yield await this.wait(this.db.sendPrepared(id, statement, [...values]));
      for (;;) {
        const piece = await this.wait(this.db.fetchQueryResults(id));
        if (piece === null || piece.byteLength === 0) {
          return;
        }
        yield piece;
      }
    } finally {
      // A file that a statement has open is not let go.
      await this.wait(this.db.closePrepared(id, statement));
      await this.wait(connection.close());
    }
  }

  /** A statement that reads; throws MagicFailed for any other. */
  private async prepare(id: number, sql: string): Promise<number> {
    let statement: number;
    try {
      statement = await this.wait(this.db.createPrepared(id, sql));
      // Where nothing else can stand.
      const probe = this.db.createPrepared(id, `FROM (${sql}\n)`).catch(() => null);
      const found = await this.wait(probe);
      if (found !== null) {
        await this.wait(this.db.closePrepared(id, found));
        return statement;
      }
    } catch (error) {
      if (!/multiple statements/.test(String(error))) {
        throw error;
      }
    }
    throw new MagicFailed(
      'QueryFailed',
      'that is not one query that reads',
      "write one SELECT, or FROM 'a file'"
    );
  }

  /** End it; what waits for it fails with the reason. */
  end(reason: unknown = new Error('DuckDB has ended')): void {
    this.fail(reason);
    this.worker.terminate();
  }

  private wait<T>(answer: Promise<T>): Promise<T> {
    return Promise.race([answer, this.ended]);
  }
}

/** The columns that a file's folders are. */
function columnsOf({ name }: IFile): string {
  const found = [...name.matchAll(PARTITION)];
  return found.map(([, key, value]) => `, ${typed(value)} AS "${key.replace(/"/g, '""')}"`).join('');
}

function typed(value: string): string {
  const text = decoded(value);
  if (/^-?\d{1,18}$/.test(text)) {
    return `CAST(${text} AS BIGINT)`;
  }
  return /^\d{4}-\d\d-\d\d$/.test(text) ? `CAST('${text}' AS DATE)` : literal(text);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function literal(text: string): string {
  return `'${text.replace(/'/g, "''")}'`;
}

function hex(text: string): string {
  const bytes = [...new TextEncoder().encode(text)];
  return bytes.map(byte => byte.toString(16).padStart(2, '0').toUpperCase()).join('');
}
