import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ISessionContext, showDialog } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Kernel } from '@jupyterlab/services';

import { IReplay } from './carrying';
import { IDecisions } from './decisions';
import { failureEvent, IOperations } from './operations';
import { ICellMiddleware, ICellPipeline, ICellRun } from './pipeline';
import { IAdvice, Placement } from './placement';
import { RemoteCells } from './remote';
import { ensure, Requirements } from './requirements';
import { IBridgeSettings, readSettings } from './settings';
import { IBridge } from './bridge';
import { ISelector } from './selector';
import { ISwitch, Switch } from './switching';

/** Provides the switch, and forgets what ran when a kernel begins anew. */
export const switching: JupyterFrontEndPlugin<ISwitch> = {
  id: 'porter-kernel-bridge:switching',
  description: 'Moves notebooks between kernels of the browser and of the server.',
  autoStart: true,
  requires: [IBridge, INotebookTracker, ISelector],
  provides: ISwitch,
  activate: (
    _: JupyterFrontEnd,
    { sides }: IBridge,
    tracker: INotebookTracker,
    selector: ISelector
  ): ISwitch => {
    const settings = readSettings() as IBridgeSettings;
    const moves = new Switch(
      sides,
      settings,
      askReplay,
      (panel, side) => selector.kernelName(panel, side),
      (channel, code) => ensure(channel, code, settings.indexUrl)
    );
    tracker.widgetAdded.connect((_, panel) => {
      const forget = () => {
        if (panel.model) {
          moves.history.forget(panel.model);
        }
      };
      panel.sessionContext.kernelChanged.connect(forget);
      panel.sessionContext.statusChanged.connect((_: ISessionContext, status) => {
        if (status === 'restarting' || status === 'autorestarting') {
          forget();
        }
      });
    });
    return moves;
  }
};

/** Has what cells import before they run, and moves notebooks where a cell needs it. */
export const automatic: JupyterFrontEndPlugin<void> = {
  id: 'porter-kernel-bridge:automatic',
  description: 'Installs what cells import, and moves notebooks to a server when they must.',
  autoStart: true,
  requires: [
    IBridge,
    INotebookTracker,
    ICellPipeline,
    ISwitch,
    IDecisions,
    ISelector,
    IOperations
  ],
  activate: (
    app: JupyterFrontEnd,
    { sides, client }: IBridge,
    tracker: INotebookTracker,
    pipeline: ICellPipeline,
    moves: ISwitch,
    decisions: IDecisions,
    selector: ISelector,
    operations: IOperations
  ): void => {
    const settings = readSettings();
    if (!settings) {
      return;
    }
    pipeline.add(new Opening(tracker, selector, moves));
    pipeline.add(
      new RemoteCells(
        tracker,
        app.serviceManager.sessions,
        moves,
        settings,
        (panel, cell) => selector.backend(panel, cell) === 'remote',
        panel => selector.kernelName(panel, 'server'),
        (outcome, seconds) => operations.tell({ event: 'farmed', outcome, seconds }),
        client.interrupted
      )
    );
    const requirements = new Requirements(sides, settings);
    pipeline.add(requirements);
    tracker.widgetAdded.connect((_, panel) => {
      panel.sessionContext.kernelChanged.connect((_, { newValue: kernel }) => {
        if (kernel && sides.ofKernel(kernel.id) === 'browser') {
          void answered(kernel).then(() => requirements.ahead(kernel, codeFor(panel, selector)));
        }
      });
    });
    const advice = adviceFrom(decisions, selector, operations);
    pipeline.add(new Placement(tracker, moves, requirements, settings, advice));
  }
};

/** Has a cell wait for the kernel of a notebook that is being opened, or that somebody moves. */
class Opening implements ICellMiddleware {
  readonly name = 'opening';
  readonly rank = 0;

  constructor(
    private readonly tracker: INotebookTracker,
    private readonly selector: ISelector,
    private readonly moves: ISwitch
  ) {}

