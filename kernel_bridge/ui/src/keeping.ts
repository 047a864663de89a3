import { IKernelspecMetadata, ILanguageInfoMetadata } from '@jupyterlab/nbformat';
import { INotebookModel } from '@jupyterlab/notebook';
import { JSONExt } from '@lumino/coreutils';

import { KernelDecision } from './decision';
import { IOpen } from './decisions';
import { authorSpec, IKnown, keptSpec, NAMESPACE, parseWish, remember, withKey } from './metadata';

type Change = { key: string; oldValue?: unknown; newValue?: unknown };

/**
 * Have a notebook keep its author's kernelspec whatever kernel it runs in.
 *
 * JupyterLab writes the kernelspec and the language of each new kernel into the notebook. What is
 * to be kept is put back at once, so that whatever is saved, copied or exported has it, and a
 * notebook that only moved is not changed.
 */
export function keepAuthor({ context }: IOpen, known: () => IKnown): void {
  // What was put back last: that change is told of as well.
  let own: IKernelspecMetadata | ILanguageInfoMetadata | null = null;
  const listen = () => {
    context.model.metadataChanged.connect((model, change: Change) => {
      if (own !== null && JSONExt.deepEqual(own, change.newValue as typeof own)) {
        own = null;
        return;
      }
      const running = context.sessionContext.session?.kernel?.name ?? null;
      const kept = keptOf(model, running, change, known());
      if (kept !== null && !JSONExt.deepEqual(kept, change.newValue as IKernelspecMetadata)) {
        own = kept;
        putBack(model, change, kept);
      }
    });
  };
  // Before that the notebook is read, and what is written is what its author wrote.
  void context.ready.then(listen);
}

/** Have a notebook remember its last decision when it is saved. */
export function keepVerdict({ context }: IOpen, last: () => KernelDecision | null): void {
  context.saveState.connect((_, state) => {
    const { model } = context;
    const decision = last();
    // JupyterLab makes up what it writes after this.
    if (state !== 'started' || !decision) {
      return;
    }
    const told = model.getMetadata(NAMESPACE);
    const remembered = remember(decision);
    if (!JSONExt.deepEqual({ ...parseWish(told).remembered }, { ...remembered })) {
      model.setMetadata(NAMESPACE, withKey(told, 'verdict', { ...remembered }));
    }
  });
}

/** What a change of a kernel must not take away; null where the change stands. */
function keptOf(
  model: INotebookModel,
  running: string | null,
  { key, oldValue, newValue }: Change,
  known: IKnown
): IKernelspecMetadata | ILanguageInfoMetadata | null {
  if (newValue === undefined) {
    return null;
  }
  if (key === 'kernelspec') {
    return keptSpec(authorSpec(oldValue, known), newValue as IKernelspecMetadata, known);
  }
  const spec = model.getMetadata('kernelspec') as IKernelspecMetadata | undefined;
  if (key !== 'language_info' || running === null || running === spec?.name) {
    return null;
  }
  const before = oldValue as ILanguageInfoMetadata | undefined;
  const after = newValue as ILanguageInfoMetadata;
  return before?.version !== undefined && before.name === after.name ? before : null;
}

function putBack(
  model: INotebookModel,
  { key, oldValue }: Change,
  kept: IKernelspecMetadata | ILanguageInfoMetadata
): void {
  // Who writes metadata says that the notebook is changed when all who listen have been told.
  const clean = !model.dirty && JSONExt.deepEqual(kept, (oldValue ?? null) as typeof kept);
  model.setMetadata(key, kept);
  if (clean) {
    queueMicrotask(() => {
      if (!model.isDisposed) {
        model.dirty = false;
      }
    });
  }
}
