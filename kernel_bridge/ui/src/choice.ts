import { KernelDecision, Verdict } from './decision';
import { Backend, Policy } from './metadata';
import { Side } from './sides';

/** All that says where a notebook is to run. */
export interface IFacts {
  readonly policy: Policy;
  /** Null where nobody can be asked. */
  readonly decision: KernelDecision | null;
  /** The verdict that the notebook was saved with. */
  readonly remembered: Verdict | null;
  /** In small letters; empty where the notebook does not say. */
  readonly language: string;
  /** Whether there is no code in it yet. */
  readonly empty: boolean;
  /** What the cells' metadata say, by the cells' ids; those that say nothing may be left out. */
  readonly marks: ReadonlyMap<string, Backend>;
  /** The sides on which a kernel can be started now. */
  readonly there: ReadonlySet<Side>;
}

/** Where a notebook runs, and what says so. */
export interface IChoice {
  readonly side: Side;
  readonly by:
    | 'language'
    | 'availability'
    | 'policy'
    | 'cell'
    | 'empty'
    | 'decision'
    | 'memory'
    | 'nothing';
}

/** Choose the side that a notebook's kernel starts on. */
export function choose(facts: IFacts): IChoice {
  const { policy, decision, remembered, language, empty, marks, there } = facts;
  if (language !== '' && !language.includes('python')) {
    return { side: 'server', by: 'language' };
  }
  if (there.size === 1) {
    return { side: [...there][0], by: 'availability' };
  }
  if (policy !== 'auto') {
    return { side: policy, by: 'policy' };
  }
  if ([...marks.values()].includes('server')) {
    return { side: 'server', by: 'cell' };
  }
  if (empty) {
    return { side: 'browser', by: 'empty' };
  }
  if (decision) {
    return { side: sideOf(decision, marks), by: 'decision' };
  }
  // What cannot be told runs where everything runs.
  return remembered
    ? { side: remembered === 'browser' ? 'browser' : 'server', by: 'memory' }
    : { side: 'server', by: 'nothing' };
}

/** The side of a decision, without what it says of cells that were marked to run elsewhere. */
function sideOf({ verdict, reasons }: KernelDecision, marks: ReadonlyMap<string, Backend>): Side {
  if (verdict === 'browser') {
    return 'browser';
  }
  const deciding = reasons.filter(({ severity }) => severity !== 'warning');
  const marked = (id: string | null) =>
    id !== null && ['browser', 'remote'].includes(marks.get(id) ?? 'auto');
  return deciding.length > 0 && deciding.every(({ id }) => marked(id)) ? 'browser' : 'server';
}
