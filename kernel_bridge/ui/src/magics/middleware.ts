import { CodeCell, ICodeCellModel } from '@jupyterlab/cells';
import { INotebookTracker, KernelError, NotebookPanel } from '@jupyterlab/notebook';
import { Kernel } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { ISignal } from '@lumino/signaling';

import { KernelChannel, OperationFailed } from '../channel';
import { ICellMiddleware, ICellRun } from '../pipeline';
import { ensure } from '../requirements';
import { IBridgeSettings } from '../settings';
import { Sides } from '../sides';
import { OutputWriter } from './output';
import { ICellMagic, ICellMagics, IMagicCall, MagicFailed } from './registry';

/** A cell that is one magic: its name, the rest of the line, and what is below. */
const CELL = /^\s*%%(\w+)([^\n]*)(?:\n|$)/;
/** Anything that may be a magic of `kernel_bridge/inside`. */
const MAGIC = /(^|\n|=)[ \t]*%{1,2}[a-z]/i;

/** Runs cells whose magic the page has, and has the others find theirs in the kernel. */
export class Magics implements ICellMagics, ICellMiddleware {
  readonly rank = 10;
  readonly name = 'magics';
  private readonly magics = new Map<string, ICellMagic>();

  constructor(
    private readonly tracker: INotebookTracker,
    private readonly sides: Sides,
    private readonly settings: IBridgeSettings,
    /** Emits the id of each kernel that somebody interrupts. */
    private readonly interrupted: ISignal<unknown, string>
  ) {}

  register(magic: ICellMagic): IDisposable {
    if (!/^\w+$/.test(magic.name)) {
      throw new Error(`${magic.name} is no name of a magic: letters, digits and _`);
    }
    if (this.magics.has(magic.name)) {
      throw new Error(`there is a magic %%${magic.name} already`);
    }
    this.magics.set(magic.name, magic);
    const isThere = () => this.magics.get(magic.name) === magic;
    return {
      get isDisposed() {
        return !isThere();
      },
      dispose: () => void (isThere() && this.magics.delete(magic.name))
    };
  }

  has(source: string): boolean {
    const found = CELL.exec(source);
    return found !== null && this.magics.has(found[1]);
  }

  async run(cell: ICellRun, next: () => Promise<boolean>): Promise<boolean> {
    const kernel = cell.sessionContext?.session?.kernel;
    const panel = this.tracker.find(({ model }) => model === cell.notebook);
    if (!kernel || !panel || !MAGIC.test(cell.source)) {
      return next();
    }
    const side = this.sides.ofKernel(kernel.id);
    const found = CELL.exec(cell.source);
    const magic = found && this.magics.get(found[1]);
    if (!magic || (side === 'server' && magic.side !== 'both')) {
      await this.start(kernel);
      return next();
    }
    const running = new Running(cell, panel, kernel, this.settings, this.interrupted);
    const [head, name, line] = found;
    const body = cell.source.slice(found.index + head.length);
    return running.run(magic, { name, line: line.trim(), body, side });
  }

  /** Have the kernel know the magics of `kernel_bridge/inside`, if it is one of Python's. */
  private async start(kernel: Kernel.IKernelConnection): Promise<void> {
    try {
      const { language_info } = await kernel.info;
      if (language_info.name === 'python') {
        await KernelChannel.of(kernel, this.settings).call('hello');
      }
    } catch (error) {
      // The cell then says itself which magic is not there.
      console.warn('magics:', error);
    }
  }
}

type Asked = Pick<IMagicCall, 'name' | 'line' | 'body' | 'side'>;

/** One run of a cell by a magic of the page. */
class Running {
  private readonly channel: KernelChannel;
  private readonly output: OutputWriter;
  private readonly model: ICodeCellModel;
  private count: number | null = null;

  constructor(
    private readonly cell: ICellRun,
    private readonly panel: NotebookPanel,
    private readonly kernel: Kernel.IKernelConnection,
    private readonly settings: IBridgeSettings,
    private readonly interrupted: ISignal<unknown, string>
  ) {
    this.channel = KernelChannel.of(kernel, settings);
    this.model = cell.cell.model as ICodeCellModel;
    this.output = new OutputWriter(this.model.outputs);
  }

