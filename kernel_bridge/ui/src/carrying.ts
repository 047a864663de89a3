import { JSONObject } from '@lumino/coreutils';

import { Bytes, KernelChannel } from './channel';
import { IRan } from './history';

/** A name that did not come along, and why. */
export interface ILeft {
  readonly name: string;
  readonly reason: string;
}

/** A kernel's variables on their way to another kernel. */
export interface IParcel {
  readonly carried: JSONObject[];
  readonly buffers: Bytes[];
  readonly left: readonly ILeft[];
}

/** A cell that would have to run again, and what it would do to the world outside. */
export interface IReplay {
  readonly id: string;
  readonly source: string;
  readonly effects: readonly { readonly kind: string; readonly line: number; readonly what: string }[];
}

/** Take a kernel's variables, `limit` bytes at most; of `names` alone where these are given. */
export async function pack(
  channel: KernelChannel,
  limit: number,
  names?: readonly string[]
): Promise<IParcel> {
  const args: JSONObject = names ? { limit, names: [...names] } : { limit };
  const { result, buffers } = await channel.call('snapshot', args);
  return {
    carried: result.carried as JSONObject[],
    left: result.left as unknown as ILeft[],
    buffers
  };
}

/** Put variables into a kernel; tells which came along, and which did not. */
export async function unpack(
  channel: KernelChannel,
  parcel: IParcel
): Promise<{ restored: string[]; failed: ILeft[] }> {
  if (parcel.carried.length === 0) {
    return { restored: [], failed: [] };
  }
  const { result } = await channel.call('restore', { carried: parcel.carried }, parcel.buffers);
  return {
    restored: result.restored as string[],
    failed: result.failed as unknown as ILeft[]
  };
}

/** What has to run again for names that did not come along. */
export interface IPlan {
  readonly cells: readonly IReplay[];
  /** Names that came along and that these cells change: they are to be put there once more. */
  readonly overwrites: readonly string[];
}

/** The cells, in order, that make `names` again; of all names where none came along (null). */
export async function planReplay(
  channel: KernelChannel,
  ran: readonly IRan[],
  names: readonly string[] | null
): Promise<IPlan> {
  if (names?.length === 0 || ran.length === 0) {
    return { cells: [], overwrites: [] };
  }
  const wanted = names ?? (await writes(channel, ran));
  const cells = ran.map(({ id, source }) => ({ id, source }));
  const { result } = await channel.call('plan_replay', { cells, names: [...wanted] });
  const planned = result.cells as unknown as { index: number; effects: IReplay['effects'] }[];
  return {
    cells: planned.map(({ index, effects }) => ({ ...ran[index], effects })),
    overwrites: result.overwrites as string[]
  };
}

async function writes(channel: KernelChannel, ran: readonly IRan[]): Promise<string[]> {
  const found = new Set<string>();
  for (const { source } of ran) {
    const { result } = await channel.call('analyse', { code: source });
    (result.writes as string[]).forEach(name => found.add(name));
  }
  return [...found];
}

/** The part of a parcel that is under some names. */
export function partOf(parcel: IParcel, names: readonly string[]): IParcel {
  const wanted = new Set(names);
  return { ...parcel, carried: parcel.carried.filter(({ name }) => wanted.has(name as string)) };
}
