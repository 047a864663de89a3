import { Side } from './sides';

/** Where a notebook or a cell can run; `unknown` where that cannot be told. */
export type Verdict = Side | 'unknown';

/** One finding of a decision. */
export interface IReason {
  readonly code: string;
  /** `server` and `unknown` decide, `warning` lowers the confidence. */
  readonly severity: 'server' | 'unknown' | 'warning';
  readonly message: string;
  readonly advice: string;
  /** Counts all cells from 0; null for the notebook itself. */
  readonly cell: number | null;
  readonly id: string | null;
  /** Counts from 1 in the cell's source; 0 for the whole cell. */
  readonly line: number;
}

/** What one code cell needs. */
export interface ICellDecision {
  readonly index: number;
  readonly id: string | null;
  readonly backend: Verdict;
  readonly reasons: readonly string[];
}

/** Where a notebook is to run, and why (`docs/reference/kernel-decision.md`). */
export interface KernelDecision {
  readonly id: string;
  readonly path: string;
  readonly verdict: Verdict;
  readonly confidence: number;
  readonly kernel: string;
  readonly author_kernel: string | null;
  readonly platform: string;
  readonly requirements: readonly { readonly requirement: string; readonly origin: string }[];
  readonly lock_file: string | null;
  readonly cells: readonly ICellDecision[];
  readonly reasons: readonly IReason[];
  readonly changes: readonly string[];
  /** Bytes of memory at its height, of wheels, and of files that are read. */
  readonly footprint: {
    readonly low: number;
    readonly high: number;
    readonly confidence: number;
    readonly download: number;
    readonly data: number;
  };
  /** What it follows from; equal catalogues list the same projects. */
  readonly made_from: { readonly catalogue: string };
  readonly version: 1;
}
