import { Kernel, KernelMessage } from '@jupyterlab/services';
import { JSONObject, PromiseDelegate } from '@lumino/coreutils';

import { takeHanded } from './handed';
import { bringing } from './bringing';
import { IBridgeSettings } from './settings';

/** The comm target that `kernel_bridge/inside/channel.py` opens in every kernel. */
const TARGET = 'porter';
/** Bytes of buffers in one message; a Jupyter server's websocket takes 10 MiB. */
const PART = 8 << 20;

/** Binary data beside a message. */
export type Bytes = ArrayBuffer | ArrayBufferView;

/** The bytes of a buffer, not copied. */
export function viewOf(bytes: Bytes): Uint8Array {
  return bytes instanceof ArrayBuffer
    ? new Uint8Array(bytes)
    : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What an operation in the kernel answered. */
export interface IAnswer {
  readonly result: JSONObject;
  readonly buffers: Bytes[];
}

/** An operation that failed in the kernel, with what to do next. */
export class OperationFailed extends Error {
  constructor(
    readonly error: string,
    message: string,
    readonly advice: string
  ) {
    super(message);
    this.name = 'OperationFailed';
  }
}

type Told = {
  id: number;
  ok?: boolean;
  result?: JSONObject;
  /** The key of the answer's buffers, where a worker of this page gave them. */
  handed?: string;
  progress?: JSONObject;
  error?: string;
  message?: string;
  advice?: string;
};

interface IWaiting {
  readonly answer: PromiseDelegate<IAnswer>;
  readonly progress?: (told: JSONObject) => void;
}

/** Calls of the operations in `kernel_bridge/inside`, the same in kernels of both kinds. */
export class KernelChannel {
  private static readonly channels = new WeakMap<Kernel.IKernelConnection, KernelChannel>();

  private opened: Promise<Kernel.IComm> | null = null;
  private readonly waiting = new Map<number, IWaiting>();
  private next = 1;

  /** The channel of a kernel; it opens with the first call, and anew after a restart. */
  static of(kernel: Kernel.IKernelConnection, settings: IBridgeSettings): KernelChannel {
    let channel = KernelChannel.channels.get(kernel);
    if (!channel) {
      channel = new KernelChannel(kernel, settings);
      KernelChannel.channels.set(kernel, channel);
    }
    return channel;
  }

  private constructor(
    private readonly kernel: Kernel.IKernelConnection,
    private readonly settings: IBridgeSettings
  ) {
    kernel.statusChanged.connect((_, status) => {
      if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
        this.reset(`the kernel is ${status}`);
      }
    });
    kernel.disposed.connect(() => this.reset('the kernel has ended'));
  }

  /** Call an operation; `progress` gets what it tells meanwhile. Throws OperationFailed. */
  async call(
    op: string,
    args: JSONObject = {},
    buffers: Bytes[] = [],
    progress?: (told: JSONObject) => void
  ): Promise<IAnswer> {
    const comm = await (this.opened ??= this.open());
    const id = this.next++;
    const answer = new PromiseDelegate<IAnswer>();
    this.waiting.set(id, { answer, progress });
    this.send(comm, { id, op, args }, buffers);
    return answer.promise;
  }

  /** Send a call; buffers that are too large for one message go ahead of it, in parts. */
  private send(comm: Kernel.IComm, call: JSONObject, buffers: Bytes[]): void {
    const sizes = buffers.map(({ byteLength }) => byteLength);
    if (sizes.reduce((sum, size) => sum + size, 0) <= PART) {
      comm.send(call, {}, buffers);
      return;
    }
    for (const buffer of buffers) {
      const bytes = viewOf(buffer);
      for (let start = 0; start < bytes.byteLength; start += PART) {
        const part = bytes.slice(start, start + PART);
        comm.send({ id: call.id as number, part: true }, {}, [part.buffer]);
      }
    }
    comm.send({ ...call, sizes }, {}, []);
  }

  private async open(): Promise<Kernel.IComm> {
    await this.bring();
    const comm = this.kernel.createComm(TARGET);
    comm.onMsg = message => this.take(message);
    await comm.open().done;
    return comm;
  }

  /** Have `kernel_bridge.inside` in the kernel, and started. */
  private async bring(): Promise<void> {
    const code = await bringing(this.settings);
    const future = this.kernel.requestExecute({
      code,
      silent: true,
      store_history: false,
      stop_on_error: false
    });
    let wrong = '';
    future.onIOPub = ({ content }) => {
      if ('ename' in content) {
        wrong = `${content.ename}: ${(content as { evalue?: string }).evalue}`;
      }
    };
    const reply = await future.done;
    if (reply && reply.content.status !== 'ok') {
      this.opened = null;
      throw new OperationFailed('NotStarted', `the kernel cannot be reached: ${wrong}`, 'restart it');
    }
  }

  private take(message: KernelMessage.ICommMsgMsg): void {
    const told = message.content.data as unknown as Told;
    const waiting = this.waiting.get(told.id);
    const buffers = takeHanded(told.handed) ?? message.buffers ?? [];
    if (!waiting) {
      return;
    }
    if (told.progress) {
      waiting.progress?.(told.progress);
      return;
    }
    this.waiting.delete(told.id);
    if (told.ok) {
      waiting.answer.resolve({ result: told.result ?? {}, buffers });
    } else {
      waiting.answer.reject(
        new OperationFailed(told.error ?? '', told.message ?? '', told.advice ?? '')
      );
    }
  }

  private reset(why: string): void {
    this.opened = null;
    for (const { answer } of this.waiting.values()) {
      answer.reject(new OperationFailed('KernelEnded', why, 'run the cell again'));
    }
    this.waiting.clear();
  }
}
