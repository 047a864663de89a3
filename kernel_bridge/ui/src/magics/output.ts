import { IOutputAreaModel } from '@jupyterlab/outputarea';
import { IMimeBundle, IOutput } from '@jupyterlab/nbformat';
import { KernelMessage } from '@jupyterlab/services';

import { IOutputWriter, IShown } from './registry';

/** Where in the outputs something is shown; null once it is taken away. */
interface IPlace {
  index: number | null;
}

/** Writes a cell's outputs as a kernel would. */
export class OutputWriter implements IOutputWriter {
  private places: IPlace[] = [];

  constructor(private readonly outputs: IOutputAreaModel) {}

  stream(name: 'stdout' | 'stderr', text: string): void {
    this.outputs.add({ output_type: 'stream', name, text });
  }

  display(data: IMimeBundle): IShown {
    const place: IPlace = { index: this.add(shownAs(data)) };
    this.places.push(place);
    return {
      update: data => {
        if (place.index === null) {
          return;
        }
        if (place.index < this.outputs.length) {
          this.outputs.set(place.index, shownAs(data));
        } else {
          // Somebody cleared the outputs meanwhile.
          place.index = this.add(shownAs(data));
        }
      },
      remove: () => this.remove(place)
    };
  }

  clear(): void {
    this.places.forEach(place => {
      place.index = null;
    });
    this.places = [];
    this.outputs.clear();
  }

  error(ename: string, evalue: string, traceback: string[]): void {
    this.add({ output_type: 'error', ename, evalue, traceback });
  }

  /** Show what a kernel says while it runs code. */
  take(message: KernelMessage.IIOPubMessage): void {
    switch (message.header.msg_type) {
      case 'stream':
      case 'display_data':
      case 'execute_result':
      case 'error':
        this.add({ ...message.content, output_type: message.header.msg_type } as IOutput);
        break;
      case 'clear_output':
        this.clear();
        break;
      default:
        break;
    }
  }

  private add(output: IOutput): number {
    return this.outputs.add(output) - 1;
  }

  private remove(place: IPlace): void {
    const { index } = place;
    if (index === null) {
      return;
    }
    place.index = null;
    this.places = this.places.filter(other => other !== place);
    if (index < this.outputs.length) {
      this.outputs.remove(index);
    }
    for (const other of this.places) {
      if (other.index !== null && other.index > index) {
        other.index -= 1;
      }
    }
  }
}

function shownAs(data: IMimeBundle): IOutput {
  return { output_type: 'display_data', data, metadata: {} };
}

/** One line, and a bar where `share` (0 to 1) is told; as `kernel_bridge/inside/uploading/status.py`. */
export function status(text: string, share?: number, role: 'status' | 'alert' = 'status'): IMimeBundle {
  const html = escaped(text);
  if (share === undefined) {
    return { 'text/plain': text, 'text/html': `<div role="${role}">${html}</div>` };
  }
  const percent = `${Math.round(100 * share)}%`;
  return {
    'text/plain': `${text} (${percent})`,
    'text/html':
      `<div role="status"><label>${html} ` +
      `<progress max="1" value="${share.toFixed(3)}">${percent}</progress></label></div>`
  };
}

/** A number as people read it. */
export function counted(number: number): string {
  return number.toLocaleString('en-US');
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, letter => `&#${letter.charCodeAt(0)};`);
}
