import type { ISending, ISent } from './sending';

const scope = self as unknown as {
  onmessage: (event: MessageEvent<ISending>) => Promise<void>;
  postMessage(told: ISent, moved: Transferable[]): void;
};

scope.onmessage = async ({ data: { url, init, body } }) => {
  try {
    const response = await fetch(url, { ...init, body });
    const told = { status: response.status, text: await response.text() };
    // Whose bytes did not arrive sends them again.
    scope.postMessage(response.ok ? told : { ...told, body }, response.ok ? [] : [body.buffer]);
  } catch (error) {
    scope.postMessage({ error: String(error), body }, [body.buffer]);
  }
};
