import { Remote, wrap } from 'comlink';

import { MagicFailed } from '../magics/registry';
import { IFile } from './folder';
import type { Reading } from './reading';

const PARQUET = new URL('parquet-wasm/esm/parquet_wasm_bg.wasm', import.meta.url);

/** Makes Arrow of what DuckDB's build for browsers cannot read without fetching more of itself. */
export class Tables {
  private worker: Worker | null = null;
  private reading: Remote<Reading> | null = null;
  private fail!: (reason: unknown) => void;
  private readonly ended = new Promise<never>((_, reject) => {
    this.fail = reject;
  });

  constructor() {
    this.ended.catch(() => undefined);
  }

  /** A file as streams of Arrow IPC with one schema, one at a time; throws MagicFailed. */
  async *read({ name, kind }: IFile, data: Blob): AsyncGenerator<Uint8Array> {
    try {
      const reading = this.start();
      if (kind !== 'parquet') {
        yield await this.wait(reading.json(data, kind === 'lines'));
        return;
      }
      const pieces = await this.wait(reading.open(PARQUET.href, data));
      for (let number = 0; number < pieces; number++) {
        yield await this.wait(reading.piece(number));
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const what = kind === 'parquet' ? 'Parquet' : 'JSON';
      throw new MagicFailed('QueryFailed', `${name} cannot be read as ${what}: ${why}`);
    }
  }

  /** End it; what is being read fails with the reason. */
  end(reason: unknown = new Error('it has ended')): void {
    this.fail(reason);
    this.worker?.terminate();
  }

  private start(): Remote<Reading> {
    if (this.reading === null) {
      // Most queries are of text, which DuckDB reads by itself.
      this.worker = new Worker(new URL('./reading.js', import.meta.url), { type: 'module' });
      this.worker.addEventListener('error', ({ message }) => this.end(new Error(message)));
      this.reading = wrap<Reading>(this.worker);
    }
    return this.reading;
  }

  private wait<T>(answer: Promise<T>): Promise<T> {
    return Promise.race([answer, this.ended]);
  }
}
