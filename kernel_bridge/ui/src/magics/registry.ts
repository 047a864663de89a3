import { IMimeBundle } from '@jupyterlab/nbformat';
import { NotebookPanel } from '@jupyterlab/notebook';
import { JSONObject, Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';

import { Bytes, IAnswer } from '../channel';
import { Side } from '../sides';

/** Something that a cell shows, and that may change while the cell runs. */
export interface IShown {
  update(data: IMimeBundle): void;
  remove(): void;
}

/** A cell's output, for the magic that runs it. */
export interface IOutputWriter {
  /** Print; texts of one stream that follow each other are joined. */
  stream(name: 'stdout' | 'stderr', text: string): void;
  /** Show data by its MIME types. */
  display(data: IMimeBundle): IShown;
  clear(): void;
}

/** One run of a cell with a magic of the page. */
export interface IMagicCall {
  readonly name: string;
  /** The rest of the cell's first line, without spaces around it. */
  readonly line: string;
  /** What is below the first line. */
  readonly body: string;
  /** The whole cell. */
  readonly source: string;
  readonly panel: NotebookPanel;
  readonly side: Side;
  readonly output: IOutputWriter;
  /** Aborted when somebody interrupts the kernel, restarts it, or closes the notebook. */
  readonly signal: AbortSignal;
  /** Ask an operation of `kernel_bridge/inside`; throws OperationFailed. */
  ask(op: string, args?: JSONObject, buffers?: Bytes[]): Promise<IAnswer>;
  /**
   * Put a value under a name of the notebook: a stream of Arrow as a DataFrame, or its first `rows`;
   * JSON; or bytes.
   */
  assign(
    name: string,
    form: 'arrow' | 'json' | 'bytes',
    buffers: Bytes[],
    rows?: number
  ): Promise<JSONObject>;
  /** Have the kernel's Python import modules, which are installed in a browser; throws MagicFailed. */
  require(...modules: string[]): Promise<void>;
  /** Run Python as the cell's own: what it prints and returns is the cell's output. */
  execute(code: string): Promise<void>;
}

/** A `%%name` that the page runs. */
export interface ICellMagic {
  readonly name: string;
  /** In kernels of the browser (unless one says otherwise), or of both sides. */
  readonly side?: 'browser' | 'both';
  /** Throw MagicFailed for a mistake in the cell; any error fails the cell. */
  run(call: IMagicCall): Promise<void>;
}

/** The magics that the page runs. */
export interface ICellMagics {
  /** Add one; throws where there is one of that name. Disposing of the answer takes it away. */
  register(magic: ICellMagic): IDisposable;
  /** Whether a cell is one that the page runs for a kernel of the browser. */
  has(source: string): boolean;
}

export const ICellMagics = new Token<ICellMagics>(
  'porter-kernel-bridge:ICellMagics',
  'Cell magics that the page runs for the kernel.'
);

/** What a cell shows as its error: a class, what failed, and what to do next. */
export class MagicFailed extends Error {
  constructor(
    readonly error: string,
    message: string,
    readonly advice = ''
  ) {
    super(message);
    this.name = 'MagicFailed';
  }
}