  async run(cell: ICellRun, next: () => Promise<boolean>): Promise<boolean> {
    const panel = this.tracker.find(({ model }) => model === cell.notebook);
    if (panel) {
      // While it opens JupyterLab would start another kernel.
      await this.selector.settled(panel);
      await this.moves.settled(panel);
      const kernel = panel.sessionContext.session?.kernel;
      if (kernel) {
        await answered(kernel);
      }
    }
    return next();
  }
}

/** The code of a notebook's cells that are to run in its own kernel. */
function codeFor(panel: NotebookPanel, selector: ISelector): string[] {
  const cells = [...(panel.model?.cells ?? [])].filter(({ type }) => type === 'code');
  const here = cells.filter(({ id }) => ['auto', 'browser'].includes(selector.backend(panel, id)));
  return here.map(({ sharedModel }) => sharedModel.getSource());
}

/** Resolves when a kernel has answered for the first time, or never will: what is asked before is lost. */
function answered(kernel: Kernel.IKernelConnection): Promise<void> {
  return new Promise(resolve => {
    kernel.info.then(
      () => resolve(),
      () => resolve()
    );
    kernel.statusChanged.connect((_, status) => status === 'dead' && resolve());
    kernel.disposed.connect(() => resolve());
    if (kernel.isDisposed || kernel.status === 'dead') {
      resolve();
    }
  });
}

/** What the decision on a notebook says of its cells. */
function adviceFrom(
  decisions: IDecisions,
  selector: ISelector,
  operations: IOperations
): IAdvice {
  const reasonsOf = (panel: NotebookPanel, cell: string) =>
    (decisions.last(panel)?.reasons ?? []).filter(({ id }) => id === cell);
  return {
    automatic: panel => selector.policy(panel) === 'auto',
    needsServer: async (panel, cell) => {
      const marked = selector.backend(panel, cell);
      if (marked !== 'auto') {
        return marked === 'server' ? 'the cell is marked for it' : null;
      }
      const decision = await decisions.of(panel);
      if (decision?.cells.find(({ id }) => id === cell)?.backend !== 'server') {
        return null;
      }
      const reason = reasonsOf(panel, cell).find(({ severity }) => severity === 'server');
      return reason?.message ?? 'the report says so';
    },
    onImport: (panel, cell) => {
      const reason = reasonsOf(panel, cell).find(({ severity }) => severity !== 'warning');
      return reason ? `${reason.message}: ${reason.advice}` : null;
    },
    askAgain: async (panel, _, effects) => {
      const what = effects.join(', ');
      const told = `The cell failed in the browser. Before that it may have done this: ${what}.`;
      const asked = await showDialog({
        title: 'Run this cell again on the server?',
        body: told,
        host: panel.node,
        buttons: [Dialog.cancelButton(), Dialog.okButton({ label: 'Run again' })]
      });
      return asked.button.accept;
    },
    failed: (panel, cell, why) => {
      const decision = decisions.last(panel);
      const judged = decision?.cells.find(({ id }) => id === cell.cell.model.id)?.backend;
      if (decision && judged) {
        const { cause, subject } = why;
        const { source } = cell;
        const { catalogue } = decision.made_from;
        void failureEvent({
          side: 'browser',
          cause,
          subject: subject ?? cause,
          judged,
          source,
          catalogue
        }).then(event => operations.tell(event));
      }
    }
  };
}

async function askReplay(panel: NotebookPanel, cells: readonly IReplay[]): Promise<boolean> {
  const told = cells
    .flatMap(({ effects }) => effects)
    .map(({ what }) => what)
    .join(', ');
  const asked = await showDialog({
    title: 'Run cells again?',
    body: `Some variables can only be made again by running their cells, which also do this: ${told}.`,
    host: panel.node,
    buttons: [
      Dialog.cancelButton({ label: 'Go on without them' }),
      Dialog.okButton({ label: 'Run them again' })
    ]
  });
  return asked.button.accept;
}
