import { PathExt } from '@jupyterlab/coreutils';
import { ServerConnection, Session, SessionAPI } from '@jupyterlab/services';
import { UUID } from '@lumino/coreutils';

import { BridgeKernelClient } from './kernels';
import { LostKernels } from './lost';
import { Sides } from './sides';

type Change = Parameters<Session.ISessionAPIClient['update']>[0];

/**
 * The Jupyter server's API of sessions, half of it answered in this page.
 *
 * A session keeps its id when its kernel moves to the other side, as it does in a PATCH that
 * changes the kernel on one side. The server knows it by another id then: `aliases` leads from ours
 * to the server's.
 */
export class BridgeSessionClient implements Session.ISessionAPIClient {
  readonly serverSettings: ServerConnection.ISettings;
  private readonly server: Session.ISessionAPIClient;
  private readonly here = new Map<string, Session.IModel>();
  private readonly aliases = new Map<string, string>();
  private readonly lost = new LostKernels();

  constructor(
    private readonly sides: Sides,
    private readonly kernels: BridgeKernelClient,
    serverSettings: ServerConnection.ISettings
  ) {
    this.serverSettings = serverSettings;
    this.server = new SessionAPI.SessionAPIClient({ serverSettings });
  }

  /** Sessions of both sides; those of the browser also while the server is away. */
  async listRunning(): Promise<Session.IModel[]> {
    const alive = new Set((await this.kernels.listRunning()).map(({ id }) => id));
    for (const [id, { kernel }] of this.here) {
      if (kernel && this.sides.ofKernel(kernel.id) === 'server' && !alive.has(kernel.id)) {
        this.here.delete(id);
      }
    }
    const before = [...this.here.values()];
    try {
      const there = await this.server.listRunning();
      const ours = new Map([...this.aliases].map(([id, alias]) => [alias, id]));
      const moved = there.map(model => ({ ...model, id: ours.get(model.id) ?? model.id }));
      // A session that changed its side meanwhile is on both lists or on none, and has not ended.
      const models = new Map(moved.map(model => [model.id, model]));
      for (const model of before) {
        if (this.aliases.has(model.id) && !models.has(model.id)) {
          models.set(model.id, model);
        }
      }
      for (const model of this.here.values()) {
        models.set(model.id, model);
      }
      return [...models.values()];
    } catch (error) {
      if (before.length === 0) {
        throw error;
      }
      return before;
    }
  }

  async getModel(id: string): Promise<Session.IModel> {
    const here = this.here.get(id);
    return here ?? { ...(await this.server.getModel(this.alias(id))), id };
  }

  async startNew(options: Session.ISessionOptions): Promise<Session.IModel> {
    const { path, type, name } = options;
    const wanted = options.kernel as { id?: string; name?: string } | undefined;
    const shared = wanted?.id !== undefined && this.sides.ofKernel(wanted.id) === 'browser';
    if (!shared && this.sides.ofSpec(wanted?.name) === 'server') {
      return this.server.startNew(options);
    }
    const kernel = shared
      ? await this.kernels.getModel(wanted!.id!)
      : await this.startHere(wanted?.name, path);
    const model = { id: UUID.uuid4(), path, type, name, kernel: kernel ?? null };
    this.here.set(model.id, model);
    return model;
  }

  async shutdown(id: string): Promise<void> {
    const here = this.here.get(id);
    if (!here) {
      const alias = this.alias(id);
      this.aliases.delete(id);
      return this.server.shutdown(alias);
    }
    this.here.delete(id);
    await this.end(here);
  }

  /** Rename a session, or change its kernel, to one of the other side too. */
  async update(change: Change): Promise<Session.IModel> {
    const old = await this.getModel(change.id);
    const wanted = change.kernel as { id?: string; name?: string } | null | undefined;
    const from: 'browser' | 'server' = this.here.has(change.id) ? 'browser' : 'server';
    const to = !wanted
      ? from
      : wanted.id !== undefined
        ? this.sides.ofKernel(wanted.id)
        : this.sides.ofSpec(wanted.name);
    const renamed = {
      ...old,
      path: change.path ?? old.path,
      name: change.name ?? old.name,
      type: change.type ?? old.type
    };
    if (from === 'server' && to === 'server') {
      const told = await this.server.update({ ...change, id: this.alias(change.id) });
      return { ...told, id: change.id };
    }
    if (to === 'browser') {
      const kernel = !wanted
        ? old.kernel
        : wanted.id !== undefined
          ? await this.kernels.getModel(wanted.id)
          : await this.startHere(wanted.name, renamed.path);
      const model = { ...renamed, kernel: kernel ?? null };
      if (from === 'browser' && renamed.path !== old.path) {
        this.lost.moved(old.path, renamed.path);
      }
      if (from === 'server') {
        const alias = this.alias(change.id);
        this.aliases.delete(change.id);
        this.here.set(change.id, model);
        await this.server.shutdown(alias);
      } else {
        this.here.set(change.id, model);
        if (wanted) {
          await this.end(old);
        }
      }
      return model;
    }
    // The server's kernel is there before the browser's ends: a server that refuses costs nothing.
    const told = await this.server.startNew({
      path: renamed.path,
      name: renamed.name,
      type: renamed.type,
      kernel: wanted as { name: string }
    });
    this.aliases.set(change.id, told.id);
    this.here.delete(change.id);
    await this.end(old);
    return { ...told, id: change.id };
  }

  private alias(id: string): string {
    return this.aliases.get(id) ?? id;
  }

  private async startHere(
    name: string | undefined,
    path: string
  ): Promise<NonNullable<Session.IModel['kernel']>> {
    const kernel = await this.kernels.startNew({ name, location: PathExt.dirname(path) });
    this.lost.began(path);
    return kernel;
  }

  /** End the kernel of a session of this page, unless another session has it too. */
  private async end(model: Session.IModel): Promise<void> {
    const id = model.kernel?.id;
    if (![...this.here.values()].some(({ path }) => path === model.path)) {
      this.lost.ended(model.path);
    }
    const shared = [...this.here.values()].some(other => other.kernel?.id === id);
    if (id !== undefined && !shared) {
      await this.kernels.shutdown(id);
    }
  }
}
