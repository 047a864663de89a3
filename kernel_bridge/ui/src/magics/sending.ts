/** A worker sends so many bytes, about, before another takes its place. */
const MOST = 4 << 20;

/** What a worker is to send. */
export interface ISending {
  readonly url: string;
  readonly init: RequestInit;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** What became of it; `body` comes back where it did not arrive. */
export interface ISent {
  readonly status?: number;
  readonly text?: string;
  readonly error?: string;
  readonly body?: Uint8Array<ArrayBuffer>;
}

/** Not where the address is: the builder would take the worker for a part of the page. */
const module = (url: URL) => new Worker(url, { type: 'module' });

/**
 * Sends the bodies of large requests, from workers that do not live long.
 *
 * A browser has what a request sent in memory, twice, until it collects garbage, and sees no need to:
 * by the end of an upload all of a frame would be there. What a worker holds is free when it ends.
 */
export class Sender {
  private worker: Worker | null = null;
  private sent = 0;

  /** Send a request with a body, whose bytes are moved away. */
  async send(request: Request, body: Uint8Array<ArrayBuffer>): Promise<ISent> {
    const { url, method, cache, credentials, headers } = request;
    const init = { method, cache, credentials, headers: [...headers] as [string, string][] };
    const worker = (this.worker ??= module(new URL('./sending.worker.js', import.meta.url)));
    this.sent += body.byteLength;
    const told = new Promise<ISent>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<ISent>) => resolve(data);
      worker.onerror = event => reject(new TypeError(event.message || 'a worker cannot be loaded'));
    });
    worker.postMessage({ url, init, body } satisfies ISending, [body.buffer]);
    try {
      return await told;
    } finally {
      if (this.sent >= MOST) {
        this.close();
      }
    }
  }

  close(): void {
    this.worker?.terminate();
    this.worker = null;
    this.sent = 0;
  }
}
