import { PageConfig } from '@jupyterlab/coreutils';
import { PyodideKernel } from '@jupyterlite/pyodide-kernel';
import { wrap } from 'comlink';

import { hand, IHanded } from './handed';
import { beginning, QUIET } from './beginning';
import { bringing } from './bringing';
import { IBridgeSettings } from './settings';

export type Remote = ReturnType<PyodideKernel['initRemote']>;

/** POSIX's number, which Pyodide looks for in the shared memory. */
const SIGINT = 2;
/** How Pyodide's `on_fatal` begins what it tells (`pyodide-kernel/lib/worker.js`). */
const FATAL = /^Pyodide has (exited|suffered a fatal error)/;

/** What the worker sends beside comlink's own messages. */
interface ITold {
  _kernelMessage?: unknown;
  _porterBuffers?: IHanded;
  _logMessage?: { level?: string; data?: string };
}

/** Who gets what a worker tells. */
export interface IEngineUser {
  onMessage(message: unknown): void;
  onFatal(why: string): void;
}

/**
 * A worker with Pyodide and IPython in it, of no kernel yet or of one.
 *
 * The worker is always comlink's: in isolated pages PyodideKernel takes another one, which loses
 * replies. What that one is for, files and stdin, is asked of the server (`web/drive.py`).
 */
export class Engine {
  readonly worker: Worker;
  readonly remote: Remote;
  /** Rejects with why it did not start. */
  readonly ready: Promise<void>;
  private readonly signals: Int32Array | null;
  private user: IEngineUser | null = null;
  private why: string | null = null;

  constructor(
    settings: IBridgeSettings,
    /** The version of the lock file that it started from; null where the server tells none. */
    readonly version: string | null
  ) {
    const module = (url: URL) => new Worker(url, { type: 'module' });
    this.worker = module(
      new URL('@jupyterlite/pyodide-kernel/lib/comlink.worker.js', import.meta.url)
    );
    // Pages that are not isolated have no shared memory, and nothing to interrupt with.
    this.signals = crossOriginIsolated ? new Int32Array(new SharedArrayBuffer(4)) : null;
    this.worker.addEventListener('message', ({ data }: MessageEvent<ITold>) => this.take(data));
    this.remote = wrap(this.worker) as unknown as Remote;
    const failed = new Promise<never>((_, reject) =>
      this.worker.addEventListener('error', event =>
        reject(new Error(event.message || 'the worker cannot be loaded'))
      )
    );
    this.ready = Promise.race([
      failed,
      this.begin(settings)
    ]);
    // A mark of the page's timeline, for those who look where time goes.
    this.ready.then(
      () => performance.mark('porter-engine-ready'),
      () => undefined
    );
  }

  get interruptible(): boolean {
    return this.signals !== null;
  }

  /** Give the engine to a kernel. */
  give(user: IEngineUser): void {
    this.user = user;
    if (this.why !== null) {
      user.onFatal(this.why);
    }
  }

  /** Run Python that is none of a notebook's; throws where it fails. */
  async run(code: string): Promise<void> {
    const parent = { header: { msg_id: '', session: '' }, content: {}, metadata: {} };
    const reply = (await this.remote.execute({ code }, parent)) as {
      status: string;
      evalue?: string;
    };
    if (reply.status !== 'ok') {
      throw new Error(reply.evalue);
    }
  }

  interrupt(): void {
    if (this.signals) {
      Atomics.store(this.signals, 0, SIGINT);
    }
  }

  /** Forget an interrupt that nothing was there for. */
  clear(): void {
    if (this.signals) {
      Atomics.store(this.signals, 0, 0);
    }
  }

  private async begin(settings: IBridgeSettings): Promise<void> {
    await this.remote.initialize(remoteOptions(settings, this.signals));
    await this.run(beginning());
    if (this.user) {
      return;
    }
    try {
      // No notebook has it yet: have ready what the first cell with an import would wait for.
      await this.run(QUIET + (await bringing(settings)));
    } catch (error) {
      // The first call of the kernel's channel tries again.
      console.debug('engine:', error);
    }
  }

  private take({ _kernelMessage, _logMessage, _porterBuffers }: ITold): void {
    if (_porterBuffers !== undefined) {
      hand(_porterBuffers);
    } else if (_kernelMessage !== undefined) {
      this.user?.onMessage(_kernelMessage);
    } else if (_logMessage !== undefined) {
      const told = String(_logMessage.data ?? '');
      console.debug('kernel:', told);
      if (_logMessage.level === 'critical' && FATAL.test(told)) {
        this.why = told;
        this.user?.onFatal(told);
      }
    }
  }
}

/** As PyodideKernel's own, without what is a single kernel's. */
function remoteOptions(
  settings: IBridgeSettings,
  signals: Int32Array | null
): Parameters<Remote['initialize']>[0] {
  const { pyodideUrl } = settings;
  return {
    baseUrl: PageConfig.getBaseUrl(),
    pyodideUrl,
    indexUrl: pyodideUrl.slice(0, pyodideUrl.lastIndexOf('/') + 1),
    pipliteWheelUrl: settings.pipliteWheelUrl,
    pipliteUrls: settings.pipliteUrls,
    disablePyPIFallback: true,
    location: '',
    mountDrive: true,
    loadPyodideOptions: {
      lockFileURL: settings.lockFileUrl,
      stdLibURL: settings.stdlibUrl,
      packages: settings.packages,
      // Pyodide keeps what it does not know, and `python/starting.py` finds it there.
      porterInterrupts: signals
    } as Parameters<Remote['initialize']>[0]['loadPyodideOptions'],
    browsingContextId: settings.context,
    kernelId: ''
  };
}
