import { INotebookModel } from '@jupyterlab/notebook';

/** A cell that ran in the current kernel, as its text was then. */
export interface IRan {
  readonly id: string;
  readonly source: string;
}

/** What ran in each notebook's kernel since it started, in order. */
export class History {
  private readonly ran = new WeakMap<INotebookModel, IRan[]>();

  of(notebook: INotebookModel): readonly IRan[] {
    return this.ran.get(notebook) ?? [];
  }

  add(notebook: INotebookModel, cell: IRan): void {
    this.ran.set(notebook, [...this.of(notebook), cell]);
  }

  /** The kernel is a new one that knows nothing. */
  forget(notebook: INotebookModel): void {
    this.ran.delete(notebook);
  }
}
