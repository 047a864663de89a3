import { ServerConnection } from '@jupyterlab/services';
import { LiteKernelClient } from '@jupyterlite/services';
import { Token } from '@lumino/coreutils';

import { BridgeKernelClient } from './kernels';
import { Sides } from './sides';

/** The two sides that kernels run on. */
export interface IBridge {
  readonly sides: Sides;
  readonly client: BridgeKernelClient;
  readonly browser: LiteKernelClient;
  readonly serverSettings: ServerConnection.ISettings;
}

export const IBridge = new Token<IBridge>(
  'porter-kernel-bridge:IBridge',
  'Which side each kernel runs on, and the API that reaches both.'
);
