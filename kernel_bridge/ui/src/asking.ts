import { URLExt } from '@jupyterlab/coreutils';
import { KernelMessage, ServerConnection } from '@jupyterlab/services';

import { IBridgeSettings } from './settings';

/** Milliseconds between attempts to reach the server again. */
const AGAIN = 2000;

type Told = { id: string; message?: KernelMessage.IInputRequestMsg; gone?: boolean };

/** A kernel that can put a question to the person at the page. */
export interface IAsker {
  /** Whether a message of this id is what the kernel runs. */
  runs(id: string): boolean;
  ask(message: KernelMessage.IInputRequestMsg): Promise<string>;
}

/** The page's end of `input()`: `kernel_bridge/web/stdin.py` passes on what workers ask. */
export class Questions {
  private readonly askers = new Set<IAsker>();
  private socket: WebSocket | null = null;

  constructor(private readonly settings: IBridgeSettings) {}

  add(asker: IAsker): void {
    this.askers.add(asker);
    this.connect();
  }

  remove(asker: IAsker): void {
    this.askers.delete(asker);
  }

  private connect(): void {
    if (this.socket) {
      return;
    }
    const { wsUrl, token, appendToken } = ServerConnection.makeSettings();
    const query = { context: this.settings.context, ...(appendToken && token ? { token } : {}) };
    const address = URLExt.join(wsUrl, 'porter/stdin') + URLExt.objectToQueryString(query);
    const socket = (this.socket = new WebSocket(address));
    socket.onmessage = ({ data }) => void this.answer(socket, JSON.parse(data) as Told);
    socket.onclose = () => {
      this.socket = null;
      setTimeout(() => this.askers.size > 0 && this.connect(), AGAIN);
    };
  }

  private async answer(socket: WebSocket, { id, message }: Told): Promise<void> {
    if (!message) {
      return;
    }
    const parent = (message.parent_header as { msg_id?: string }).msg_id ?? '';
    const asker = [...this.askers].find(one => one.runs(parent));
    const told = asker
      ? await asker.ask(message).then(
          value => ({ id, value }),
          (error: Error) => ({ id, error: error.message })
        )
      : { id, error: 'the kernel has ended' };
    socket.send(JSON.stringify(told));
  }
}
