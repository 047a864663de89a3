import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';

import { IBridge } from '../bridge';
import { ICellPipeline } from '../pipeline';
import { IBridgeSettings, readSettings } from '../settings';
import { DataframeMagic } from './dataframe';
import { Magics } from './middleware';
import { LazyFileQueries, QueryMagic } from './query';
import { ICellMagics } from './registry';

/** The services' magics; others add theirs by the token. */
export const magics: JupyterFrontEndPlugin<ICellMagics> = {
  id: 'porter-kernel-bridge:magics',
  description: 'Cell magics that the page runs.',
  autoStart: true,
  requires: [IBridge, INotebookTracker, ICellPipeline],
  provides: ICellMagics,
  activate: (
    app: JupyterFrontEnd,
    { sides, client, serverSettings }: IBridge,
    tracker: INotebookTracker,
    pipeline: ICellPipeline
  ): ICellMagics => {
    const settings = readSettings();
    const told = settings as IBridgeSettings;
    const magics = new Magics(tracker, sides, told, client.interrupted);
    const limits = { rows: told?.rowsLimit ?? 0, bytes: told?.bytesLimit ?? 0 };
    const files = new LazyFileQueries(app.serviceManager.contents, serverSettings, limits);
    for (const name of ['sql', 'googlesheet', 'graphql']) {
      magics.register(new QueryMagic(name, serverSettings, files));
    }
    magics.register(new DataframeMagic(serverSettings));
    if (settings) {
      pipeline.add(magics);
    }
    return magics;
  }
};
