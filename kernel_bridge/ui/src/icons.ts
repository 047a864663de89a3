import { LabIcon } from '@jupyterlab/ui-components';

const drawn = (body: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16">${body}</svg>`;

/** A window with its bar: the browser. */
export const browserIcon = new LabIcon({
  name: 'porter:browser',
  svgstr: drawn(
    '<g class="jp-icon3" fill="#616161"><path fill-rule="evenodd" d="M2.5 2h11A1.5 1.5 0 0 1 15 ' +
      '3.5v9a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 1 12.5v-9A1.5 1.5 0 0 1 2.5 2Zm0 4v6.5h11V6Z' +
      'M3 3.4v1.2h1.2V3.4Zm2.2 0v1.2h1.2V3.4Zm2.2 0v1.2h1.2V3.4Z"/></g>'
  )
});

/** Two shelves of a rack: the server. */
export const serverIcon = new LabIcon({
  name: 'porter:server',
  svgstr: drawn(
    '<g class="jp-icon3" fill="#616161"><path fill-rule="evenodd" d="M2.5 2h11A1.5 1.5 0 0 1 15 ' +
      '3.5V6a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 1 6V3.5A1.5 1.5 0 0 1 2.5 2Zm0 1.5V6h11V3.5Z' +
      'M2.5 8.5h11A1.5 1.5 0 0 1 15 10v2.5a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 1 12.5V10a1.5 ' +
      '1.5 0 0 1 1.5-1.5Zm0 1.5v2.5h11V10Z"/><path d="M4 4.1h1.4v1.3H4Zm0 6.5h1.4v1.3H4Zm2.4-6.5' +
      'h3v1.3h-3Zm0 6.5h3v1.3h-3Z"/></g>'
  )
});
