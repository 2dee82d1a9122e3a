import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { Compression } from './format.ts';
import { GrowingBytes } from './growing-bytes.ts';
import { snappyCompress } from './snappy.ts';
import { ZstdFrames } from './zstd-frames.ts';

/** A buffer that grew beyond this is left to the garbage collector: one value of 1 GB must not be kept for the rest of the file. */
const KEPT_BYTES = 4 * 1024 * 1024;

/** Bytes of pages that may wait for libuv's threads before the encoder pauses. */
const WAITING_BYTES = 8 * 1024 * 1024;

/**
 * Compresses pages on libuv's threads while the next batch is read and encoded, and owns the buffers that pages are built in.
 */
export class PageCompressor {
  readonly #codec: Codec;
  readonly #free: GrowingBytes[] = [];
  readonly #running = new Set<Promise<unknown>>();
  readonly #bufferBytes: number;
  #waitingBytes = 0;

  constructor(compression: Compression, bufferBytes: number) {
    this.#codec = codecOf(compression);
    this.#bufferBytes = bufferBytes;
  }

  /** An empty buffer for the values of one page; `compress` takes it back. */
  buffer(): GrowingBytes {
    return this.#free.pop() ?? new GrowingBytes(this.#bufferBytes);
  }

  async compress(levels: Uint8Array, values: GrowingBytes): Promise<Uint8Array> {
    const size = levels.length + values.length;
    values.reserve(levels.length);
    values.bytes.copyWithin(levels.length, 0, values.length);
    values.bytes.set(levels);
    this.#waitingBytes += size;
    const running = Promise.resolve(this.#codec.compress(values.bytes.subarray(0, size)));
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      this.#waitingBytes -= size;
      values.length = 0;
      if (values.bytes.length <= KEPT_BYTES) this.#free.push(values);
    }
  }

  /** Waits until only a little is waiting: the back-pressure of an encoder. A failed page is reported where it is awaited. */
  async settle(): Promise<void> {
    while (this.#waitingBytes > WAITING_BYTES) await Promise.race(this.#running).catch(() => undefined);
  }

  /** Frees what the codec holds. Pages that still wait fail. */
  close(): void {
    this.#codec.close();
  }
}

interface Codec {
  compress(bytes: Uint8Array): Promise<Uint8Array> | Uint8Array;
  close(): void;
}

const gzip = promisify(zlib.gzip);

/** Level 1 costs half of level 3 and is no larger by more than a twentieth (docs/decisions/parquet-writer.md). */
const ZSTD_LEVEL = 1;
const GZIP_LEVEL = 3;

function codecOf(compression: Compression): Codec {
  switch (compression) {
    case 'zstd': {
      const frames = new ZstdFrames(ZSTD_LEVEL);
      return { compress: (bytes) => frames.compress(bytes), close: () => frames.close() };
    }
    case 'gzip':
      return { compress: (bytes) => gzip(bytes, { chunkSize: 128 * 1024, level: GZIP_LEVEL }), close: () => undefined };
    case 'snappy':
      return { compress: snappyCompress, close: () => undefined };
    case 'none':
      return { compress: (bytes) => bytes.slice(), close: () => undefined };
    default:
      return compression satisfies never;
  }
}

/** parquet.thrift `CompressionCodec`. */
export const CODEC = { none: 0, snappy: 1, gzip: 2, zstd: 6 } as const satisfies Record<Compression, number>;
