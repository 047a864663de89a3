import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification, SessionContext } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { readSettings } from './settings';

/** Restarts a browser kernel that died, and says that it did. */
export const reviving: JupyterFrontEndPlugin<void> = {
  id: 'porter-kernel-bridge:reviving',
  description: 'Restarts browser kernels that died.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (_: JupyterFrontEnd, tracker: INotebookTracker) => {
    const name = readSettings()?.browserKernel;
    if (name !== undefined) {
      tracker.widgetAdded.connect((_, panel) => watch(panel, name));
    }
  }
};

function watch(panel: NotebookPanel, browserKernel: string): void {
  const context = panel.sessionContext as SessionContext;
  const died = () => {
    const kernel = context.session?.kernel;
    return kernel?.status === 'dead' && kernel.name === browserKernel;
  };
  // JupyterLab restarts by the connection, which is of no use once it was told that its kernel is dead.
  const restart = context.restartKernel.bind(context);
  context.restartKernel = async () => {
    if (died()) {
      await context.changeKernel({ name: browserKernel });
    } else {
      await restart();
    }
  };
  context.statusChanged.connect((_, status) => {
    if (status === 'dead' && died()) {
      Notification.error(`The browser kernel of ${context.path} died, and its variables are gone.`, {
        autoClose: false,
        actions: [{ label: 'Restart', callback: () => void context.restartKernel() }]
      });
    }
  });
}
