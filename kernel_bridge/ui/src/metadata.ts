import { IKernelspecMetadata, ILanguageInfoMetadata } from '@jupyterlab/nbformat';
import { INotebookModel } from '@jupyterlab/notebook';
import { KernelSpec } from '@jupyterlab/services';
import { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';

import { KernelDecision, Verdict } from './decision';

/** The key of everything that the bridge keeps in the metadata of notebooks and cells. */
export const NAMESPACE = 'porter';

/** Where a notebook is to run; `auto` where its decision says so. */
export type Policy = 'auto' | 'browser' | 'server';
/** Where one cell is to run; `remote` on a server, while its notebook stays in the browser. */
export type Backend = Policy | 'remote';

/** The decision that a notebook was saved with: what is known of it where nobody can be asked. */
export interface IRemembered {
  readonly where: Verdict;
  readonly confidence: number;
  readonly platform: string;
}

/** What a notebook says of itself (`docs/reference/notebook-metadata.md`). */
export interface INotebookWish {
  readonly policy: Policy | null;
  readonly remembered: IRemembered | null;
}

const POLICIES: readonly unknown[] = ['auto', 'browser', 'server'];
const BACKENDS: readonly unknown[] = [...POLICIES, 'remote'];
const VERDICTS: readonly unknown[] = ['browser', 'server', 'unknown'];

/** Whether a value is a policy: metadata and settings are written by hand, too. */
export function isPolicy(value: unknown): value is Policy {
  return POLICIES.includes(value);
}

/** What the metadata of a notebook say; what is of no known form is as if it were not there. */
export function parseWish(metadata: unknown): INotebookWish {
  const { policy, verdict } = objectOf(metadata);
  const { where, confidence, platform } = objectOf(verdict);
  const known = VERDICTS.includes(where) && typeof confidence === 'number';
  return {
    policy: isPolicy(policy) ? policy : null,
    remembered: known
      ? { where: where as Verdict, confidence, platform: String(platform ?? '') }
      : null
  };
}

/** Where a cell is to run, by its metadata. */
export function parseBackend(metadata: unknown): Backend {
  const { backend } = objectOf(metadata);
  return BACKENDS.includes(backend) ? (backend as Backend) : 'auto';
}

/** What a notebook remembers of a decision. */
export function remember({ verdict, confidence, platform }: KernelDecision): IRemembered {
  return { where: verdict, confidence, platform };
}

/** Metadata with a key that has another value, or none; undefined where nothing is left. */
export function withKey(
  metadata: unknown,
  key: 'policy' | 'verdict',
  value: PartialJSONValue | null
): PartialJSONObject | undefined {
  const { [key]: _, ...rest } = objectOf(metadata) as PartialJSONObject;
  const told = value === null ? rest : { ...rest, [key]: value };
  return Object.keys(told).length > 0 ? told : undefined;
}

/** The kernelspecs that a kept one is told from. */
export interface IKnown {
  readonly browserKernel: string;
  readonly serverKernel: string;
  readonly specs: KernelSpec.ISpecModels | null;
}

/**
 * The kernelspec that a notebook keeps when its kernel's is written into it.
 *
 * It is one that others have: never the browser's, nor the server's where that stands in for one
 * that is not there. A kernel of the server that somebody chose becomes the notebook's own.
 */
export function keptSpec(
  author: IKernelspecMetadata | null,
  written: IKernelspecMetadata,
  { browserKernel, serverKernel, specs }: IKnown
): IKernelspecMetadata {
  if (written.name === browserKernel) {
    return author ?? specOf(serverKernel, specs);
  }
  if (author === null || author.name === written.name) {
    return author ?? written;
  }
  const here = author.name in (specs?.kernelspecs ?? {});
  return !here && written.name === serverKernel ? author : written;
}

/** The kernelspec of a notebook's author; null where it has none, or only the browser's. */
export function authorSpec(
  metadata: unknown,
  { browserKernel }: Pick<IKnown, 'browserKernel'>
): IKernelspecMetadata | null {
  const { name } = objectOf(metadata);
  const theirs = typeof name === 'string' && name !== '' && name !== browserKernel;
  return theirs ? (metadata as IKernelspecMetadata) : null;
}

/** The name of the server's kernel that a notebook runs in: its author's where that is there. */
export function serverSpec(author: IKernelspecMetadata | null, known: IKnown): string {
  const { specs, serverKernel } = known;
  return author !== null && author.name in (specs?.kernelspecs ?? {}) ? author.name : serverKernel;
}

/** The language a notebook is written in, in small letters; empty where it does not say. */
export function languageOf(model: INotebookModel): string {
  const info = model.getMetadata('language_info') as ILanguageInfoMetadata | undefined;
  const spec = model.getMetadata('kernelspec') as IKernelspecMetadata | undefined;
  return String(info?.name || spec?.language || '').toLowerCase();
}

function specOf(name: string, specs: KernelSpec.ISpecModels | null): IKernelspecMetadata {
  const spec = specs?.kernelspecs[name];
  return {
    name,
    display_name: spec?.display_name ?? 'Python 3 (ipykernel)',
    language: spec?.language ?? 'python'
  };
}

function objectOf(value: unknown): Record<string, unknown> {
  const sound = typeof value === 'object' && value !== null && !Array.isArray(value);
  return sound ? (value as Record<string, unknown>) : {};
}
