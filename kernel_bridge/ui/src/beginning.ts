import drive from '../python/drive.js';
import files from '../python/files.py';
import output from '../python/output.py';
import shell from '../python/shell.py';
import starting from '../python/starting.py';
import wheels from '../python/wheels.js';

/** Marks of `python/starting.py`: code that leaves no trace, and a cell to be cancelled. */
export const QUIET = '\u0000quiet\n';
export const CANCEL = '\u0000cancel';

/** Python that each engine runs once it has started, and that leaves no name behind. */
export function beginning(): string {
  return [
    starting,
    files,
    output,
    shell,
    `_start(${python([QUIET, CANCEL])})`,
    `_mend_files(*${python([drive, wheels])})`,
    '_mend_output()',
    '_mend_shell()',
    'del _start, _mend_files, _mend_output, _mend_shell, AGAIN, PART, CATCH, LISTED',
    'get_ipython().history_manager.reset()',
    'get_ipython().execution_count = 1'
  ].join('\n');
}

/** Python that an engine runs when a notebook gets it: it has the notebook's folder from then on. */
export function adopting(location: string): string {
  const folder = `/drive/${location.replace(/^.*?:/, '')}`;
  return location ? `${QUIET}__import__("os").chdir(${python(folder)})` : '';
}

/** A value of JSON as an expression that leaves no name. */
function python(value: unknown): string {
  return `__import__("json").loads(${JSON.stringify(JSON.stringify(value))})`;
}
