import { Kernel, KernelAPI, ServerConnection } from '@jupyterlab/services';
import { LiteKernelClient } from '@jupyterlite/services';
import { ISignal, Signal } from '@lumino/signaling';

import { BrowserKernel } from './browserkernel';
import { Sides } from './sides';

/** The Jupyter server's API of kernels, half of it answered in this page. */
export class BridgeKernelClient implements Kernel.IKernelAPIClient {
  readonly serverSettings: ServerConnection.ISettings;
  private readonly server: Kernel.IKernelAPIClient;
  private readonly _interrupted = new Signal<this, string>(this);

  constructor(
    private readonly sides: Sides,
    private readonly browser: LiteKernelClient,
    serverSettings: ServerConnection.ISettings
  ) {
    this.serverSettings = serverSettings;
    this.server = new KernelAPI.KernelAPIClient({ serverSettings });
  }

  /** Kernels of both sides; those of the browser also while the server is away. */
  async listRunning(): Promise<Kernel.IModel[]> {
    const here = await this.browser.listRunning();
    try {
      return [...here, ...(await this.server.listRunning())];
    } catch (error) {
      if (here.length === 0) {
        throw error;
      }
      return here;
    }
  }

  async getModel(id: string): Promise<Kernel.IModel | undefined> {
    if (this.sides.ofKernel(id) === 'server') {
      return this.server.getModel(id);
    }
    const kernel = await this.browser.getModel(id);
    return kernel && { id: kernel.id, name: kernel.name };
  }

  /** Start a kernel on the side of its spec; `location` is the folder it starts in. */
  async startNew(
    options: Kernel.IKernelOptions & { location?: string } = {}
  ): Promise<Kernel.IModel> {
    return this.sides.ofSpec(options.name) === 'browser'
      ? this.browser.startNew(options)
      : this.server.startNew(options);
  }

  restart(id: string): Promise<void> {
    return this.of(id).restart(id);
  }

  /** Emits the id of a kernel that this page interrupts, whatever that does in the kernel. */
  get interrupted(): ISignal<this, string> {
    return this._interrupted;
  }

  /** Interrupt a kernel; throws where a browser kernel cannot be. */
  async interrupt(id: string): Promise<void> {
    this._interrupted.emit(id);
    if (this.sides.ofKernel(id) === 'server') {
      return this.server.interrupt(id);
    }
    const kernel: unknown = await this.browser.getModel(id);
    await (kernel as BrowserKernel | undefined)?.interrupt();
  }

  shutdown(id: string): Promise<void> {
    return this.of(id).shutdown(id);
  }

  private of(id: string): Kernel.IKernelAPIClient {
    return this.sides.ofKernel(id) === 'browser' ? this.browser : this.server;
  }
}
