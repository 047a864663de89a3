import { ServerConnection } from '@jupyterlab/services';
import { JSONObject } from '@lumino/coreutils';

import { ask, posted, Refused } from './asking';
import { MagicFailed } from './registry';
import { Sender } from './sending';

/** A chunk is sent, and a job followed, again so often where the connection breaks. */
const TRIES = 3;
/** Answers after which the same request may succeed: other bytes came, or something between is away. */
const AGAIN = new Set([422, 502, 503]);

/** A job on the server (docs/reference/uploads-and-jobs.md). */
export interface IJob {
  readonly id: string;
  readonly status: 'open' | 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';
  readonly phase: string;
  readonly progress: number;
  readonly rows: number;
  readonly result: { location: string; rows: number; bytes: number; files: number } | null;
  readonly error: { error: string; message: string; advice: string } | null;
}

export interface IUpload {
  readonly id: string;
  readonly status: IJob['status'];
  readonly chunks: readonly { number: number; sha256: string }[];
}

export interface ILimits {
  readonly targets: readonly string[];
  readonly chunk_limit: number;
}

/** The bridge's uploads and jobs. */
export class Uploads {
  constructor(private readonly server: ServerConnection.ISettings) {}

  async limits(): Promise<ILimits> {
    return (await ask(this.server, 'uploads')).json();
  }

  /** Open an upload; the same key is the same one. */
  async open(fields: JSONObject): Promise<IUpload> {
    return (await ask(this.server, 'uploads', posted(fields))).json();
  }

  /** Send a chunk, `sha256` in hexadecimal; its bytes are moved away. */
  async put(
    id: string,
    number: number,
    data: Uint8Array<ArrayBuffer>,
    sha256: string,
    sender: Sender
  ): Promise<void> {
    const headers = {
      'Content-Type': 'application/octet-stream',
      'Content-Digest': `sha-256=:${base64(sha256)}:`
    };
    const fetch = async (request: RequestInfo | URL): Promise<Response> => {
      const { status, text, error, body } = await sender.send(request as Request, data);
      data = body ?? data;
      if (error !== undefined) {
        throw new TypeError(error);
      }
      return new Response(text, { status });
    };
    for (let left = TRIES - 1; ; left--) {
      try {
        const server = { ...this.server, fetch };
        await ask(server, `uploads/${id}/chunks/${number}`, { method: 'PUT', headers });
        return;
      } catch (error) {
        if (left === 0 || (error instanceof Refused && !AGAIN.has(error.status))) {
          throw error;
        }
      }
    }
  }

  async complete(id: string, chunks: number): Promise<void> {
    await ask(this.server, `uploads/${id}/complete`, posted({ chunks }));
  }

  async cancel(id: string): Promise<void> {
    await ask(this.server, `jobs/${id}`, { method: 'DELETE' });
  }

  /** Tell of a job at each change; resolves with it when it has ended. */
  async follow(id: string, tell: (job: IJob) => void): Promise<IJob> {
    let job: IJob | null = null;
    for (let left = TRIES; job === null || job.status === 'running'; ) {
      try {
        const { body } = await ask(this.server, `jobs/${id}/events`);
        for await (const data of events(body!)) {
          job = JSON.parse(data) as IJob;
          left = TRIES;
          tell(job);
        }
      } catch (error) {
        if (error instanceof Refused || --left === 0) {
          throw new MagicFailed(
            'Lost',
            `the job cannot be followed any more: ${error instanceof Error ? error.message : error}`,
            'run the cell again: it goes on where it is'
          );
        }
      }
    }
    return job;
  }
}

/** The data of server-sent events, one line each (the HTML standard, 9.2). */
async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as never).getReader();
  let held = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      const lines = (held + (value as unknown as string)).split('\n');
      held = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('data: ')) {
          yield line.slice(6);
        }
      }
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

function base64(hex: string): string {
  const bytes = hex.match(/../g)!.map(two => Number.parseInt(two, 16));
  return btoa(String.fromCharCode(...bytes));
}
