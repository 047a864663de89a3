import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import { DisposableDelegate } from '@lumino/disposable';

import { IDecisions } from './decisions';
import { keepAuthor, keepVerdict } from './keeping';
import { isPolicy } from './metadata';
import { ISelector, Selector } from './selector';
import { IBridgeSettings, readSettings } from './settings';

const ID = 'porter-kernel-bridge:plugin';

/** Opens each notebook in its kernel; the schema of its settings is `schema/plugin.json`. */
export const opening: JupyterFrontEndPlugin<ISelector> = {
  id: ID,
  description: 'Opens notebooks in the browser or on the server.',
  autoStart: true,
  requires: [IDecisions],
  optional: [ISettingRegistry],
  provides: ISelector,
  activate: (
    app: JupyterFrontEnd,
    decisions: IDecisions,
    registry: ISettingRegistry | null
  ): ISelector => {
    const told = readSettings();
    const read = registry?.load(ID) ?? Promise.resolve(null);
    const selector = new Selector(
      told ?? ({} as IBridgeSettings),
      decisions,
      read.catch(() => null)
    );
    read.then(
      settings => {
        const follow = () => {
          const policy = settings?.get('policy').composite;
          selector.user = isPolicy(policy) ? policy : 'auto';
        };
        settings?.changed.connect(follow);
        follow();
      },
      reason => console.warn('the policy of the settings cannot be read:', reason)
    );
    if (told) {
      const seen = new WeakSet<INotebookModel>();
      app.docRegistry.addWidgetExtension('Notebook', {
        createNew: ({ context }: NotebookPanel) => {
          // Several views of one notebook have one context.
          if (!seen.has(context.model)) {
            seen.add(context.model);
            const open = { context };
            selector.place(open);
            decisions.follow(open);
            keepAuthor(open, () => selector.known(context.sessionContext));
            keepVerdict(open, () => decisions.last(open));
          }
          return new DisposableDelegate(() => undefined);
        }
      });
    }
    return selector;
  }
};
