import { PageConfig } from '@jupyterlab/coreutils';

/** What the server extension tells each page (`kernel_bridge/web/page.py`). */
export interface IBridgeSettings {
  /** The kernelspec of the browser's kernel, and of the server's. */
  readonly browserKernel: string;
  readonly serverKernel: string;
  /** Addresses of the runtime, of its lock file, and what of it every kernel needs. */
  readonly pyodideUrl: string;
  readonly lockFileUrl: string;
  /** The standard library with its bytecode: half of a start is compiling it otherwise. */
  readonly stdlibUrl: string;
  readonly packages: string[];
  readonly pipliteUrls: string[];
  readonly pipliteWheelUrl: string;
  /** The Python that runs in kernels of both kinds, as a zip. */
  readonly insideUrl: string;
  readonly indexUrl: string;
  /** Where micropip looks for projects; null without an index. */
  readonly simpleUrl: string | null;
  readonly platform: string;
  /** Bytes that a switch carries at most. */
  readonly carryLimit: number;
  /** Rows and bytes of one answer, and bytes of the files that a query of the page's reads. */
  readonly rowsLimit: number;
  readonly bytesLimit: number;
  /** What proves the worker's own requests (`kernel_bridge/web/drive.py`). */
  readonly context: string;
  /** Whether the page keeps one browser kernel ready that no notebook has yet. */
  readonly spare: boolean;
}

/** Read the settings of this page; null where the server has no bridge. */
export function readSettings(): IBridgeSettings | null {
  const told = PageConfig.getOption('porter');
  if (!told) {
    return null;
  }
  const settings = JSON.parse(told) as IBridgeSettings;
  // Workers know no base address, and JupyterLab asks a server only at whole ones.
  const whole = (url: string) => url && new URL(url, location.href).href;
  return {
    ...settings,
    lockFileUrl: whole(settings.lockFileUrl),
    stdlibUrl: whole(settings.stdlibUrl),
    insideUrl: whole(settings.insideUrl)
  };
}
