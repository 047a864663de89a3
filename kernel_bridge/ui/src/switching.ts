import { NotebookPanel } from '@jupyterlab/notebook';
import { Kernel } from '@jupyterlab/services';
import { Token } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { ILeft, IParcel, IReplay, pack, partOf, planReplay, unpack } from './carrying';
import { KernelChannel } from './channel';
import { History, IRan } from './history';
import { IBridgeSettings } from './settings';
import { Side, Sides } from './sides';

/** Why a notebook moves. */
export interface IWhy {
  readonly cause: 'person' | 'decision' | 'import' | 'memory' | 'heap' | 'failure' | 'restart';
  readonly message: string;
  /** The module or the exception that told of it. */
  readonly subject?: string;
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
  /** Resolves when a notebook that moves is there, or where it was. */
  settled(panel: NotebookPanel): Promise<void>;
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
  private readonly moving = new WeakMap<NotebookPanel, Promise<unknown>>();
  private readonly _changed = new Signal<
    this,
    { panel: NotebookPanel; switched: ISwitched | null }
  >(this);

  constructor(
    private readonly sides: Sides,
    private readonly settings: IBridgeSettings,
    private readonly ask: AskReplay,
    private readonly kernelName: (panel: NotebookPanel, side: Side) => string,
    /** Have in a browser's kernel what some code imports. */
    private readonly ensure: (channel: KernelChannel, code: string) => Promise<unknown>
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

  async settled(panel: NotebookPanel): Promise<void> {
    await this.moving.get(panel)?.catch(() => undefined);
  }

  to(panel: NotebookPanel, side: Side, why: IWhy): Promise<ISwitched | null> {
    const moved = this.move(panel, side, why);
    this.moving.set(panel, moved);
    return moved;
  }

  private async move(panel: NotebookPanel, side: Side, why: IWhy): Promise<ISwitched | null> {
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
      const parcel = old && (await this.pack(old));
      const name = this.kernelName(panel, side);
      const ran = [...this.history.of(panel.model!)];
      const kernel = await context.changeKernel({ name }).catch(async error => {
        await this.back(panel, old, ran);
        throw error;
      });
      if (!kernel) {
        throw new Error(`the kernel ${name} did not start`);
      }
      const channel = KernelChannel.of(kernel, this.settings);
      if (side === 'browser') {
        const code = [...ran.map(({ source }) => source), ...importsOf(parcel)].join('\n');
        await this.ensure(channel, code);
      }
      const { restored, failed } = parcel
        ? await unpack(channel, parcel)
        : { restored: [], failed: [] };
      const missing = [...(parcel?.left ?? []), ...failed];
      const lost = parcel ? missing.map(({ name }) => name) : null;
      const replayed = await this.replay(panel, kernel, ran, lost, parcel);
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
        left: replayed > 0 ? [] : missing
      };
      this.lasts.set(panel, switched);
      return switched;
    } finally {
      this._changed.emit({ panel, switched });
    }
  }

  /** Return to the kernel that a notebook had: JupyterLab lets go of it when no other starts. */
  private async back(
    panel: NotebookPanel,
    old: Kernel.IKernelConnection | null,
    ran: ReturnType<History['of']>
  ): Promise<void> {
    if (!old || !(await panel.sessionContext.changeKernel({ id: old.id }).catch(() => null))) {
      return;
    }
    for (const cell of ran) {
      this.history.add(panel.model!, cell);
    }
  }

  /** What can be had of the old kernel; null where it cannot be asked any more. */
  private async pack(kernel: Kernel.IKernelConnection): Promise<IParcel | null> {
    if (kernel.status === 'dead' || kernel.connectionStatus === 'disconnected') {
      return null;
    }
    try {
      return await pack(KernelChannel.of(kernel, this.settings), this.settings.carryLimit);
    } catch (error) {
      console.warn('nothing is carried over:', error);
      return null;
    }
  }

  /** Run again what makes lost names, unless somebody says no; tells how many cells ran. */
  private async replay(
    panel: NotebookPanel,
    kernel: Kernel.IKernelConnection,
    ran: readonly IRan[],
    lost: readonly string[] | null,
    parcel: IParcel | null
  ): Promise<number> {
    const channel = KernelChannel.of(kernel, this.settings);
    const { cells, overwrites } = await planReplay(channel, ran, lost);
    const acting = cells.filter(({ effects }) => effects.length > 0);
    if (acting.length > 0 && !(await this.ask(panel, acting))) {
      return 0;
    }
    let done = 0;
    for (const { source } of cells) {
      const future = kernel.requestExecute({
        code: source,
        store_history: false,
        stop_on_error: false
      });
      if ((await future.done)?.content.status !== 'ok') {
        break;
      }
      done += 1;
    }
    if (parcel && done > 0 && overwrites.length > 0) {
      await unpack(channel, partOf(parcel, overwrites));
    }
    return done;
  }
}

/** Statements that import what a parcel's values are made of. */
function importsOf(parcel: IParcel | null): string[] {
  const modules = (parcel?.carried ?? []).flatMap(({ modules }) => (modules as string[]) ?? []);
  return [...new Set(modules)].map(name => `import ${name}`);
}
