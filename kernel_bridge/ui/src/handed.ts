/**
 * Bytes that the workers of this page gave away, each by the key that a message then tells.
 *
 * Buffers of a message are copied on every stage of its way, and all copies lie about until they
 * are collected; these are moved (`kernel_bridge/inside/channel.py`).
 */
const handed = new Map<string, Uint8Array<ArrayBuffer>[]>();

/** What a worker says when it gives bytes away. */
export interface IHanded {
  readonly key: string;
  readonly buffers: Uint8Array<ArrayBuffer>[];
}

export function hand({ key, buffers }: IHanded): void {
  handed.set(key, buffers);
}

/** What was given by a key, once; nothing without one. */
export function takeHanded(key: string | undefined): Uint8Array<ArrayBuffer>[] | undefined {
  const buffers = key === undefined ? undefined : handed.get(key);
  handed.delete(key ?? '');
  return buffers;
}
