import { Contents } from '@jupyterlab/services';
import { IKernel, KernelSpecs } from '@jupyterlite/services';
import { PyodideKernel } from '@jupyterlite/pyodide-kernel';
import { wrap } from 'comlink';

import { IBridgeSettings } from './settings';

/** Declare the browser's kernel. */
export function register(
  specs: KernelSpecs,
  settings: IBridgeSettings,
  contentsManager: () => Contents.IManager
): void {
  specs.register({
    spec: {
      name: settings.browserKernel,
      display_name: 'Python (browser)',
      language: 'python',
      argv: [],
      resources: {}
    },
    create: async (options: IKernel.IOptions) =>
      new BrowserKernel({
        ...options,
        pyodideUrl: settings.pyodideUrl,
        pipliteUrls: settings.pipliteUrls,
        pipliteWheelUrl: settings.pipliteWheelUrl,
        disablePyPIFallback: true,
        mountDrive: true,
        browsingContextId: settings.context,
        contentsManager: contentsManager(),
        loadPyodideOptions: {
          lockFileURL: settings.lockFileUrl,
          stdLibURL: settings.stdlibUrl,
          packages: settings.packages
        },
        logger: ({ payload }) => console.debug('kernel:', payload.data)
      })
  });
}

/** What the worker sends beside comlink's own messages. */
interface ITold {
  _kernelMessage?: unknown;
  _logMessage?: unknown;
}

/** The two halves of PyodideKernel that a worker's messages go to. */
interface IListener {
  _processWorkerMessage(message: unknown): void;
  _processLogMessage(message: unknown): void;
}

/**
 * A Pyodide kernel whose worker is always comlink's.
 *
 * In cross-origin isolated pages PyodideKernel takes another worker, which loses replies. What that
 * one is for, files and stdin, is asked of the server (`kernel_bridge/web/drive.py`).
 */
class BrowserKernel extends PyodideKernel {
  protected override initWorker(): Worker {
    const module = (url: URL) => new Worker(url, { type: 'module' });
    return module(new URL('@jupyterlite/pyodide-kernel/lib/comlink.worker.js', import.meta.url));
  }

  protected override initRemote(
    options: PyodideKernel.IOptions
  ): ReturnType<PyodideKernel['initRemote']> {
    const here = this as unknown as IListener & {
      _worker: Worker;
      _ready: { resolve(): void; reject(reason: unknown): void };
    };
    const worker = here._worker;
    const remote = wrap(worker) as unknown as ReturnType<PyodideKernel['initRemote']>;
    worker.addEventListener('message', ({ data }: MessageEvent<ITold>) => {
      if (data?._kernelMessage !== undefined) {
        here._processWorkerMessage(data._kernelMessage);
      } else if (data?._logMessage !== undefined) {
        here._processLogMessage(data._logMessage);
      }
    });
    remote
      .initialize(this.initRemoteOptions(options))
      .then(() => here._ready.resolve())
      .catch((error: Error) => here._ready.reject(error.message));
    return remote;
  }
}
