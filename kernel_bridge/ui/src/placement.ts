import { Notification } from '@jupyterlab/apputils';
import { CodeCell } from '@jupyterlab/cells';
import { INotebookModel, INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { KernelChannel } from './channel';
import { causeOf } from './failures';
import { OutputWriter } from './magics/output';
import { ICellMiddleware, ICellRun } from './pipeline';
import { Requirements } from './requirements';
import { IBridgeSettings } from './settings';
import { ISwitch, IWhy } from './switching';

/** The part of the browser's heap above which nothing more is begun there. */
const FULL = 0.85;

/** What placing a cell asks of the rest. */
export interface IAdvice {
  /** Whether the notebook may leave the browser by itself. */
  automatic(panel: NotebookPanel): boolean;
  /** Why this cell needs a server, by the decision on the notebook; null where it does not. */
  needsServer(panel: NotebookPanel, cell: string): Promise<string | null>;
  /** What the report says of an import that failed: the reason and what to do; null for nothing. */
  onImport(panel: NotebookPanel, cell: string): string | null;
  /** Whether a cell that failed half-way may run again. */
  askAgain(panel: NotebookPanel, cell: ICellRun, effects: readonly string[]): Promise<boolean>;
  /** A cell failed in the browser for lack of a server. */
  failed(panel: NotebookPanel, cell: ICellRun, why: IWhy): void;
}

/** Moves a notebook to a server before a cell that needs it, and after one that failed for lack of it. */
export class Placement implements ICellMiddleware {
  readonly name = 'placement';
  readonly rank = 40;
  private readonly full = new WeakMap<INotebookModel, string>();
  private readonly measuring = new WeakMap<INotebookModel, Promise<void>>();

  constructor(
    private readonly tracker: INotebookTracker,
    private readonly moves: ISwitch,
    private readonly requirements: Requirements,
    private readonly settings: IBridgeSettings,
    private readonly advice: IAdvice
  ) {}

  async run(cell: ICellRun, next: () => Promise<boolean>): Promise<boolean> {
    const panel = this.tracker.find(({ model }) => model === cell.notebook);
    if (!panel) {
      return next();
    }
    const id = cell.cell.model.id;
    if (this.moves.side(panel) === 'browser' && this.advice.automatic(panel)) {
      const why = await this.before(panel, cell);
      if (why && !(await this.move(panel, why))) {
        return false;
      }
    }
    const began = this.moves.side(panel);
    let ran: boolean;
    try {
      ran = await next();
    } catch (error) {
      if (began !== 'browser' || !(await this.after(panel, cell))) {
        this.explain(panel, cell);
        throw error;
      }
      ran = await next();
    }
    if (ran) {
      this.moves.history.add(cell.notebook, { id, source: cell.source });
      if (this.moves.side(panel) === 'browser') {
        const measured = this.measure(panel).catch(error => console.warn('memory:', error));
        this.measuring.set(cell.notebook, measured);
      }
    }
    return ran;
  }

  /** Why the notebook is to move before this cell. */
  private async before(panel: NotebookPanel, cell: ICellRun): Promise<IWhy | null> {
    await this.measuring.get(cell.notebook);
    const full = this.full.get(cell.notebook);
    if (full !== undefined) {
      this.full.delete(cell.notebook);
      return { cause: 'heap', message: full };
    }
    const absent = this.requirements.absent(cell.notebook);
    if (absent.size > 0) {
      return { cause: 'import', message: `no browser has ${[...absent.keys()].join(', ')}` };
    }
    const reason = await this.advice.needsServer(panel, cell.cell.model.id);
    return reason === null ? null : { cause: 'decision', message: reason };
  }

  /** Whether a cell that failed was moved, so that it may run again. */
  private async after(panel: NotebookPanel, cell: ICellRun): Promise<boolean> {
    const why = causeOf(cell);
    if (!why) {
      return false;
    }
    this.advice.failed(panel, cell, why);
    if (!this.advice.automatic(panel)) {
      return false;
    }
    const kernel = panel.sessionContext.session?.kernel;
    let effects: string[] = [];
    if (kernel) {
      const { result } = await KernelChannel.of(kernel, this.settings)
        .call('analyse', { code: cell.source })
        .catch(() => ({ result: { effects: [] } }));
      effects = (result.effects as { what: string }[]).map(({ what }) => what);
    }
    if (effects.length > 0 && !(await this.advice.askAgain(panel, cell, effects))) {
      return false;
    }
    return this.move(panel, why);
  }

  /** Say below a failed import why it could not be installed, and what the report says of it. */
  private explain(panel: NotebookPanel, cell: ICellRun): void {
    if (causeOf(cell)?.cause !== 'import') {
      return;
    }
    const absent = this.requirements.absent(cell.notebook);
    const told = [...absent].map(([name, reason]) => `${name} was not installed: ${reason}`);
    const advice = this.advice.onImport(panel, cell.cell.model.id);
    const lines = [...told, ...(advice === null ? [] : [advice])].map(line => `${line}\n`);
    if (lines.length > 0) {
      new OutputWriter((cell.cell as CodeCell).model.outputs).stream('stderr', lines.join(''));
    }
  }

  private async move(panel: NotebookPanel, why: IWhy): Promise<boolean> {
    try {
      await this.moves.to(panel, 'server', why);
      return true;
    } catch (error) {
      Notification.error(`This notebook needs a server, and none answers: ${String(error)}`);
      return false;
    }
  }

  /** See after a cell how full the browser's heap is. */
  private async measure(panel: NotebookPanel): Promise<void> {
    const kernel = panel.sessionContext.session?.kernel;
    if (!kernel || !panel.model) {
      return;
    }
    const { result } = await KernelChannel.of(kernel, this.settings).call('memory');
    const { used, limit } = result as { used: number; limit: number };
    if (limit > 0 && used > FULL * limit) {
      const percent = Math.round((100 * used) / limit);
      this.full.set(panel.model, `the browser's memory is ${percent}% full`);
    }
  }
}
