import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Kernel } from '@jupyterlab/services';

import { IDecisions } from './decisions';
import { ICellPipeline } from './pipeline';
import { ISelector } from './selector';
import { ISwitch, IWhy } from './switching';

/** Causes that the next run would meet again. */
const LASTING = new Set<IWhy['cause']>(['import', 'memory', 'heap', 'failure', 'person']);

/** Takes a notebook back to the browser when its kernel is restarted and nothing needs a server. */
export const returning: JupyterFrontEndPlugin<void> = {
  id: 'porter-kernel-bridge:returning',
  description: 'Takes restarted notebooks back to the browser where nothing needs a server.',
  autoStart: true,
  requires: [INotebookTracker, ICellPipeline, ISwitch, ISelector, IDecisions],
  activate: (
    _: JupyterFrontEnd,
    tracker: INotebookTracker,
    pipeline: ICellPipeline,
    moves: ISwitch,
    selector: ISelector,
    decisions: IDecisions
  ): void => {
    const free = async (panel: NotebookPanel): Promise<boolean> => {
      if (moves.side(panel) !== 'server' || selector.policy(panel) !== 'auto') {
        return false;
      }
      const before = moves.last(panel)?.why.cause;
      return (
        !(before && LASTING.has(before)) && (await decisions.of(panel))?.verdict === 'browser'
      );
    };
    const back = async (panel: NotebookPanel): Promise<void> => {
      if (!panel.isDisposed && (await free(panel))) {
        const message = 'it was restarted, and nothing in it needs a server';
        await moves.to(panel, 'browser', { cause: 'restart', message });
      }
    };
    tracker.widgetAdded.connect((_, panel) => {
      let restarted = false;
      panel.sessionContext.statusChanged.connect((_, status: Kernel.Status) => {
        if (status === 'restarting') {
          restarted = true;
        } else if (status === 'idle' && restarted && panel.model) {
          restarted = false;
          const moved = pipeline.between(panel.model, () => back(panel));
          moved.catch(error => console.warn('the notebook stays on the server:', error));
        }
      });
    });
  }
};
