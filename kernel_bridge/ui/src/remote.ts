import { CodeCell } from '@jupyterlab/cells';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { URLExt } from '@jupyterlab/coreutils';
import { Kernel, KernelMessage, ServerConnection, Session } from '@jupyterlab/services';
import { JSONArray, UUID } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';

import { pack, unpack } from './carrying';
import { KernelChannel } from './channel';
import { OutputWriter } from './magics/output';
import { ICellMiddleware, ICellRun } from './pipeline';
import { IBridgeSettings } from './settings';
import { ISwitch } from './switching';

/** The first line of a cell that runs on a server's kernel while its notebook stays where it is. */
const MARK = /^\s*%%remote[ \t]*(?:\n|$)/;

/** The sessions of such kernels (`kernel_bridge/gateway/trust.py`). */
const TYPE = 'porter-remote';

/** Whether a cell says of itself that it runs on a server, wherever its notebook is. */
export function isRemote(source: string): boolean {
  return MARK.test(source);
}

const MARKED = '# %%remote';
const INTERRUPTED = { name: 'KeyboardInterrupt', message: 'the remote cell was interrupted' };
/** What the notebook's own kernel has lost then, the other one is not to have either. */
const ENDS: ReadonlySet<Kernel.Status> = new Set<Kernel.Status>([
  'restarting',
  'autorestarting',
  'terminating',
  'dead'
]);

/** The next number in a kernel's history, which a comment costs no more than. */
async function count(kernel: Kernel.IKernelConnection): Promise<number | null> {
  if (kernel.isDisposed || kernel.status === 'dead') {
    return null;
  }
  const future = kernel.requestExecute({ code: MARKED, store_history: true });
  const reply = await future.done.catch(() => undefined);
  return reply?.content.execution_count ?? null;
}

/** A server's kernel beside a notebook of the browser, and the names whose values stay there. */
interface ICompanion {
  readonly session: Session.ISessionConnection;
  readonly kept: Set<string>;
}

/**
 * Runs single cells on a server while their notebook stays in the browser.
 *
 * The variables that a cell reads go there, those that it makes come back; one that is too large
 * stays, and the notebook has a `Remote` under its name.
 */
export class RemoteCells implements ICellMiddleware {
  readonly name = 'remote';
  readonly rank = 20;
  private readonly companions = new WeakMap<NotebookPanel, Promise<ICompanion>>();

  constructor(
    private readonly tracker: INotebookTracker,
    private readonly sessions: Session.IManager,
    private readonly moves: ISwitch,
    private readonly settings: IBridgeSettings,
    /** Whether a cell is marked for a server by its metadata. */
    private readonly marked: (panel: NotebookPanel, cell: string) => boolean,
    /** The server's kernelspec for a notebook. */
    private readonly kernelName: (panel: NotebookPanel) => string,
    private readonly told: (outcome: 'done' | 'failed', seconds: number) => void,
    /** Emits the id of each kernel that somebody interrupts. */
    private readonly interrupted: ISignal<unknown, string>
  ) {}

  async run(cell: ICellRun, next: () => Promise<boolean>): Promise<boolean> {
    const panel = this.tracker.find(({ model }) => model === cell.notebook);
    const here = panel?.sessionContext.session?.kernel;
    const asked = isRemote(cell.source) || (panel && this.marked(panel, cell.cell.model.id));
    if (!panel || !here || !asked || this.moves.side(panel) !== 'browser') {
      return next();
    }
    const code = cell.source.replace(MARK, '');
    const view = cell.cell as CodeCell;
    cell.onCellExecutionScheduled({ cell: view });
    view.model.clearExecution();
    view.setPrompt('*');
    const began = performance.now();
    const aborter = new AbortController();
    const stop = (_: unknown, id: string) => id === here.id && aborter.abort();
    this.interrupted.connect(stop);
    let ran = false;
    try {
      ran = await this.send(panel, here, view, code, aborter.signal);
      if (ran) {
        // On a server it may run again, as any cell, for what did not come from there.
        this.moves.history.add(cell.notebook, { id: view.model.id, source: cell.source });
      }
    } catch (error) {
      const told = error instanceof Error ? error : new Error(String(error));
      const { name, message } = aborter.signal.aborted ? INTERRUPTED : told;
      new OutputWriter(view.model.outputs).error(name, message, [`${name}: ${message}`]);
    } finally {
      this.interrupted.disconnect(stop);
      const number = await count(here);
      if (!view.isDisposed) {
        view.model.executionCount = number;
        view.setPrompt(`${number ?? ''}`);
        view.model.executionState = 'idle';
      }
      cell.onCellExecuted({ cell: view, success: ran });
      this.told(ran ? 'done' : 'failed', (performance.now() - began) / 1000);
    }
    return ran;
  }

