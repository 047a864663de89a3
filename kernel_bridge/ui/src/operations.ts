import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { URLExt } from '@jupyterlab/coreutils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ServerConnection } from '@jupyterlab/services';
import { JSONObject, Token } from '@lumino/coreutils';

import { IBridge } from './bridge';
import { Verdict } from './decision';
import { Side } from './sides';
import { ISwitch, ISwitched, IWhy } from './switching';

/** Milliseconds that events wait for others. */
const GATHER = 1000;
/** Events of one request. */
const MOST = 100;

/** What happened, as `docs/reference/bridge-operations.md` has it. */
export type Happened = JSONObject & { event: string };

/** Tells the server what happened: it is counted, logged and learnt from. */
export interface IOperations {
  tell(event: Happened): void;
}

export const IOperations = new Token<IOperations>(
  'porter-kernel-bridge:IOperations',
  'Tells the server what happened.'
);

/** What a cause is called among events. */
const WHY: Record<IWhy['cause'], string> = {
  person: 'person',
  decision: 'decision',
  import: 'failure',
  failure: 'failure',
  memory: 'memory',
  heap: 'memory',
  restart: 'decision'
};

/** Sends events some at a time; one that cannot be sent is dropped. */
export class Operations implements IOperations {
  private waiting: Happened[] = [];
  private timer: number | undefined;

  constructor(private readonly server: ServerConnection.ISettings) {}

  tell(event: Happened): void {
    this.waiting.push(event);
    this.timer ??= window.setTimeout(() => void this.send(), GATHER);
  }

  private async send(): Promise<void> {
    this.timer = undefined;
    const events = this.waiting.splice(0, MOST);
    if (this.waiting.length > 0) {
      this.timer = window.setTimeout(() => void this.send(), GATHER);
    }
    const url = URLExt.join(this.server.baseUrl, 'porter', 'events');
    const init = { method: 'POST', body: JSON.stringify({ events }), keepalive: true };
    try {
      const response = await ServerConnection.makeRequest(url, init, this.server);
      if (!response.ok) {
        console.info('events:', response.status, await response.text());
      }
    } catch (error) {
      console.info('events:', error);
    }
  }
}

/** A switch as an event. */
export function switchEvent(switched: ISwitched): Happened {
  return {
    event: 'switch',
    to: switched.to,
    why: WHY[switched.why.cause],
    outcome: 'done',
    seconds: switched.seconds,
    carried: switched.carried.length,
    replayed: switched.replayed,
    left: switched.left.length
  };
}

/** A cell that failed for where it ran, as an event. */
export async function failureEvent(told: {
  side: Side;
  cause: IWhy['cause'];
  subject: string;
  judged: Verdict;
  source: string;
  catalogue: string;
}): Promise<Happened> {
  const kinds: Partial<Record<IWhy['cause'], string>> = { import: 'import', memory: 'memory' };
  const failed = kinds[told.cause] ?? 'call';
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(told.source));
  const cell = [...new Uint8Array(bytes)].map(byte => byte.toString(16).padStart(2, '0')).join('');
  return {
    event: 'failure',
    side: told.side,
    failed,
    ...(failed === 'memory' ? {} : { subject: told.subject }),
    judged: told.judged,
    cell,
    catalogue: told.catalogue
  };
}

export const operations: JupyterFrontEndPlugin<IOperations> = {
  id: 'porter-kernel-bridge:operations',
  description: 'Tells the server what happened.',
  autoStart: true,
  provides: IOperations,
  activate: ({ serviceManager }: JupyterFrontEnd): IOperations =>
    new Operations(serviceManager.serverSettings)
};

/** Tells of switches, and of kernels that start. */
export const telling: JupyterFrontEndPlugin<void> = {
  id: 'porter-kernel-bridge:telling',
  description: 'Tells the server of switches and of kernels that start.',
  autoStart: true,
  requires: [IOperations, IBridge, ISwitch, INotebookTracker],
  activate: (
    _: JupyterFrontEnd,
    operations: IOperations,
    { sides }: IBridge,
    moves: ISwitch,
    tracker: INotebookTracker
  ): void => {
    moves.changed.connect((_, { switched }) => {
      if (switched) {
        operations.tell(switchEvent(switched));
      }
    });
    tracker.widgetAdded.connect((_, { sessionContext }) => {
      sessionContext.kernelChanged.connect((_, { newValue: kernel }) => {
        const asked = performance.now();
        const answered = (_: unknown, status: string) => {
          if (kernel && status === 'idle') {
            kernel.statusChanged.disconnect(answered);
            const seconds = (performance.now() - asked) / 1000;
            operations.tell({ event: 'started', side: sides.ofKernel(kernel.id), seconds });
          }
        };
        kernel?.statusChanged.connect(answered);
      });
    });
  }
};
