import { PageConfig } from '@jupyterlab/coreutils';

import { Engine } from './engine';
import { IBridgeSettings } from './settings';

/** Milliseconds after a kernel's start until its page is taken to be at rest. */
const REST = 3000;
/** Milliseconds for which a browser remembers that a browser kernel ran in it. */
const REMEMBERED = 30 * 24 * 3600 * 1000;

/**
 * One engine that no kernel has yet, so that the next kernel starts in no time.
 *
 * It is made once a kernel has started, and from then on as soon as a page of this server is opened:
 * who runs nothing in the browser pays nothing.
 */
export class Spare {
  private engine: Promise<Engine> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly settings: IBridgeSettings) {
    if (this.wanted && wasUsed()) {
      this.fill();
    }
  }

  /** An engine: the spare one, unless the lock file has changed since it started. */
  async take(): Promise<Engine> {
    const { engine } = this;
    this.engine = null;
    const [version, spare] = await Promise.all([lockVersion(this.settings), engine]);
    if (spare && spare.version === version) {
      return spare;
    }
    spare?.worker.terminate();
    return new Engine(this.settings, version);
  }

  /** A kernel has started: make the next engine when the page is at rest. */
  refill(): void {
    if (!this.wanted) {
      return;
    }
    rememberUse();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const fill = () => this.fill();
      'requestIdleCallback' in window ? requestIdleCallback(fill, { timeout: REST }) : fill();
    }, REST);
  }

  private get wanted(): boolean {
    return this.settings.spare !== false && Boolean(this.settings.pyodideUrl);
  }

  private fill(): void {
    if (this.engine) {
      return;
    }
    const made = lockVersion(this.settings).then(version => new Engine(this.settings, version));
    this.engine = made;
    void made.then(engine =>
      engine.ready.catch(() => {
        engine.worker.terminate();
        if (this.engine === made) {
          this.engine = null;
        }
      })
    );
  }
}

/** Servers of one host have one storage. */
const used = () => `porter-kernel-bridge:used:${PageConfig.getBaseUrl()}`;

function wasUsed(): boolean {
  try {
    return Date.now() - Number(localStorage.getItem(used())) < REMEMBERED;
  } catch {
    return false;
  }
}

function rememberUse(): void {
  try {
    localStorage.setItem(used(), String(Date.now()));
  } catch {
    // A browser that stores nothing starts cold.
  }
}

/** What changes when a package is published or withdrawn. */
async function lockVersion({ lockFileUrl }: IBridgeSettings): Promise<string | null> {
  try {
    const response = await fetch(lockFileUrl, { cache: 'no-cache' });
    return response.ok ? response.headers.get('ETag') : null;
  } catch {
    return null;
  }
}
