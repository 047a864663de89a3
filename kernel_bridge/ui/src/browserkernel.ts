import { KernelMessage } from '@jupyterlab/services';
import { PyodideKernel } from '@jupyterlite/pyodide-kernel';
import { PromiseDelegate } from '@lumino/coreutils';

import { IAsker } from './asking';
import { adopting, CANCEL, QUIET } from './beginning';
import { Engine, IEngineUser, Remote } from './engine';
import { commInfoReply, deadStatus, executeReply } from './messages';

/** Milliseconds in which a kernel that runs no Python answers. */
const PROMPT = 100;

/** The error of a cell whose kernel died while it ran. */
export const DIED = 'KernelDied';

/** What of BaseKernel and PyodideKernel is private, and needed here. */
interface IInner {
  _sendMessage(message: KernelMessage.IMessage): void;
  _processWorkerMessage(message: unknown): void;
  _idle(parent: KernelMessage.IMessage): void;
  _busy(parent: KernelMessage.IMessage): void;
  _ready: { resolve(): void; promise: Promise<void> };
  _executionCount: number;
}

/**
 * A Pyodide kernel that keeps to the messaging protocol as ipykernel does.
 *
 * Messages wait in a queue of its own: JupyterLite's is emptied without an answer after an error.
 */
export class BrowserKernel extends PyodideKernel implements IAsker, IEngineUser {
  /** Resolves when the first cell can run, rejects with why none ever will. */
  readonly started: Promise<void>;
  private readonly waiting: KernelMessage.IMessage[] = [];
  private readonly answers: PromiseDelegate<string>[] = [];
  private readonly engine: Engine;
  private current: KernelMessage.IMessage | null = null;
  private over = new PromiseDelegate<never>();
  private dead = false;
  private pumping = false;
  private client = '';

  constructor(options: PyodideKernel.IOptions, engine: Engine) {
    building = engine;
    super(options);
    this.engine = engine;
    this.over.promise.catch(() => undefined);
    engine.give(this);
    this.started = this.start(options.location);
    this.started.then(
      () => this.inner._ready.resolve(),
      (error: unknown) => this.onFatal(`the kernel did not start: ${text(error)}`)
    );
  }

  protected override initWorker(): Worker {
    return building!.worker;
  }

  protected override initRemote(): Remote {
    return building!.remote;
  }

  /** The queue waits for the engine itself, and a kernel that never starts can be interrupted. */
  override get ready(): Promise<void> {
    return Promise.resolve();
  }

  override async handleMessage(message: KernelMessage.IMessage): Promise<void> {
    if (KernelMessage.isInputReplyMsg(message)) {
      const { content } = message;
      this.answers.shift()?.resolve('value' in content ? content.value : '');
      return;
    }
    this.client = message.header.session;
    if (this.dead) {
      this.refuse(message, DIED);
      return;
    }
    this.waiting.push(message);
    void this.pump();
  }

  override async kernelInfoRequest(): Promise<KernelMessage.IInfoReplyMsg['content']> {
    const told = await super.kernelInfoRequest();
    const language_info = { ...(told as KernelMessage.IInfoReply).language_info, version: '3.14' };
    return { ...told, language_info } as KernelMessage.IInfoReplyMsg['content'];
  }

  override async executeRequest(
    content: KernelMessage.IExecuteRequestMsg['content']
  ): Promise<KernelMessage.IExecuteReplyMsg['content']> {
    const quiet = content.silent || content.store_history === false;
    const code = quiet ? QUIET + content.code : content.code;
    const reply = await this.remote.execute({ ...content, code }, this.parent);
    if (reply.status === 'error' && content.stop_on_error !== false) {
      this.abort();
    }
    return { ...reply, execution_count: this.executionCount };
  }

  /** End what runs, as SIGINT does; throws where the page cannot. */
  async interrupt(): Promise<void> {
    const { current } = this;
    const cell = current as KernelMessage.IExecuteRequestMsg | null;
    // What is silent is the page's own, and short.
    if (cell?.header.msg_type !== 'execute_request' || cell.content.silent) {
      return;
    }
    const answers = this.answers.splice(0);
    if (answers.length > 0) {
      this.engine.interrupt();
      answers.forEach(answer => answer.reject(new Error('interrupted')));
      return;
    }
    // One that awaits answers, and is cancelled by it; one that computes does not.
    const cancelled = this.remote.complete({ code: CANCEL, cursor_pos: 0 }, this.parent).then(
      told => 'matches' in told && told.matches.length > 0,
      () => false
    );
    if ((await Promise.race([cancelled, later(PROMPT)])) || this.current !== current) {
      return;
    }
    if (!this.engine.interruptible) {
      throw new Error(
        'This page is not cross-origin isolated, so a running browser kernel cannot be interrupted: restart it.'
      );
    }
    this.engine.interrupt();
  }

