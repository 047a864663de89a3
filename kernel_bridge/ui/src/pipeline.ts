import { ICodeCellModel } from '@jupyterlab/cells';
import { INotebookCellExecutor, INotebookModel, runCell } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';

import { OutputWriter } from './magics/output';

/** One cell on its way to a kernel. */
export interface ICellRun extends INotebookCellExecutor.IRunCellOptions {
  /** The text of the cell as it was when its turn came. */
  readonly source: string;
}

/** A step between Run and the kernel: it runs the cell itself, or hands it on. */
export interface ICellMiddleware {
  readonly name: string;
  /** Lower ranks see a cell first: 0 opening, 10 magics, 20 remote cells, 30 requirements, 40 placement. */
  readonly rank: number;
  /** Resolves with whether the cells after this one may run. */
  run(cell: ICellRun, next: () => Promise<boolean>): Promise<boolean>;
}

/** The steps that every code cell goes through, in every notebook. */
export interface ICellPipeline extends INotebookCellExecutor {
  /** Add a step; the function that is returned takes it away. */
  add(middleware: ICellMiddleware): () => void;
  /** Do something when the cells that were asked for before have run, and before those after. */
  between<T>(notebook: INotebookModel, task: () => Promise<T>): Promise<T>;
}

export const ICellPipeline = new Token<ICellPipeline>(
  'porter-kernel-bridge:ICellPipeline',
  'The steps that a code cell goes through before it runs, and after it failed.'
);

/** Runs a notebook's cells one after the other, each through all steps. */
export class CellPipeline implements ICellPipeline {
  private readonly steps: ICellMiddleware[] = [];
  private readonly queues = new WeakMap<object, Promise<unknown>>();
  private readonly stopped = new WeakMap<object, number>();
  private batch = 0;

  constructor(
    /** Emits the id of each kernel that somebody interrupts. */
    private readonly interrupted: ISignal<unknown, string>
  ) {}

  add(middleware: ICellMiddleware): () => void {
    this.steps.push(middleware);
    this.steps.sort((one, other) => one.rank - other.rank);
    return () => {
      this.steps.splice(this.steps.indexOf(middleware), 1);
    };
  }

  /**
   * Run a cell when those before it have ended.
   *
   * JupyterLab asks for all cells of a Run All at once; what came in before a cell failed is not
   * run after it, as the kernel would have it.
   */
  runCell(options: INotebookCellExecutor.IRunCellOptions): Promise<boolean> {
    if (options.cell.model.type !== 'code' || !options.sessionContext) {
      return runCell(options);
    }
    const { cell, notebook } = options;
    const number = ++this.batch;
    const model = cell.model as ICodeCellModel;
    // As JupyterLab shows a cell whose turn has not come.
    model.executionState = 'running';
    return this.between(notebook, async () => {
      if (cell.isDisposed) {
        return false;
      }
      if (number <= (this.stopped.get(notebook) ?? 0)) {
        model.executionState = 'idle';
        return false;
      }
      let ran = false;
      try {
        ran = await this.through(options);
        return ran;
      } finally {
        if (!ran) {
          this.stopped.set(notebook, this.batch);
          model.executionState = 'idle';
        }
      }
    });
  }

  between<T>(notebook: INotebookModel, task: () => Promise<T>): Promise<T> {
    const before = this.queues.get(notebook) ?? Promise.resolve();
    const running = before.then(task);
    this.queues.set(
      notebook,
      running.catch(() => undefined)
    );
    return running;
  }

  private async through(options: INotebookCellExecutor.IRunCellOptions): Promise<boolean> {
    const steps = [...this.steps];
    const cell: ICellRun = { ...options, source: options.cell.model.sharedModel.getSource() };
    let stopped = false;
    // The kernel has nothing yet that its interrupt would end.
    const stop = (_: unknown, id: string) => {
      stopped ||= id === options.sessionContext?.session?.kernel?.id;
    };
    const run = () => (stopped ? refuse(options) : runCell(options));
    const from = (index: number): Promise<boolean> =>
      index < steps.length ? steps[index].run(cell, () => from(index + 1)) : run();
    this.interrupted.connect(stop);
    try {
      return await from(0);
    } finally {
      this.interrupted.disconnect(stop);
    }
  }
}

/** Say in a cell that it was interrupted before the kernel had it. */
async function refuse(options: INotebookCellExecutor.IRunCellOptions): Promise<boolean> {
  const { cell, onCellExecutionScheduled, onCellExecuted } = options;
  const outputs = new OutputWriter((cell.model as ICodeCellModel).outputs);
  const [name, message] = ['KeyboardInterrupt', 'the cell was interrupted before it ran'];
  onCellExecutionScheduled({ cell });
  outputs.clear();
  outputs.error(name, message, [`${name}: ${message}`]);
  onCellExecuted({ cell, success: false });
  return false;
}
