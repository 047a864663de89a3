import drive from '../python/drive.js';
import files from '../python/files.py';
import output from '../python/output.py';
import shell from '../python/shell.py';
import starting from '../python/starting.py';

/**
 * Python that a browser kernel runs before its first cell, and that leaves no name behind.
 *
 * `marks` are those of `python/starting.py`.
 */
export function beginning(location: string, marks: readonly string[]): string {
  const folder = location ? `/drive/${location.replace(/^.*?:/, '')}` : '';
  const text = (value: unknown) => `json.loads(${JSON.stringify(JSON.stringify(value))})`;
  return [
    starting,
    files,
    output,
    shell,
    'import json',
    `_start(*${text([folder, marks])})`,
    `_mend_files(${text(drive)})`,
    '_mend_output()',
    '_mend_shell()',
    'del _start, _mend_files, _mend_output, _mend_shell, json, AGAIN, PART, CATCH',
    'get_ipython().history_manager.reset()',
    'get_ipython().execution_count = 1'
  ].join('\n');
}
