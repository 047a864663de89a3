import { LiteKernelClient, KernelSpecs } from '@jupyterlite/services';

/** The side on which a kernel runs. */
export type Side = 'browser' | 'server';

/** Knows of each kernel and each kernelspec which side it is of. */
export class Sides {
  readonly specs: KernelSpecs;
  private readonly ids = new Set<string>();

  constructor(specs: KernelSpecs) {
    this.specs = specs;
  }

  /** Follow the kernels that start and end in this page. */
  follow(client: LiteKernelClient): void {
    client.changed.connect((_, { type, newValue, oldValue }) => {
      if (newValue) {
        this.ids.add(newValue.id);
      } else if (type === 'remove' && oldValue && !client.isRestarting(oldValue.id)) {
        this.ids.delete(oldValue.id);
      }
    });
  }

  ofKernel(id: string): Side {
    return this.ids.has(id) ? 'browser' : 'server';
  }

  ofSpec(name: string | undefined): Side {
    return name !== undefined && this.specs.factories.has(name) ? 'browser' : 'server';
  }
}
