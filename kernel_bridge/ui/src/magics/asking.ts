import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { MagicFailed } from './registry';

/** The bridge said no; `status` is HTTP's. */
export class Refused extends MagicFailed {
  constructor(
    readonly status: number,
    error: string,
    message: string,
    advice: string
  ) {
    super(error, message, advice);
  }
}

/** Ask the bridge at an address below `porter/`; throws Refused, or MagicFailed where it is away. */
export async function ask(
  server: ServerConnection.ISettings,
  path: string,
  init: RequestInit = {}
): Promise<Response> {
  const url = URLExt.join(server.baseUrl, 'porter', path);
  let response: Response;
  try {
    response = await ServerConnection.makeRequest(url, init, server);
  } catch (error) {
    if (init.signal?.aborted) {
      throw error;
    }
    throw new MagicFailed(
      'ServerAway',
      `the Jupyter server cannot be reached: ${error instanceof Error ? error.message : error}`,
      'see that it runs, and run the cell again'
    );
  }
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    throw new Refused(
      response.status,
      String(told.error ?? 'HTTPError'),
      String(told.message ?? `the server answered ${response.status}`),
      String(told.advice ?? '')
    );
  }
  return response;
}

/** Send an object of JSON. */
export function posted(body: object): RequestInit {
  return { method: 'POST', body: JSON.stringify(body) };
}
