import { Notification } from '@jupyterlab/apputils';

/** The tab's own storage: it outlives a reload, and nothing more. */
const KEY = 'porter-kernel-bridge:sessions';

/** Says of a notebook that its browser kernel ended with the page that had it. */
export class LostKernels {
  private readonly lost: Set<string>;
  private readonly here = new Set<string>();

  constructor() {
    this.lost = new Set(read());
  }

  /** A notebook has a browser kernel in this page. */
  began(path: string): void {
    this.here.add(path);
    if (this.lost.delete(path)) {
      Notification.warning(
        `The browser kernel of ${path} ended when its tab was loaded again, and its variables are ` +
          'gone. A new one has started: run the cells that you need.',
        { autoClose: false }
      );
    }
    this.keep();
  }

  /** A session is of another notebook now; JupyterLab names each one so once it has begun. */
  moved(from: string, to: string): void {
    this.here.delete(from);
    this.began(to);
  }

  ended(path: string): void {
    this.here.delete(path);
    this.keep();
  }

  private keep(): void {
    sessionStorage.setItem(KEY, JSON.stringify([...this.here, ...this.lost]));
  }
}

function read(): string[] {
  try {
    const told: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
    return Array.isArray(told) ? told.map(String) : [];
  } catch {
    return [];
  }
}