  /** Run code on the server, with what it reads sent before and what it makes fetched after. */
  private async send(
    panel: NotebookPanel,
    here: Kernel.IKernelConnection,
    view: CodeCell,
    code: string,
    signal: AbortSignal
  ): Promise<boolean> {
    const { session, kept } = await this.companion(panel);
    signal.throwIfAborted();
    const there = session.kernel!;
    const channels = [here, there].map(kernel => KernelChannel.of(kernel, this.settings));
    const { result } = await channels[0].call('analyse', { code });
    const reads = (result.reads as string[]).filter(name => !kept.has(name));
    const limit = this.settings.carryLimit;
    await unpack(channels[1], await pack(channels[0], limit, reads));
    signal.throwIfAborted();

    // The kernel tells of the interrupt itself, as of any error.
    signal.addEventListener('abort', () => void there.interrupt().catch(() => undefined));
    const future = there.requestExecute({ code, stop_on_error: true, store_history: false });
    view.outputArea.future = future as Kernel.IShellFuture<
      KernelMessage.IExecuteRequestMsg,
      KernelMessage.IExecuteReplyMsg
    >;
    const reply = await future.done;
    if (reply?.content.status !== 'ok') {
      return false;
    }
    const made = [...(result.writes as string[]), ...(result.changes as string[])];
    await this.fetch(channels, [...new Set(made)], kept);
    return true;
  }

  private async fetch(
    [here, there]: KernelChannel[],
    writes: readonly string[],
    kept: Set<string>
  ): Promise<void> {
    if (writes.length === 0) {
      return;
    }
    const parcel = await pack(there, this.settings.carryLimit, writes);
    const { restored, failed } = await unpack(here, parcel);
    restored.forEach(name => kept.delete(name));
    const stay = [...parcel.left, ...failed];
    stay.forEach(({ name }) => kept.add(name));
    if (stay.length > 0) {
      await here.call('handles', { names: stay as unknown as JSONArray });
    }
  }

  /** The server's kernel beside a notebook; it starts with the first cell and ends with the notebook. */
  private companion(panel: NotebookPanel): Promise<ICompanion> {
    const known = this.companions.get(panel);
    const started = known ?? this.start(panel);
    this.companions.set(panel, started);
    return started.then(companion => {
      if (companion.session.isDisposed || companion.session.kernel === null) {
        this.companions.delete(panel);
        return this.companion(panel);
      }
      return companion;
    });
  }

  private async start(panel: NotebookPanel): Promise<ICompanion> {
    try {
      const session = await this.sessions.startNew({
        // Of the notebook's own folder, so that files are found as the notebook finds them.
        path: `${panel.context.localPath}-remote-${UUID.uuid4()}`,
        name: `${panel.context.path} (remote cells)`,
        type: TYPE,
        kernel: { name: this.kernelName(panel) }
      });
      this.endWith(panel, session);
      // It is to know the magics, also where no variable goes there.
      await KernelChannel.of(session.kernel!, this.settings).call('hello');
      return { session, kept: new Set() };
    } catch (error) {
      this.companions.delete(panel);
      throw error;
    }
  }

  /** End it with its notebook, with the page, and where the notebook's own kernel begins anew. */
  private endWith(panel: NotebookPanel, session: Session.ISessionConnection): void {
    const { sessionContext } = panel;
    const end = () => {
      window.removeEventListener('pagehide', leave);
      panel.disposed.disconnect(end);
      sessionContext.statusChanged.disconnect(onStatus);
      sessionContext.kernelChanged.disconnect(end);
      this.companions.delete(panel);
      void session.shutdown().catch(() => undefined);
    };
    const onStatus = (_: unknown, status: Kernel.Status) => {
      if (ENDS.has(status)) {
        end();
      }
    };
    // A page that goes waits for no answer.
    const leave = () => {
      const server = this.sessions.serverSettings ?? ServerConnection.makeSettings();
      const url = URLExt.join(server.baseUrl, 'api/sessions', session.id);
      void ServerConnection.makeRequest(url, { method: 'DELETE', keepalive: true }, server);
    };
    window.addEventListener('pagehide', leave);
    panel.disposed.connect(end);
    sessionContext.statusChanged.connect(onStatus);
    sessionContext.kernelChanged.connect(end);
  }
}
