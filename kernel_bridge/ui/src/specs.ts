import { KernelSpec, KernelSpecAPI, ServerConnection } from '@jupyterlab/services';
import { KernelSpecs } from '@jupyterlite/services';

/** The Jupyter server's API of kernelspecs, with those of this page among them. */
export class BridgeSpecClient implements KernelSpec.IKernelSpecAPIClient {
  constructor(
    private readonly here: KernelSpecs,
    readonly serverSettings: ServerConnection.ISettings,
    private readonly preferred: string
  ) {}

  /** Specs of both sides; those of the browser also while the server is away. */
  async get(): Promise<KernelSpec.ISpecModels> {
    const here = this.here.specs?.kernelspecs ?? {};
    const server = await KernelSpecAPI.getSpecs(this.serverSettings).catch(() => null);
    const kernelspecs = { ...server?.kernelspecs, ...here };
    return {
      default: this.preferred in kernelspecs ? this.preferred : (server?.default ?? ''),
      kernelspecs
    };
  }
}
