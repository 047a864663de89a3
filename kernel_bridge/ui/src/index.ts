import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookCellExecutor } from '@jupyterlab/notebook';
import {
  Contents,
  IContentsManager,
  IKernelManager,
  IKernelSpecManager,
  IServerSettings,
  ISessionManager,
  Kernel,
  KernelManager,
  KernelSpec,
  KernelSpecManager,
  ServerConnection,
  ServiceManagerPlugin,
  Session,
  SessionManager
} from '@jupyterlab/services';
import { IKernelClient, IKernelSpecs, KernelSpecs, LiteKernelClient } from '@jupyterlite/services';

import { decisions } from './decisions';
import { automatic, switching } from './automatic';
import { IBridge } from './bridge';
import { controls } from './controls';
import { BridgeKernelClient } from './kernels';
import { magics } from './magics/plugin';
import { opening } from './opening';
import { operations, telling } from './operations';
import { CellPipeline, ICellPipeline } from './pipeline';
import { reviving } from './reviving';
import { returning } from './returning';
import { register } from './runtime';
import { BridgeSessionClient } from './sessions';
import { readSettings } from './settings';
import { Sides } from './sides';
import { bridgeSocket } from './sockets';
import { BridgeSpecClient } from './specs';

const specs: ServiceManagerPlugin<IKernelSpecs> = {
  id: 'porter-kernel-bridge:specs',
  description: 'The kernelspecs of the browser.',
  autoStart: true,
  provides: IKernelSpecs,
  optional: [IContentsManager],
  activate: (_: null, contents: Contents.IManager | null): IKernelSpecs => {
    const specs = new KernelSpecs();
    const settings = readSettings();
    if (settings && contents) {
      register(specs, settings, () => contents);
    }
    return specs;
  }
};

const bridge: ServiceManagerPlugin<IBridge> = {
  id: 'porter-kernel-bridge:bridge',
  description: 'Kernels of the browser and of the server behind one API.',
  autoStart: true,
  requires: [IKernelSpecs],
  optional: [IServerSettings],
  provides: IBridge,
  activate: (
    _: null,
    specs: IKernelSpecs,
    settings: ServerConnection.ISettings | null
  ): IBridge => {
    const sides = new Sides(specs as KernelSpecs);
    const serverSettings = {
      ...(settings ?? ServerConnection.makeSettings()),
      WebSocket: bridgeSocket(sides)
    };
    const browser = new LiteKernelClient({ kernelSpecs: specs, serverSettings });
    sides.follow(browser);
    const client = new BridgeKernelClient(sides, browser, serverSettings);
    return { sides, client, browser, serverSettings };
  }
};

const kernelClient: ServiceManagerPlugin<IKernelClient> = {
  id: 'porter-kernel-bridge:kernel-client',
  description: "The browser's kernels.",
  autoStart: true,
  requires: [IBridge],
  provides: IKernelClient,
  activate: (_: null, { browser }: IBridge): IKernelClient => browser
};

const kernelManager: ServiceManagerPlugin<Kernel.IManager> = {
  id: 'porter-kernel-bridge:kernel-manager',
  description: 'The kernel manager.',
  autoStart: true,
  requires: [IBridge],
  provides: IKernelManager,
  activate: (_: null, { client, serverSettings }: IBridge): Kernel.IManager =>
    new KernelManager({ serverSettings, kernelAPIClient: client })
};

const specManager: ServiceManagerPlugin<KernelSpec.IManager> = {
  id: 'porter-kernel-bridge:kernel-spec-manager',
  description: 'The kernelspec manager.',
  autoStart: true,
  requires: [IBridge],
  provides: IKernelSpecManager,
  activate: (_: null, { sides, serverSettings }: IBridge): KernelSpec.IManager => {
    const preferred = readSettings()?.browserKernel ?? '';
    const kernelSpecAPIClient = new BridgeSpecClient(sides.specs, serverSettings, preferred);
    const manager = new KernelSpecManager({ serverSettings, kernelSpecAPIClient });
    sides.specs.changed.connect(() => void manager.refreshSpecs());
    return manager;
  }
};

const sessionManager: ServiceManagerPlugin<Session.IManager> = {
  id: 'porter-kernel-bridge:session-manager',
  description: 'The session manager.',
  autoStart: true,
  requires: [IBridge, IKernelManager],
  provides: ISessionManager,
  activate: (
    _: null,
    { sides, client, serverSettings }: IBridge,
    kernelManager: Kernel.IManager
  ): Session.IManager =>
    new SessionManager({
      serverSettings,
      kernelManager,
      sessionAPIClient: new BridgeSessionClient(sides, client, serverSettings)
    })
};

const pipeline: JupyterFrontEndPlugin<ICellPipeline> = {
  id: 'porter-kernel-bridge:pipeline',
  description: 'The steps that a code cell goes through.',
  autoStart: true,
  requires: [IBridge],
  provides: ICellPipeline,
  activate: (_: JupyterFrontEnd, { client }: IBridge): ICellPipeline =>
    new CellPipeline(client.interrupted)
};

const executor: JupyterFrontEndPlugin<INotebookCellExecutor> = {
  id: 'porter-kernel-bridge:executor',
  description: 'Runs the cells of notebooks through the pipeline.',
  autoStart: true,
  requires: [ICellPipeline],
  provides: INotebookCellExecutor,
  activate: (_: JupyterFrontEnd, pipeline: ICellPipeline): INotebookCellExecutor => pipeline
};

export * from './magics/registry';

export default [
  specs,
  bridge,
  kernelClient,
  kernelManager,
  specManager,
  sessionManager,
  pipeline,
  executor,
  magics,
  decisions,
  opening,
  controls,
  operations,
  switching,
  telling,
  automatic,
  reviving,
  returning
];
