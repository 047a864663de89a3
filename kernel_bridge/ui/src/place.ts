import { NotebookPanel } from '@jupyterlab/notebook';

import { IChoice } from './choice';
import { KernelDecision } from './decision';
import { IDecisions } from './decisions';
import { Policy } from './metadata';
import { ISelector } from './selector';
import { Side } from './sides';
import { ISwitch, ISwitched } from './switching';

/** What the control of one notebook shows. */
export interface IPlace {
  readonly policy: Policy;
  /** The side that its kernel runs on; null where it has none. */
  readonly running: Side | null;
  /** What the kernel is called. */
  readonly kernel: string;
  readonly phase: 'starting' | 'moving' | 'busy' | 'idle' | 'dead' | 'none';
  readonly there: ReadonlySet<Side>;
  readonly decision: KernelDecision | null;
  /** What brought the notebook to the kernel that it was opened with. */
  readonly opened: IChoice | null;
  readonly last: ISwitched | null;
}

/** Look at a notebook. */
export function placeOf(
  panel: NotebookPanel,
  moving: boolean,
  { decisions, selector, moves }: { decisions: IDecisions; selector: ISelector; moves: ISwitch }
): IPlace {
  const session = panel.sessionContext;
  return {
    policy: selector.policy(panel),
    running: moves.side(panel),
    kernel: session.kernelDisplayName,
    phase: moving ? 'moving' : phaseOf(session.kernelDisplayStatus, session.hasNoKernel),
    there: selector.there(panel),
    decision: decisions.last(panel),
    opened: selector.opened(panel),
    last: moves.last(panel)
  };
}

function phaseOf(status: string, none: boolean): IPlace['phase'] {
  switch (status) {
    case 'initializing':
    case 'starting':
    case 'restarting':
    case 'autorestarting':
    case 'connecting':
      return 'starting';
    case 'busy':
      return 'busy';
    case 'idle':
      return 'idle';
    case 'dead':
    case 'disconnected':
    case 'terminating':
      return 'dead';
    default:
      return none ? 'none' : 'starting';
  }
}

/** The chip's text: where the notebook runs, in few words. */
export function told({ running, phase }: IPlace): string {
  if (phase === 'moving') {
    return 'Moving…';
  }
  if (phase === 'starting') {
    return 'Starting…';
  }
  if (phase === 'none' || running === null) {
    return 'No kernel';
  }
  const where = running === 'browser' ? 'In the browser' : 'On the server';
  return phase === 'dead' ? `${where}: ended` : where;
}

/** Whether a notebook runs where its decision says that it cannot. */
export function amiss({ running, decision }: IPlace): boolean {
  return running === 'browser' && decision !== null && decision.verdict === 'server';
}

/** Bytes for people: `12 MB`. */
export function sized(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** step;
  return `${value < 10 && step > 0 ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
}