  runs(id: string): boolean {
    return !this.dead && this.current?.header.msg_id === id;
  }

  ask(message: KernelMessage.IInputRequestMsg): Promise<string> {
    const answer = new PromiseDelegate<string>();
    this.answers.push(answer);
    const header = message.parent_header as KernelMessage.IHeader<KernelMessage.MessageType>;
    this.inputRequest(message.content, header);
    return answer.promise;
  }

  onMessage(message: unknown): void {
    if (!this.isDisposed) {
      this.inner._processWorkerMessage(message);
    }
  }

  /** Answer all that waits, and say that the kernel is dead. */
  onFatal(why: string): void {
    if (this.dead || this.isDisposed) {
      return;
    }
    this.dead = true;
    this.engine.worker.terminate();
    this.over.reject(new Error(why));
    // A kernel that dies before it runs anything has nobody waiting in `pump`.
    void Promise.resolve().then(() => this.bury(why));
  }

  override dispose(): void {
    this.dead = true;
    this.over.reject(new Error('the kernel has ended'));
    super.dispose();
  }

  private get inner(): IInner {
    return this as unknown as IInner;
  }

  private get remote(): Remote {
    return this.engine.remote;
  }

  private async start(location: string): Promise<void> {
    await this.engine.ready;
    const code = adopting(location);
    if (code) {
      await this.engine.run(code);
    }
  }

  private async pump(): Promise<void> {
    if (this.pumping) {
      return;
    }
    this.pumping = true;
    try {
      await Promise.race([this.started, this.over.promise]);
      for (let message = this.waiting.shift(); message; message = this.waiting.shift()) {
        this.current = message;
        await Promise.race([this.one(message), this.over.promise]);
        this.current = null;
      }
    } catch {
      // `bury` answers all that is left.
    } finally {
      this.pumping = false;
    }
  }

  private async one(message: KernelMessage.IMessage): Promise<void> {
    this.engine.clear();
    try {
      await (message.header.msg_type === 'comm_info_request'
        ? this.tellComms(message as KernelMessage.ICommInfoRequestMsg)
        : super.handleMessage(message));
    } catch (error) {
      this.refuse(message, 'KernelError', text(error));
    }
    this.engine.clear();
  }

  /** JupyterLite answers no question for comms, which widgets ask after a page is loaded anew. */
  private async tellComms(message: KernelMessage.ICommInfoRequestMsg): Promise<void> {
    this.inner._busy(message);
    const content = { target_name: message.content.target_name ?? '' };
    const told = await this.remote.commInfo(content, message);
    this.inner._sendMessage(commInfoReply(message, told));
    this.inner._idle(message);
  }

  /** Answer a message that is not run; only requests to execute have a reply that is an error. */
  private refuse(
    parent: KernelMessage.IMessage,
    ename: string,
    evalue = 'the kernel is dead: restart it'
  ): void {
    const { inner } = this;
    inner._busy(parent);
    if (parent.header.msg_type === 'execute_request') {
      const content = { ename, evalue, traceback: [`${ename}: ${evalue}`] };
      this.publishExecuteError(content, parent.header);
      inner._sendMessage(executeReply(parent, { status: 'error', execution_count: this.executionCount, ...content }));
    }
    inner._idle(parent);
  }

  /** Answer the cells that were asked for before one failed, as ipykernel does. */
  private abort(): void {
    const { inner } = this;
    for (const message of this.waiting.splice(0)) {
      if (message.header.msg_type !== 'execute_request') {
        this.waiting.push(message);
        continue;
      }
      inner._busy(message);
      const aborted = { status: 'aborted', execution_count: this.executionCount } as const;
      inner._sendMessage(executeReply(message, aborted));
      inner._idle(message);
    }
  }

  private bury(why: string): void {
    const evalue = `${why.split('\n', 3).join(' ')}; restart the kernel, or run the cell on a server`;
    for (const message of [this.current, ...this.waiting.splice(0)]) {
      if (message) {
        this.refuse(message, DIED, evalue);
      }
    }
    this.current = null;
    this.inner._sendMessage(deadStatus(this.client));
  }
}

/** The engine of the kernel that is being built: PyodideKernel asks for it before fields are there. */
let building: Engine | null = null;

function later(milliseconds: number): Promise<false> {
  return new Promise(resolve => setTimeout(() => resolve(false), milliseconds));
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
