import { Engine } from './engine';
import { IBridgeSettings } from './settings';

/** Milliseconds after a kernel's start until its page is taken to be at rest. */
const REST = 3000;

/**
 * One engine that no kernel has yet, so that the next kernel starts in no time.
 *
 * It is made once a kernel has started, never before: who runs nothing in the browser pays nothing.
 */
export class Spare {
  private engine: Engine | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly settings: IBridgeSettings) {}

  /** An engine: the spare one, unless the lock file has changed since it started. */
  async take(): Promise<Engine> {
    const { engine } = this;
    this.engine = null;
    const version = await lockVersion(this.settings);
    if (engine && engine.version === version) {
      return engine;
    }
    engine?.worker.terminate();
    return new Engine(this.settings, version);
  }

  /** Make the next one when the page is at rest. */
  refill(): void {
    if (this.settings.spare === false) {
      return;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const fill = () => void this.fill();
      'requestIdleCallback' in window ? requestIdleCallback(fill, { timeout: REST }) : fill();
    }, REST);
  }

  private async fill(): Promise<void> {
    if (this.engine) {
      return;
    }
    const version = await lockVersion(this.settings);
    const engine = (this.engine ??= new Engine(this.settings, version));
    engine.ready.catch(() => {
      engine.worker.terminate();
      if (this.engine === engine) {
        this.engine = null;
      }
    });
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
