import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChunkFile } from '../model/chunk.ts';
import { chunkFileName } from '../model/chunk.ts';
import { nulTextsOf } from '../model/nul-texts.ts';
import type { RowBatch } from '../model/row-batch.ts';
import type { ChunkEncoder, FileFormat } from '../formats/format.ts';
import type { FileWriter, Sink } from '../sinks/sink.ts';
import type { ChunkTask } from './messages.ts';

interface OpenFile {
  readonly name: string;
  readonly writer: FileWriter;
  readonly encoder: ChunkEncoder;
}

interface SealedChunkFile {
  readonly writer: FileWriter;
  readonly file: ChunkFile;
  readonly nullMarkerCells: number;
}

/**
 * The files of one chunk. A file is closed and the next begun when it has `maxFileBytes`; all are sealed before the first gets
 * its final name, so that a chunk is there with all its files or counts as not there.
 *
 *   write* ──▶ finish (seal the last) ──▶ publish (rename all, remove what an earlier attempt left) ; dispose at any time = abort
 */
export class ChunkFiles implements AsyncDisposable {
  readonly #task: ChunkTask;
  readonly #format: FileFormat;
  readonly #sink: Sink;
  readonly #sealed: SealedChunkFile[] = [];
  #open: OpenFile | null = null;
  #bytesBefore = 0;

  constructor(task: ChunkTask, format: FileFormat, sink: Sink) {
    this.#task = task;
    this.#format = format;
    this.#sink = sink;
  }

  async write(batch: RowBatch): Promise<void> {
    const open = this.#open ?? (await this.#begin());
    await open.encoder.write(batch);
    if (open.encoder.bytesOut() >= this.#task.maxFileBytes) await this.#seal();
  }

  /** Encoded bytes so far, over all files. */
  bytesOut(): number {
    return this.#bytesBefore + (this.#open?.encoder.bytesOut() ?? 0);
  }

  /** Seals the last file. A chunk without rows has no file, but for the table's first chunk, which carries the schema. */
  async finish(): Promise<{ files: readonly ChunkFile[]; nullMarkerCells: number }> {
    if (this.#open === null && this.#sealed.length === 0 && this.#task.chunk.ordinal === 1) await this.#begin();
    if (this.#open !== null) await this.#seal();
    return {
      files: this.#sealed.map((sealed) => sealed.file),
      nullMarkerCells: this.#sealed.reduce((sum, sealed) => sum + sealed.nullMarkerCells, 0),
    };
  }

  async publish(): Promise<void> {
    for (const sealed of this.#sealed) await sealed.writer.publish();
    if (this.#task.attempt > 1) await this.#removeLaterSiblings();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open?.encoder.abort();
    await this.#open?.writer[Symbol.asyncDispose]();
    for (const sealed of this.#sealed) await sealed.writer[Symbol.asyncDispose]();
  }

  async #begin(): Promise<OpenFile> {
    const task = this.#task;
    const name = chunkFileName(task.chunk.ordinal, this.#sealed.length + 1, this.#format.extension(task.compression));
    const writer = await this.#sink.begin(name);
    const options = {
      compression: task.compression,
      nullMarker: task.nullMarker,
      rowGroupBytes: task.rowGroupBytes,
      metadata: task.metadata,
    };
    this.#open = { name, writer, encoder: await this.#format.open(task.table, writer, options) };
    return this.#open;
  }

  async #seal(): Promise<void> {
    if (this.#open === null) return;
    const { name, writer, encoder } = this.#open;
    const { rows, nullCounts, maxBytes, digits, nulTexts, nullMarkerCells } = await encoder.finish();
    const { bytes, sha256 } = await writer.seal();
    const file = { path: name, rows, bytes, sha256, nullCounts, maxBytes, digits, ...nulTextsOf(nulTexts) };
    this.#sealed.push({ writer, file, nullMarkerCells });
    this.#bytesBefore += bytes;
    this.#open = null;
  }

  /** An earlier attempt may have renamed more files than this one has; files are numbered without gaps. */
  async #removeLaterSiblings(): Promise<void> {
    const { folder, chunk, compression } = this.#task;
    const names = new Set(await readdir(folder));
    const nameOf = (number: number) => chunkFileName(chunk.ordinal, number, this.#format.extension(compression));
    let last = this.#sealed.length;
    while (names.has(nameOf(last + 1))) last += 1;
    // From the last down: killed in between, the numbers that are left still have no gap.
    for (let number = last; number > this.#sealed.length; number -= 1) await rm(join(folder, nameOf(number)));
  }
}
