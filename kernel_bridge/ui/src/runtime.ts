import { Contents } from '@jupyterlab/services';
import { IKernel, KernelSpecs } from '@jupyterlite/services';

import { Questions } from './asking';
import { BrowserKernel } from './browserkernel';
import { IBridgeSettings } from './settings';
import { Spare } from './spare';

/** Declare the browser's kernel. */
export function register(
  specs: KernelSpecs,
  settings: IBridgeSettings,
  contentsManager: () => Contents.IManager
): void {
  const spare = new Spare(settings);
  const questions = new Questions(settings);
  specs.register({
    spec: {
      name: settings.browserKernel,
      display_name: 'Python (browser)',
      language: 'python',
      argv: [],
      resources: {}
    },
    create: async (options: IKernel.IOptions) => {
      const kernel = new BrowserKernel(
        {
          ...options,
          pyodideUrl: settings.pyodideUrl,
          pipliteUrls: settings.pipliteUrls,
          pipliteWheelUrl: settings.pipliteWheelUrl,
          disablePyPIFallback: true,
          loadPyodideOptions: { lockFileURL: settings.lockFileUrl, packages: settings.packages },
          mountDrive: true,
          contentsManager: contentsManager()
        },
        await spare.take()
      );
      questions.add(kernel);
      kernel.disposed.connect(() => questions.remove(kernel));
      void kernel.started.then(() => spare.refill(), () => undefined);
      return kernel;
    }
  });
}
