import { CodeCell } from '@jupyterlab/cells';
import { IOutput } from '@jupyterlab/nbformat';

import { ICellRun } from './pipeline';
import { IWhy } from './switching';

/** What a server may have and the browser has not. */
const IMPORT = new Set(['ImportError', 'ModuleNotFoundError']);
/** Pyodide raises these where the browser has no threads, processes or sockets. */
const INCAPABLE = [
  { name: 'RuntimeError', text: /can't start new thread/ },
  { name: 'OSError', text: /emscripten does not support processes|Function not implemented/ },
  { name: 'PermissionError', text: /Operation not permitted/ },
  { name: 'NotImplementedError', text: /emscripten|pyodide|wasm/i }
];

/** Why a cell that failed in the browser may run on a server; null where it would fail there too. */
export function causeOf(cell: ICellRun): IWhy | null {
  const error = lastError(cell);
  if (!error) {
    return null;
  }
  const told = `${error.ename}: ${error.evalue}`;
  if (IMPORT.has(error.ename)) {
    const module = /['"]([a-z_]\w*(?:\.[a-z_]\w*)*)['"]/i.exec(error.evalue)?.[1];
    return { cause: 'import', message: told, subject: module ?? error.ename };
  }
  if (error.ename === 'MemoryError' || /out of memory|memory access out of bounds/i.test(told)) {
    return { cause: 'memory', message: told };
  }
  const incapable = INCAPABLE.some(
    ({ name, text }) => name === error.ename && text.test(error.evalue)
  );
  return incapable ? { cause: 'failure', message: told, subject: error.ename } : null;
}

function lastError(cell: ICellRun): { ename: string; evalue: string } | null {
  const outputs = (cell.cell as CodeCell).model.outputs;
  for (let index = outputs.length - 1; index >= 0; index--) {
    const output = outputs.get(index).toJSON() as IOutput;
    if (output.output_type === 'error') {
      return { ename: String(output.ename), evalue: String(output.evalue) };
    }
  }
  return null;
}
