import { ServerConnection } from '@jupyterlab/services';
import { JSONObject } from '@lumino/coreutils';

import { viewOf } from '../channel';
import { counted, status } from './output';
import { ICellMagic, IMagicCall, IShown, MagicFailed } from './registry';
import { IJob, Uploads } from './uploads';

/** Bytes of a chunk, about; it is to fit where fewer are allowed. */
const CHUNK = 4 << 20;

/** A chunk as it comes out of the kernel. */
interface IChunk {
  readonly number: number;
  readonly data: Uint8Array;
  readonly sha256: string;
}

/** A cell's fields (`kernel_bridge/inside/uploading/cell.py`), with their `digest`. */
interface IFields {
  readonly frame: string;
  readonly to: string;
  readonly name: string;
  readonly mode: string;
  readonly columns: string[];
  readonly partition: string[];
  readonly compression: string;
  readonly digest: string;
}

/** `%%dataframe`: a frame of a browser's kernel becomes a dataset of the server's. */
export class DataframeMagic implements ICellMagic {
  readonly name = 'dataframe';
  private readonly uploads: Uploads;

  constructor(server: ServerConnection.ISettings) {
    this.uploads = new Uploads(server);
  }

  async run(call: IMagicCall): Promise<void> {
    const { result } = await call.ask('dataframe', { line: call.line, body: call.body });
    const fields = result as unknown as IFields;
    await call.require('numpy', 'pandas', 'nanoarrow');
    const limits = await this.uploads.limits();
    if (!limits.targets.includes(fields.to)) {
      throw new MagicFailed(
        'BadArguments',
        `there is no target ${fields.to}`,
        `the server's targets: ${limits.targets.join(', ') || 'none'}`
      );
    }
    const shown = call.output.display(status('reading the frame', 0));
    let id: string;
    try {
      id = await this.send(call, fields, Math.min(CHUNK, limits.chunk_limit >> 2), shown);
    } catch (error) {
      if (call.signal.aborted) {
        const told = 'nothing was written. Run the cell again to go on with the upload.';
        shown.update(status(`Interrupted: ${told}`));
      } else {
        shown.remove();
      }
      throw error;
    }
    end(fields, await this.follow(call, id, shown), call, shown);
  }

  /** Upload what is not there yet, and start the job. */
  private async send(
    call: IMagicCall,
    fields: IFields,
    chunk: number,
    shown: IShown
  ): Promise<string> {
    let bytes = 0;
    const digests: string[] = [];
    const read = await this.read(call, fields, chunk, async ({ data, sha256 }) => {
      digests.push(sha256);
      bytes += data.byteLength;
    });
    const { to, name, mode, partition, compression } = fields;
    const upload = await this.uploads.open({
      target: to,
      name,
      mode,
      partition,
      compression,
      form: 'pieces',
      // The same cell with the same frame is the same upload.
      key: `page-${fields.digest}-${read.sha256}`,
      chunks: digests.length,
      rows: read.rows,
      bytes
    });
    if (upload.status === 'running' || upload.status === 'done') {
      return upload.id;
    }
    const held = new Map(upload.chunks.map(({ number, sha256 }) => [number, sha256]));
    let sent = 0;
    await this.read(call, fields, chunk, async ({ number, data, sha256 }) => {
      shown.update(status('sending', sent / Math.max(1, bytes)));
      if (sha256 !== digests[number]) {
        throw new MagicFailed(
          'FrameChanged',
          `${fields.frame} changed while it was sent`,
          'run the cell again'
        );
      }
      if (held.get(number) !== sha256) {
        await this.uploads.put(upload.id, number, data, sha256);
      }
      sent += data.byteLength;
    });
    await this.uploads.complete(upload.id, digests.length);
    return upload.id;
  }

  /** Read the frame chunk by chunk: one is in the page at a time. */
  private async read(
    call: IMagicCall,
    { frame, columns }: IFields,
    chunk: number,
    take: (chunk: IChunk) => Promise<void>
  ): Promise<{ rows: number; sha256: string }> {
    const asked: JSONObject = { name: frame, form: 'arrow', chunk, columns };
    const { stream, rows } = (await call.ask('open', asked)).result as {
      stream: number;
      rows: number;
    };
    try {
      for (let number = 0; ; number++) {
        call.signal.throwIfAborted();
        const { result, buffers } = await call.ask('read', { stream });
        const sha256 = result.sha256 as string;
        if (result.done) {
          return { rows, sha256 };
        }
        await take({ number, data: viewOf(buffers[0]), sha256 });
      }
    } catch (error) {
      // A kernel that ended has closed it.
      void call.ask('close', { stream }).catch(() => undefined);
      throw error;
    }
  }

  /** Show the job until it has ended; who interrupts the cell cancels it. */
  private async follow(call: IMagicCall, id: string, shown: IShown): Promise<IJob> {
    const cancel = () => void this.uploads.cancel(id).catch(() => undefined);
    call.signal.addEventListener('abort', cancel);
    try {
      if (call.signal.aborted) {
        cancel();
      }
      return await this.uploads.follow(id, ({ phase, status: state, rows, progress }) =>
        shown.update(status(`${phase || state}: ${counted(rows)} rows`, progress))
      );
    } finally {
      call.signal.removeEventListener('abort', cancel);
    }
  }
}

/** Show what became of the job; throws where nothing was written. */
function end({ frame }: IFields, job: IJob, { signal }: IMagicCall, shown: IShown): void {
  if (job.status === 'done' && job.result) {
    const { rows, location, files, bytes } = job.result;
    const told = `${files} files, ${counted(bytes)} bytes`;
    shown.update(status(`${frame}: ${counted(rows)} rows are in ${location} (${told})`));
    return;
  }
  if (signal.aborted) {
    shown.update(status('Cancelled: nothing was written.'));
    throw signal.reason;
  }
  const { error, message, advice } = job.error ?? {
    error: 'JobEnded',
    message: `the job is ${job.status}`,
    advice: 'run the cell again: it goes on with what was sent'
  };
  shown.update(status(`${frame}: ${message}`, undefined, 'alert'));
  throw new MagicFailed(error, message, advice);
}
