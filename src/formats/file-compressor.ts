import zlib from 'node:zlib';
import type { ByteSink } from '../model/byte-sink.ts';
import type { Compression } from './format.ts';
import { PieceWriter } from './piece-writer.ts';

/** What a text format writes into: the sink itself, or one gzip or zstd member on the way to it. */
export interface FileStream extends ByteSink {
  /** Writes what is held back; resolves when the sink has every byte. */
  end(): Promise<void>;
  bytesOut(): number;
  destroy(): void;
}

const CHUNK_BYTES = 256 * 1024;

/** Level 1 of zstd and 3 of gzip: measured in docs/decisions/csv-encoder.md. */
const ZSTD_LEVEL = 1;
const GZIP_LEVEL = 3;

export function fileStream(compression: Compression, out: ByteSink): FileStream {
  if (compression === 'none') return plainStream(out);
  if (compression === 'gzip')
    return new CompressedStream(zlib.createGzip({ level: GZIP_LEVEL, chunkSize: CHUNK_BYTES }), out);
  const params = { [zlib.constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL };
  return new CompressedStream(zlib.createZstdCompress({ params, chunkSize: CHUNK_BYTES }), out);
}

function plainStream(out: ByteSink): FileStream {
  let given = 0;
  return {
    write: async (bytes) => {
      await out.write(bytes);
      given += bytes.length;
    },
    end: async () => undefined,
    bytesOut: () => given,
    destroy: () => undefined,
  };
}

/**
 * Compression runs on libuv's threads beside the encoder. A pump takes what comes out to the sink; when the sink fails, the
 * next write (or `end`) rejects with the sink's own error.
 */
class CompressedStream implements FileStream {
  readonly #zip: zlib.Gzip | zlib.ZstdCompress;
  readonly #pieces: PieceWriter;
  readonly #pump: Promise<void>;

  constructor(zip: zlib.Gzip | zlib.ZstdCompress, out: ByteSink) {
    this.#zip = zip;
    this.#pieces = new PieceWriter(out);
    this.#pump = this.#run();
    this.#pump.catch(() => undefined);
  }

  async #run(): Promise<void> {
    for await (const chunk of this.#zip) await this.#pieces.write(chunk as Uint8Array);
    await this.#pieces.flush();
  }

  async write(bytes: Uint8Array): Promise<void> {
    const consumed = new Promise<void>((resolve, reject) => {
      this.#zip.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
    // The pump ends before the input does only when it failed.
    const pumpFailed = this.#pump.then(() => new Promise<never>(() => undefined));
    await Promise.race([pumpFailed, consumed]).catch(async (error: unknown) => {
      if (this.#zip.destroyed) await this.#pump;
      throw error;
    });
  }

  async end(): Promise<void> {
    this.#zip.end();
    await this.#pump;
  }

  bytesOut(): number {
    return this.#pieces.bytesGiven();
  }

  destroy(): void {
    this.#zip.destroy();
  }
}
