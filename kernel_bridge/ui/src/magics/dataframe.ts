import { ServerConnection } from '@jupyterlab/services';
import { JSONObject } from '@lumino/coreutils';

import { viewOf } from '../channel';
import { Refused } from './asking';
import { counted, status } from './output';
import { ICellMagic, IMagicCall, IShown, MagicFailed } from './registry';
import { Sender } from './sending';
import { IJob, Uploads } from './uploads';

/** Bytes of a chunk, about; it is to fit where fewer are allowed. */
const CHUNK = 2 << 20;

/** A chunk that the kernel made once, and let go of. */
interface IChunk {
  readonly sha256: string;
  readonly bytes: number;
}

/** What of a chunk is asked for; without its bytes it stays in the kernel. */
interface IWanted extends JSONObject {
  readonly bytes: boolean;
  readonly sha256: boolean;
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

  /**
   * Upload what is not there yet, and start the job.
   *
   * The frame is read twice: the upload's key is made of all of it, and chunks are not kept.
   */
  private async send(
    call: IMagicCall,
    fields: IFields,
    chunk: number,
    shown: IShown
  ): Promise<string> {
    const chunks: IChunk[] = [];
    const hashes = { bytes: false, sha256: true };
    const read = await this.read(call, fields, chunk, () => hashes, async one => {
      chunks.push(one);
    });
    const bytes = chunks.reduce((sum, one) => sum + one.bytes, 0);
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
      chunks: chunks.length,
      rows: read.rows,
      bytes
    });
    if (upload.status === 'running' || upload.status === 'done') {
      return upload.id;
    }
    const held = new Map(upload.chunks.map(({ number, sha256 }) => [number, sha256]));
    const lacks = (number: number) => held.get(number) !== chunks[number]?.sha256;
    let sent = 0;
    // The server hashes what comes.
    const wanted = (number: number) => ({ bytes: lacks(number), sha256: false });
    const sender = new Sender();
    try {
      await this.read(call, fields, chunk, wanted, async (one, number, data) => {
        shown.update(status('sending', sent / Math.max(1, bytes)));
        if (number >= chunks.length) {
          throw changed(fields.frame);
        }
        if (data) {
          await this.uploads.put(upload.id, number, data, chunks[number].sha256, sender);
        }
        sent += one.bytes;
      });
    } catch (error) {
      // The server got other bytes than were told of.
      throw error instanceof Refused && error.status === 422 ? changed(fields.frame) : error;
    } finally {
      sender.close();
    }
    await this.uploads.complete(upload.id, chunks.length);
    return upload.id;
  }

  /** Read the frame chunk by chunk: one is in the page at a time. */
  private async read(
    call: IMagicCall,
    { frame, columns }: IFields,
    chunk: number,
    wanted: (number: number) => IWanted,
    take: (chunk: IChunk, number: number, data?: Uint8Array<ArrayBuffer>) => Promise<void>
  ): Promise<{ rows: number; sha256: string }> {
    const asked: JSONObject = { name: frame, form: 'arrow', chunk, columns };
    const { stream, rows } = (await call.ask('open', asked)).result as {
      stream: number;
      rows: number;
    };
    try {
      for (let number = 0; ; number++) {
        call.signal.throwIfAborted();
        const { result, buffers } = await call.ask('read', { stream, ...wanted(number) });
        const { done, sha256, size } = result as { done: boolean; sha256: string; size: number };
        if (done) {
          return { rows, sha256 };
        }
        await take({ sha256, bytes: size }, number, buffers.map(viewOf)[0] as Uint8Array<ArrayBuffer>);
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

/** The frame is not any more what it was when its chunks were hashed. */
function changed(frame: string): MagicFailed {
  return new MagicFailed('FrameChanged', `${frame} changed while it was sent`, 'run the cell again');
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
