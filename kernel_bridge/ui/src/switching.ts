import { NotebookPanel } from '@jupyterlab/notebook';
import { Kernel } from '@jupyterlab/services';
import { Token } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { emptyParcel, ILeft, IParcel, IReplay, pack, planReplay, unpack } from './carrying';
import { KernelChannel } from './channel';
import { History } from './history';
import { IBridgeSettings } from './settings';
import { Side, Sides } from './sides';

/** Why a notebook moves. */
export interface IWhy {
  readonly cause: 'person' | 'decision' | 'import' | 'memory' | 'heap' | 'failure' | 'restart';
  readonly message: string;
}

/** What a switch did. */
export interface ISwitched {
  readonly panel: NotebookPanel;
  readonly from: Side;
  readonly to: Side;
  readonly why: IWhy;
  /** From the old kernel's last answer until the new one may run a cell. */
  readonly seconds: number;
  readonly carried: readonly string[];
  readonly replayed: number;
  readonly left: readonly ILeft[];
}

/** Moves notebooks between the browser and the server, with their variables. */
export interface ISwitch {
  /** Move a notebook; no cell of it may run meanwhile. Throws where the other side is away. */
  to(panel: NotebookPanel, side: Side, why: IWhy): Promise<ISwitched | null>;
  side(panel: NotebookPanel): Side | null;
  last(panel: NotebookPanel): ISwitched | null;
  readonly history: History;
  /** Emitted before a switch with null, and after it. */
  readonly changed: ISignal<ISwitch, { panel: NotebookPanel; switched: ISwitched | null }>;
}

export const ISwitch = new Token<ISwitch>(
  'porter-kernel-bridge:ISwitch',
  'Moves notebooks between kernels of the browser and of the server.'
);

/** Asks whether cells that did something to the world outside may run again. */
export type AskReplay = (panel: NotebookPanel, cells: readonly IReplay[]) => Promise<boolean>;

export class Switch implements ISwitch {
  readonly history = new History();
  private readonly lasts = new WeakMap<NotebookPanel, ISwitched>();
  private readonly _changed = new Signal<
    this,
    { panel: NotebookPanel; switched: ISwitched | null }
  >(this);

  constructor(
    private readonly sides: Sides,
    private readonly settings: IBridgeSettings,
    private readonly ask: AskReplay,
    private readonly kernelName: (panel: NotebookPanel, side: Side) => string
  ) {}

  get changed(): ISignal<this, { panel: NotebookPanel; switched: ISwitched | null }> {
    return this._changed;
  }

  side(panel: NotebookPanel): Side | null {
    const kernel = panel.sessionContext.session?.kernel;
    return kernel ? this.sides.ofKernel(kernel.id) : null;
  }

  last(panel: NotebookPanel): ISwitched | null {
    return this.lasts.get(panel) ?? null;
  }

  async to(panel: NotebookPanel, side: Side, why: IWhy): Promise<ISwitched | null> {
    const context = panel.sessionContext;
    const old = context.session?.kernel ?? null;
    const from = this.side(panel) ?? 'browser';
    if (old && from === side) {
      return null;
    }
    this._changed.emit({ panel, switched: null });
    const started = performance.now();
    let switched: ISwitched | null = null;
    try {
      const parcel = old ? await this.pack(old) : emptyParcel();
      const name = this.kernelName(panel, side);
      const ran = [...this.history.of(panel.model!)];
      const kernel = await context.changeKernel({ name });
      if (!kernel) {
        throw new Error(`the kernel ${name} did not start`);
      }
      const channel = KernelChannel.of(kernel, this.settings);
      const { restored, failed } = await unpack(channel, parcel);
      const missing = [...parcel.left, ...failed];
      const { replayed, made } = await this.replay(panel, kernel, channel, ran, missing);
      for (const cell of ran) {
        this.history.add(panel.model!, cell);
      }
      switched = {
        panel,
        from,
        to: side,
        why,
        seconds: (performance.now() - started) / 1000,
        carried: restored,
        replayed,
        left: missing.filter(({ name }) => !made.has(name))
      };
      this.lasts.set(panel, switched);
      return switched;
    } finally {
      this._changed.emit({ panel, switched });
    }
  }

  /** What can be had of the old kernel; nothing of one that has died. */
  private async pack(kernel: Kernel.IKernelConnection): Promise<IParcel> {
    if (kernel.status === 'dead' || kernel.connectionStatus === 'disconnected') {
      return emptyParcel();
    }
    try {
      return await pack(KernelChannel.of(kernel, this.settings), this.settings.carryLimit);
    } catch (error) {
      console.warn('nothing is carried over:', error);
      return emptyParcel();
    }
  }

  private async replay(
    panel: NotebookPanel,
    kernel: Kernel.IKernelConnection,
    channel: KernelChannel,
    ran: Parameters<typeof planReplay>[1],
    missing: readonly ILeft[]
  ): Promise<{ replayed: number; made: Set<string> }> {
    const wanted = missing.map(({ name }) => name);
    const cells = await planReplay(channel, ran, wanted);
    const acting = cells.filter(({ effects }) => effects.length > 0);
    if (cells.length === 0 || (acting.length > 0 && !(await this.ask(panel, acting)))) {
      return { replayed: 0, made: new Set() };
    }
    for (const { source } of cells) {
      const future = kernel.requestExecute({
        code: source,
        store_history: false,
        stop_on_error: false
      });
      const reply = await future.done;
      if (reply?.content.status !== 'ok') {
        return { replayed: cells.indexOf(cells.find(cell => cell.source === source)!), made: new Set() };
      }
    }
    return { replayed: cells.length, made: new Set(wanted) };
  }
}
