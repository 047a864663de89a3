import { Contents, ServerConnection } from '@jupyterlab/services';
import { JSONObject, UUID } from '@lumino/coreutils';

import type { FileQueries, IFileQuery, ILimits } from '../files/filequery';
import { ask, posted } from './asking';
import { joined, readFrames } from './frames';
import { counted, status } from './output';
import { ICellMagic, IMagicCall, IShown, MagicFailed } from './registry';

/** Milliseconds that a query may take to end after it was cancelled. */
const PATIENCE = 10_000;
/** Milliseconds between two tellings of how far a query of the page's own is. */
const BEAT = 500;
/** Holds a table between the answer and its display. */
const HELD = '_porter_shown';

interface IProgress {
  readonly rows: number;
  readonly seconds: number;
}

interface IAnswered {
  readonly arrow: Uint8Array;
  readonly rows: number;
  readonly truncated: boolean;
}

/** Queries of files, whose DuckDB is not loaded before one is asked for. */
export class LazyFileQueries {
  private loaded: Promise<FileQueries> | null = null;

  constructor(
    private readonly contents: Contents.IManager,
    private readonly server: ServerConnection.ISettings,
    private readonly limits: ILimits
  ) {}

  load(): Promise<FileQueries> {
    this.loaded ??= import('../files/filequery').then(
      ({ FileQueries }) => new FileQueries(this.contents, this.server, this.limits)
    );
    this.loaded.catch(() => {
      this.loaded = null;
    });
    return this.loaded;
  }
}

/**
 * `%%sql`, `%%googlesheet` and `%%graphql` of a browser's kernel: the page asks the gateway.
 *
 * A query of files it runs itself: a kernel of the browser reads the same files by itself, so it
 * needs nobody's leave.
 */
export class QueryMagic implements ICellMagic {
  constructor(
    readonly name: string,
    private readonly server: ServerConnection.ISettings,
    private readonly files: LazyFileQueries
  ) {}

  async run(call: IMagicCall): Promise<void> {
    const { result } = await call.ask('query', { code: call.source });
    const { address, body, target } = result.request as {
      address: string;
      body: JSONObject;
      // A browser's kernel tells None as nothing at all.
      target?: string | null;
    };
    await call.require('numpy', 'pandas', 'nanoarrow');
    const shown = call.output.display(status('Asking'));
    let answer: IAnswered;
    try {
      answer =
        address === 'files'
          ? await this.runHere(call, body as unknown as IFileQuery, shown)
          : await this.fetch(call, address, body, shown);
      call.signal.throwIfAborted();
      const rows = answer.truncated ? answer.rows : undefined;
      const { shape } = await call.assign(target ?? HELD, 'arrow', [answer.arrow], rows);
      shown.remove();
      if (answer.truncated) {
        const told = `These are the first ${counted(answer.rows)} rows; there are more.`;
        call.output.stream('stdout', `${told}\n`);
      }
      if (!target) {
        await call.execute(`globals().pop("${HELD}")`);
      } else {
        const columns = (shape as number[])[1];
        const told = `${target}: ${counted(answer.rows)} rows, ${columns} columns`;
        call.output.stream('stdout', `${told}\n`);
      }
    } finally {
      shown.remove();
    }
  }

  private async runHere(call: IMagicCall, asked: IFileQuery, shown: IShown): Promise<IAnswered> {
    const files = await this.files.load();
    const began = performance.now();
    let told = 'Asking';
    const show = () => {
      const seconds = Math.round((performance.now() - began) / 1000);
      shown.update(status(`${told}, ${seconds} s`));
    };
    const clock = window.setInterval(show, BEAT);
    try {
      return await files.run(call.panel.context.path, asked, call.signal, text => {
        told = text;
      });
    } finally {
      window.clearInterval(clock);
    }
  }

  private async fetch(
    call: IMagicCall,
    address: string,
    body: JSONObject,
    shown: IShown
  ): Promise<IAnswered> {
    const id = UUID.uuid4();
    const closing = new AbortController();
    const cancel = () => void this.cancel(id, closing);
    call.signal.addEventListener('abort', cancel);
    try {
      call.signal.throwIfAborted();
      const response = await ask(this.server, address, {
        ...posted({ ...body, id }),
        headers: {
          'Content-Type': 'application/json',
          'Porter-Notebook': encodeURIComponent(call.panel.context.localPath)
        },
        signal: closing.signal
      });
      return await read(response, ({ rows, seconds }) =>
        shown.update(status(`${counted(rows)} rows, ${Math.round(seconds)} s`))
      );
    } finally {
      call.signal.removeEventListener('abort', cancel);
    }
  }

  /** End a query at its service; where that cannot be asked, by closing the connection. */
  private async cancel(id: string, closing: AbortController): Promise<void> {
    try {
      await ask(this.server, `queries/${id}`, { method: 'DELETE' });
      window.setTimeout(() => closing.abort(), PATIENCE);
    } catch {
      closing.abort();
    }
  }
}

/** The answer's table; throws MagicFailed for an error in it, and where it was cut off. */
async function read(response: Response, tell: (told: IProgress) => void): Promise<IAnswered> {
  const pieces: Uint8Array[] = [];
  const cut = (why: unknown) =>
    new MagicFailed(
      'CutOff',
      `the answer was cut off: ${why instanceof Error ? why.message : why}`,
      'run the cell again; nothing was assigned'
    );
  const json = (payload: Uint8Array) => JSON.parse(new TextDecoder().decode(payload));
  try {
    for await (const { kind, payload } of readFrames(response.body!)) {
      if (kind === 'A') {
        pieces.push(payload);
      } else if (kind === 'P') {
        tell(json(payload) as IProgress);
      } else if (kind === 'E') {
        const { error, message, advice } = json(payload);
        throw new MagicFailed(error, message, advice);
      } else if (kind === 'D') {
        const { rows, truncated } = json(payload);
        return { arrow: joined(pieces), rows, truncated };
      }
    }
  } catch (error) {
    throw error instanceof MagicFailed ? error : cut(error);
  }
  throw cut('it has no end');
}
