import { Notification } from '@jupyterlab/apputils';
import { INotebookModel } from '@jupyterlab/notebook';
import { Kernel } from '@jupyterlab/services';
import { JSONObject } from '@lumino/coreutils';

import { KernelChannel } from './channel';
import { ICellMiddleware, ICellRun } from './pipeline';
import { IBridgeSettings } from './settings';
import { Sides } from './sides';

/** Whether a text may import anything at all, itself or by a magic: asking the kernel costs a message. */
const IMPORTS = /\bimport\b|__import__|import_module|%(?:matplotlib|pylab)\b/;

/** What cannot be had, each with the reason. */
export type Absent = ReadonlyMap<string, string>;
const NONE: Absent = new Map();

/** Installs what a cell imports before it runs in the browser, from the lock file or the index. */
export class Requirements implements ICellMiddleware {
  readonly name = 'requirements';
  readonly rank = 30;
  private readonly absences = new WeakMap<INotebookModel, Absent>();

  constructor(
    private readonly sides: Sides,
    private readonly settings: IBridgeSettings
  ) {}

  /** What the cell whose turn it is imports and the browser cannot have, each with why. */
  absent(notebook: INotebookModel): Absent {
    return this.absences.get(notebook) ?? NONE;
  }

  /** Begin to install what these cells import: a person reads a notebook before they run it. */
  async ahead(kernel: Kernel.IKernelConnection, cells: string[]): Promise<void> {
    const importing = cells.filter(source => IMPORTS.test(source));
    if (importing.length === 0) {
      return;
    }
    try {
      await KernelChannel.of(kernel, this.settings).call('install_ahead', { cells: importing });
    } catch (error) {
      // It is installed when its cell runs.
      console.debug('requirements:', error);
    }
  }

  async run(cell: ICellRun, next: () => Promise<boolean>): Promise<boolean> {
    this.absences.delete(cell.notebook);
    const kernel = cell.sessionContext?.session?.kernel;
    if (kernel && this.sides.ofKernel(kernel.id) === 'browser' && IMPORTS.test(cell.source)) {
      const channel = KernelChannel.of(kernel, this.settings);
      try {
        const absent = await ensure(channel, cell.source, this.settings.indexUrl);
        this.absences.set(cell.notebook, absent);
      } catch (error) {
        // The cell then says itself what it lacks.
        console.warn('requirements:', error);
      }
    }
    return next();
  }
}

/** Install in a browser's kernel what some code imports; tells what cannot be had. */
export async function ensure(
  channel: KernelChannel,
  code: string,
  index: string
): Promise<Absent> {
  const { result } = await channel.call('missing', { code });
  const missing = result.missing as string[];
  if (missing.length === 0) {
    return NONE;
  }
  const shown = Notification.emit(`Installing ${missing.join(', ')}`, 'in-progress', {
    autoClose: false
  });
  const progress = (told: JSONObject) => {
    if (typeof told.message === 'string') {
      Notification.update({ id: shown, message: told.message });
    }
  };
  try {
    const { result } = await channel.call('install', { imports: missing, index }, [], progress);
    return new Map(Object.entries(result.reasons as Record<string, string>));
  } finally {
    Notification.dismiss(shown);
  }
}