  /** Run it as JupyterLab's `runCell` would: the cell's state, its count, and its error. */
  async run(magic: ICellMagic, asked: Asked): Promise<boolean> {
    const { cell, onCellExecuted, onCellExecutionScheduled, notebookConfig } = this.cell;
    onCellExecutionScheduled({ cell });
    this.begin();
    const started = new Date().toISOString();
    const failure = await this.attempt(magic, asked);
    this.cell.notebook.deletedCells.splice(0);
    await this.number(asked.name);
    if (cell.isDisposed) {
      return false;
    }
    this.model.executionCount = this.count;
    this.model.executionState = 'idle';
    if (notebookConfig.recordTiming) {
      this.model.setMetadata('execution', {
        'iopub.execute_input': started,
        'shell.execute_reply': new Date().toISOString()
      });
    }
    if (failure) {
      if (!failure.told) {
        this.output.error(failure.ename, failure.evalue, failure.traceback);
      }
      const error = new KernelError({ ...failure, status: 'error', execution_count: this.count });
      onCellExecuted({ cell, success: false, error });
      throw error;
    }
    onCellExecuted({ cell, success: true });
    return true;
  }

  private begin(): void {
    const { model } = this;
    model.sharedModel.transact(
      () => {
        model.clearExecution();
        (this.cell.cell as CodeCell).outputHidden = false;
      },
      false,
      'silent-change'
    );
    model.executionState = 'running';
    model.trusted = true;
  }

  private async attempt(magic: ICellMagic, asked: Asked): Promise<IFailure | null> {
    const aborter = new AbortController();
    const stop = () => aborter.abort();
    const onInterrupt = (_: unknown, id: string) => id === this.kernel.id && stop();
    const onStatus = (_: unknown, status: Kernel.Status) =>
      ['restarting', 'autorestarting', 'terminating', 'dead'].includes(status) && stop();
    this.interrupted.connect(onInterrupt);
    this.kernel.statusChanged.connect(onStatus);
    this.kernel.disposed.connect(stop);
    this.panel.disposed.connect(stop);
    try {
      await magic.run({ ...asked, ...this.call(aborter.signal) });
      return null;
    } catch (error) {
      return failureOf(asked.name, error, aborter.signal);
    } finally {
      this.interrupted.disconnect(onInterrupt);
      this.kernel.statusChanged.disconnect(onStatus);
      this.kernel.disposed.disconnect(stop);
      this.panel.disposed.disconnect(stop);
    }
  }

  private call(signal: AbortSignal): Omit<IMagicCall, keyof Asked> {
    return {
      source: this.cell.source,
      panel: this.panel,
      output: this.output,
      signal,
      ask: (op, args, buffers) => this.channel.call(op, args, buffers),
      assign: async (name, form, buffers, rows) =>
        (await this.channel.call('assign', { name, form, ...(rows && { rows }) }, buffers)).result,
      require: (...modules) => this.require(modules),
      execute: code => this.execute(code)
    };
  }

  private async require(modules: readonly string[]): Promise<void> {
    const code = `import ${modules.join(', ')}`;
    const absent = await ensure(this.channel, code, this.settings.indexUrl);
    if (absent.size > 0) {
      throw new MagicFailed(
        'NotHere',
        `this kernel has no ${[...absent.keys()].join(', ')}, and the index neither`,
        'publish a wheel for the browser to the index, or run the notebook on the server'
      );
    }
  }

  private async execute(code: string): Promise<void> {
    const future = this.kernel.requestExecute({ code, store_history: true });
    future.onIOPub = message => this.output.take(message);
    const content = (await future.done)?.content as IReply | undefined;
    this.count = content?.execution_count ?? null;
    if (content && content.status !== 'ok') {
      throw new Told(content);
    }
  }

  /** Give the cell its number in the kernel's history, which a comment costs no more than. */
  private async number(name: string): Promise<void> {
    if (this.count === null && !this.kernel.isDisposed && this.kernel.status !== 'dead') {
      await this.execute(`# %%${name}`).catch(() => undefined);
    }
  }
}

interface IReply extends Partial<IFailure> {
  readonly status: string;
  readonly execution_count?: number | null;
}

/** Python failed, and the kernel has told so in the cell. */
class Told extends Error {
  constructor(readonly reply: IReply) {
    super(reply.evalue);
  }
}

interface IFailure {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: string[];
  /** The cell shows it already. */
  readonly told?: boolean;
}

function failureOf(name: string, error: unknown, signal: AbortSignal): IFailure {
  if (error instanceof Told) {
    const { ename = '', evalue = '', traceback = [] } = error.reply;
    return { ename, evalue, traceback, told: true };
  }
  let ename = error instanceof Error ? error.name : 'Error';
  let evalue = error instanceof Error ? error.message : String(error);
  let advice = '';
  if (signal.aborted) {
    [ename, evalue] = ['KeyboardInterrupt', `%%${name} was interrupted`];
  } else if (error instanceof MagicFailed || error instanceof OperationFailed) {
    ename = error.error || error.name;
    advice = error.advice;
  } else {
    console.error(`%%${name}:`, error);
  }
  const lines = [`${ename}: ${evalue}`, ...(advice ? [`  what to do: ${advice}`] : [])];
  return { ename, evalue, traceback: lines };
}
