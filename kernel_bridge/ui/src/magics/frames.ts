/** A frame of the gateway's answer (docs/reference/gateway.md). */
export interface IFrame {
  /** `A`, `P`, `D` or `E`. */
  readonly kind: string;
  readonly payload: Uint8Array;
}

/** The length of the payload, big-endian, and its kind. */
const HEAD = 5;

/** The frames of an answer as they come; an answer that ends in the midst of one throws. */
export async function* readFrames(body: ReadableStream<Uint8Array>): AsyncGenerator<IFrame> {
  const source = new Source(body);
  try {
    while (!(await source.ended())) {
      const head = await source.take(HEAD);
      const view = new DataView(head.buffer, head.byteOffset, HEAD);
      const payload = await source.take(view.getUint32(0));
      yield { kind: String.fromCharCode(head[4]), payload };
    }
  } finally {
    source.close();
  }
}

/** Bytes that come in pieces, given out in other pieces. */
class Source {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  private held: Uint8Array[] = [];
  private size = 0;

  constructor(body: ReadableStream<Uint8Array>) {
    this.reader = body.getReader();
  }

  async ended(): Promise<boolean> {
    return this.size === 0 && !(await this.more());
  }

  async take(size: number): Promise<Uint8Array> {
    while (this.size < size) {
      if (!(await this.more())) {
        throw new Error(`it ended after ${this.size} of ${size} bytes`);
      }
    }
    const whole = joined(this.held);
    this.held = whole.byteLength > size ? [whole.subarray(size)] : [];
    this.size = whole.byteLength - size;
    return whole.subarray(0, size);
  }

  close(): void {
    void this.reader.cancel().catch(() => undefined);
  }

  private async more(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.reader.read();
      if (done) {
        return false;
      }
      if (value.byteLength > 0) {
        this.held.push(value);
        this.size += value.byteLength;
        return true;
      }
    }
  }
}

/** Pieces as one. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) {
    return pieces[0];
  }
  const whole = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let start = 0;
  for (const piece of pieces) {
    whole.set(piece, start);
    start += piece.byteLength;
  }
  return whole;
}
