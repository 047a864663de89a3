import { WebSocket as HereSocket } from 'mock-socket';

import { Sides } from './sides';

const KERNEL = /\/api\/kernels\/([^/?]+)\/channels/;

/**
 * A WebSocket class whose sockets lead to kernels of the page or of the server, by their address.
 *
 * `@jupyterlite/services` listens for the page's kernels with mock-socket.
 */
export function bridgeSocket(sides: Sides): typeof WebSocket {
  const route = function (url: string | URL, protocols?: string | string[]): unknown {
    const id = KERNEL.exec(String(url))?.[1];
    return id !== undefined && sides.ofKernel(decodeURIComponent(id)) === 'browser'
      ? new HereSocket(String(url), protocols)
      : new WebSocket(url, protocols);
  };
  const { CONNECTING, OPEN, CLOSING, CLOSED } = WebSocket;
  return Object.assign(route, { CONNECTING, OPEN, CLOSING, CLOSED }) as unknown as typeof WebSocket;
}
