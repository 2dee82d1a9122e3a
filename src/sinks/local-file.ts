import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { unlink, type FileHandle } from 'node:fs/promises';
import { diskError } from './disk-error.ts';
import type { FileWriter, SealedFile } from './sink.ts';
import { writeFully } from './write-fully.ts';
import { holding } from './write-lock.ts';
import { faultPoint } from '../model/fault-point.ts';

export interface LocalFileParts {
  readonly handle: FileHandle;
  readonly temporary: string;
  /** The final path, for messages. */
  readonly path: string;
  readonly lock: Int32Array | null;
  /** Gives the sealed file its final name, durably. */
  publish(): Promise<void>;
}

/**
 * One file under its temporary name.
 *
 *   open ──write*──▶ open ──seal──▶ sealed ──publish──▶ published
 *     └──any error──▶ broken          │
 *   open, broken, sealed ──dispose──▶ gone (temporary file deleted);   published ──dispose──▶ published
 *
 * A write resolves when the kernel has all its bytes, so the caller may use its buffer again. It is done by this thread: a hop
 * to a thread of libuv costs more than the copy into the page cache (docs/decisions/commit-order.md has the numbers). Only
 * the sync, which waits for the disk, is given away. Writes queue, and one is done at a time.
 *
 * After a failed sync nothing is tried again on the file: the kernel may have thrown the pages away and would report success.
 */
export class LocalFile implements FileWriter {
  readonly #parts: LocalFileParts;
  readonly #hash = createHash('sha256');
  #state: 'open' | 'sealed' | 'published' | 'gone' = 'open';
  #broken: Error | null = null;
  #bytes = 0;
  #closed = false;
  #queue: Promise<void> = Promise.resolve();

  constructor(parts: LocalFileParts) {
    this.#parts = parts;
  }

  write(bytes: Uint8Array): Promise<void> {
    const written = this.#queue.then(() => this.#attempt('open', () => this.#put(bytes)));
    this.#queue = written.catch(() => undefined);
    return written;
  }

  async seal(): Promise<SealedFile> {
    await this.#queue;
    await this.#attempt('open', () => holding(this.#parts.lock, () => this.#sync()));
    this.#state = 'sealed';
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  async publish(): Promise<void> {
    await this.#attempt('sealed', () => this.#parts.publish());
    this.#state = 'published';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue;
    if (this.#state === 'published' || this.#state === 'gone') return;
    this.#state = 'gone';
    await this.#close().catch(() => undefined);
    await unlink(this.#parts.temporary).catch((error: NodeJS.ErrnoException) => {
      // After a rename whose sync failed there is no temporary file any more.
      if (error.code !== 'ENOENT') throw diskError(error, this.#parts.temporary);
    });
  }

  async #put(bytes: Uint8Array): Promise<void> {
    await holding(this.#parts.lock, async () => {
      faultPoint('before-write');
      writeFully((rest) => writeSync(this.#parts.handle.fd, rest), bytes);
      this.#hash.update(bytes);
      this.#bytes += bytes.byteLength;
      faultPoint('after-write');
    });
  }

  async #sync(): Promise<void> {
    const { size } = await this.#parts.handle.stat();
    if (size !== this.#bytes) throw new Error(`${this.#bytes} bytes were written but the file has ${size}`);
    faultPoint('before-fsync');
    await this.#parts.handle.sync();
    faultPoint('after-fsync');
    await this.#close();
  }

  /** Network file systems report lost writes here: an error of it is an error of the file. */
  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#parts.handle.close();
  }

  async #attempt(needed: 'open' | 'sealed', step: () => Promise<void>): Promise<void> {
    if (this.#broken !== null) throw this.#broken;
    if (this.#state !== needed) throw new Error(`${this.#parts.path} is ${this.#state}, it must be ${needed} for this`);
    try {
      await step();
    } catch (error) {
      this.#broken = diskError(error, this.#parts.path);
      throw this.#broken;
    }
  }
}
