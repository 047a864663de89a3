import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { URLExt } from '@jupyterlab/coreutils';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { INotebookModel } from '@jupyterlab/notebook';
import { ServerConnection } from '@jupyterlab/services';
import { Token } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { KernelDecision } from './decision';
import { ICellMagics } from './magics/registry';
import { isRemote } from './remote';

/** Milliseconds without an edit after which a notebook is asked about again. */
const QUIET = 800;
/** Milliseconds after which an answer that has not come is given up. */
const PATIENCE = 20_000;

/** An open notebook: a NotebookPanel is one. */
export interface IOpen {
  readonly context: DocumentRegistry.IContext<INotebookModel>;
}

/** Knows where each notebook can run. */
export interface IDecisions {
  /**
   * The decision for a notebook as it is now; null where nobody can tell.
   *
   * A notebook whose code is what it was is not asked about again. Never rejects.
   */
  of(open: IOpen): Promise<KernelDecision | null>;
  /** The last decision for a notebook, of whatever code it had then. */
  last(open: IOpen): KernelDecision | null;
  /** Ask about a notebook again some time after each edit, until it is closed. */
  follow(open: IOpen): void;
  /** A notebook has another decision than before. */
  readonly changed: ISignal<IDecisions, INotebookModel>;
}

export const IDecisions = new Token<IDecisions>(
  'porter-kernel-bridge:IDecisions',
  'Where each notebook can run, and why.'
);

interface IAsked {
  /** What was sent, without `previous`. */
  readonly body: string;
  readonly answer: Promise<KernelDecision | null>;
}

/** Asks the server extension (`kernel_bridge/web/decisions.py`). */
export class Decisions implements IDecisions {
  private readonly asked = new WeakMap<INotebookModel, IAsked>();
  private readonly lasts = new WeakMap<INotebookModel, KernelDecision>();
  private readonly _changed = new Signal<this, INotebookModel>(this);

  constructor(
    private readonly server: ServerConnection.ISettings,
    /** Whether the browser's kernel is not to run a cell itself. */
    private readonly spared: (source: string) => boolean
  ) {}

  get changed(): ISignal<this, INotebookModel> {
    return this._changed;
  }

  last({ context }: IOpen): KernelDecision | null {
    return this.lasts.get(context.model) ?? null;
  }

  of({ context }: IOpen): Promise<KernelDecision | null> {
    const { model } = context;
    if (model.isDisposed) {
      return Promise.resolve(null);
    }
    const question = { path: context.localPath, notebook: codeOf(model, this.spared) };
    const body = JSON.stringify(question);
    const before = this.asked.get(model);
    if (before?.body === body) {
      return before.answer;
    }
    const previous = this.lasts.get(model);
    const answer = this.ask({ ...question, previous: previous?.id ?? null }).then(decision => {
      if (this.asked.get(model)?.answer !== answer) {
        return decision;
      }
      if (decision === null) {
        // Asked again when it is wanted again: the server may be back then.
        this.asked.delete(model);
      } else {
        this.lasts.set(model, decision);
        if (decision.id !== previous?.id) {
          this._changed.emit(model);
        }
      }
      return decision;
    });
    this.asked.set(model, { body, answer });
    return answer;
  }

  follow({ context }: IOpen): void {
    let timer: number | undefined;
    const wait = () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => void this.of({ context }), QUIET);
    };
    context.disposed.connect(() => window.clearTimeout(timer));
    void context.ready.then(() => {
      context.model.contentChanged.connect(wait);
      wait();
    });
  }

  private async ask(question: object): Promise<KernelDecision | null> {
    const url = URLExt.join(this.server.baseUrl, 'porter', 'decisions');
    const init = {
      method: 'POST',
      body: JSON.stringify(question),
      signal: AbortSignal.timeout(PATIENCE)
    };
    try {
      const response = await ServerConnection.makeRequest(url, init, this.server);
      if (!response.ok) {
        console.info('no decision:', response.status, await response.text());
        return null;
      }
      return (await response.json()) as KernelDecision;
    } catch (error) {
      console.info('no decision:', error);
      return null;
    }
  }
}

/** A notebook as nbformat has it, without what no decision follows from, such as outputs. */
function codeOf(model: INotebookModel, spared: (source: string) => boolean): object {
  const shared = model.sharedModel;
  const { kernelspec, language_info } = shared.getMetadata();
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec, language_info: language_info && { name: language_info.name } },
    cells: shared.cells.map(cell => ({
      cell_type: cell.cell_type,
      id: cell.getId(),
      metadata: {},
      source: spared(cell.getSource()) ? '' : cell.getSource(),
      ...(cell.cell_type === 'code' ? { outputs: [], execution_count: null } : {})
    }))
  };
}

export const decisions: JupyterFrontEndPlugin<IDecisions> = {
  id: 'porter-kernel-bridge:decisions',
  description: 'Where each notebook can run, and why.',
  autoStart: true,
  requires: [ICellMagics],
  provides: IDecisions,
  activate: ({ serviceManager }: JupyterFrontEnd, magics: ICellMagics): IDecisions =>
    new Decisions(serviceManager.serverSettings, source => magics.has(source) || isRemote(source))
};
