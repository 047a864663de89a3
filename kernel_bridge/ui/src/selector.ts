import { ISessionContext } from '@jupyterlab/apputils';
import { INotebookModel } from '@jupyterlab/notebook';
import { PromiseDelegate, Token } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { choose, IChoice } from './choice';
import { IDecisions, IOpen } from './decisions';
import {
  authorSpec,
  Backend,
  IKnown,
  languageOf,
  NAMESPACE,
  parseBackend,
  parseWish,
  Policy,
  serverSpec,
  withKey
} from './metadata';
import { IBridgeSettings } from './settings';
import { Side } from './sides';

/** Says where notebooks run. */
export interface ISelector {
  /** The policy of a notebook: its own, or else its user's. */
  policy(open: IOpen): Policy;
  /** Write a notebook's own policy; one that is its user's is not written. */
  setPolicy(open: IOpen, policy: Policy): void;
  /** What a cell's metadata say, by its id. */
  backend(open: IOpen, cell: string): Backend;
  /** The side on which a notebook is to start now, by all that is known. */
  choose(open: IOpen): Promise<IChoice>;
  /** The kernelspec of a notebook on a side. */
  kernelName(open: IOpen, side: Side): string;
  /** The sides on which a kernel can be started now. */
  there(open: IOpen): ReadonlySet<Side>;
  /** What brought a notebook to the kernel that it was opened with; null where none was chosen. */
  opened(open: IOpen): IChoice | null;
  /** Resolves when a notebook that is being opened has a kernel, or when somebody is to choose one. */
  settled(open: IOpen): Promise<void>;
  /** The user's policy is another. */
  readonly changed: ISignal<ISelector, void>;
}

export const ISelector = new Token<ISelector>(
  'porter-kernel-bridge:ISelector',
  'Says on which side each notebook runs.'
);

export class Selector implements ISelector {
  private readonly _changed = new Signal<this, void>(this);
  private readonly choices = new WeakMap<INotebookModel, IChoice>();
  private readonly settling = new WeakMap<INotebookModel, Promise<void>>();
  private everywhere: Policy = 'auto';

  /** `read` resolves when the user's policy has been told, if ever. */
  constructor(
    private readonly settings: IBridgeSettings,
    private readonly decisions: IDecisions,
    private readonly read: Promise<unknown>
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The user's policy, for notebooks that have none of their own. */
  set user(policy: Policy) {
    this.everywhere = policy;
    this._changed.emit();
  }

  policy({ context }: IOpen): Policy {
    return parseWish(context.model.getMetadata(NAMESPACE)).policy ?? this.everywhere;
  }

  setPolicy({ context }: IOpen, policy: Policy): void {
    const own = policy === this.everywhere ? null : policy;
    const told = context.model.getMetadata(NAMESPACE);
    if (parseWish(told).policy !== own) {
      context.model.setMetadata(NAMESPACE, withKey(told, 'policy', own));
    }
  }

  backend({ context }: IOpen, cell: string): Backend {
    return this.marks(context.model).get(cell) ?? 'auto';
  }

  async choose(open: IOpen): Promise<IChoice> {
    const { model } = open.context;
    await this.read;
    const policy = this.policy(open);
    const empty = isEmpty(model);
    const decision = policy === 'auto' && !empty ? await this.decisions.of(open) : null;
    return choose({
      policy,
      decision,
      empty,
      remembered: parseWish(model.getMetadata(NAMESPACE)).remembered?.where ?? null,
      language: languageOf(model),
      marks: this.marks(model),
      there: this.there(open)
    });
  }

  kernelName({ context }: IOpen, side: Side): string {
    if (side === 'browser') {
      return this.settings.browserKernel;
    }
    const known = this.known(context.sessionContext);
    return serverSpec(authorSpec(context.model.getMetadata('kernelspec'), known), known);
  }

  there({ context }: IOpen): ReadonlySet<Side> {
    const { browserKernel, pyodideUrl } = this.settings;
    const names = Object.keys(context.sessionContext.specsManager.specs?.kernelspecs ?? {});
    const sides = new Set<Side>();
    if (names.includes(browserKernel) && pyodideUrl) {
      sides.add('browser');
    }
    if (names.some(name => name !== browserKernel)) {
      sides.add('server');
    }
    return sides;
  }

  opened({ context }: IOpen): IChoice | null {
    return this.choices.get(context.model) ?? null;
  }

  settled({ context }: IOpen): Promise<void> {
    return this.settling.get(context.model) ?? Promise.resolve();
  }

  /** The kernelspecs there are, to tell a notebook's own from. */
  known(context: ISessionContext): IKnown {
    return { ...this.settings, specs: context.specsManager.specs };
  }

  /**
   * Have a notebook that is being opened start its kernel on the side that is chosen for it.
   *
   * JupyterLab asks its session for a kernel when the notebook has been read, and no kernel runs
   * for it yet. A kernel that somebody asked for by name is theirs.
   */
  place(open: IOpen): void {
    const session = open.context.sessionContext;
    const initialize = session.initialize.bind(session);
    const settled = new PromiseDelegate<void>();
    this.settling.set(open.context.model, settled.promise);
    session.initialize = async () => {
      try {
        return await initialize();
      } finally {
        settled.resolve();
      }
    };
    const { id, name } = session.kernelPreference;
    if (id || name) {
      return;
    }
    const start = session.startKernel.bind(session);
    session.startKernel = async () => {
      const choice = await this.choose(open);
      const { model } = open.context;
      if (!model.isDisposed && choice.by !== 'language') {
        this.choices.set(model, choice);
        const name = this.kernelName(open, choice.side);
        session.kernelPreference = { ...session.kernelPreference, name };
      }
      return start();
    };
    void open.context.ready.then(() => this.choose(open));
  }

  private marks(model: INotebookModel): Map<string, Backend> {
    const cells = [...model.cells].filter(({ type }) => type === 'code');
    return new Map(cells.map(cell => [cell.id, parseBackend(cell.getMetadata(NAMESPACE))]));
  }
}

function isEmpty(model: INotebookModel): boolean {
  const code = [...model.cells].filter(({ type }) => type === 'code');
  return code.every(cell => cell.sharedModel.getSource().trim() === '');
}
