/** The worker that makes Arrow of Parquet and JSON, so that the page goes on meanwhile. */
import { expose } from 'comlink';
import initialise, { ParquetFile } from 'parquet-wasm/esm';

import { jsonToArrow } from './json';

let started: Promise<unknown> | null = null;
let parquet: ParquetFile | null = null;

const reading = {
  /** Open a file of Parquet; tells how many pieces it has, one at least. */
  async open(wasm: string, file: Blob): Promise<number> {
    await (started ??= initialise({ module_or_path: wasm }));
    parquet?.free();
    parquet = await ParquetFile.fromFile(file);
    return Math.max(1, parquet.metadata().numRowGroups());
  },

  /** A piece as a stream of Arrow IPC. */
  async piece(number: number): Promise<Uint8Array> {
    const groups = parquet!.metadata().numRowGroups();
    return (await parquet!.read(groups ? { rowGroups: [number] } : {})).intoIPCStream();
  },

  async json(file: Blob, lines: boolean): Promise<Uint8Array> {
    return jsonToArrow(await file.text(), lines);
  }
};

export type Reading = typeof reading;

expose(reading);
