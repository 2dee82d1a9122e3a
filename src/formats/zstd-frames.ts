import zlib from 'node:zlib';

/** Room for the largest page and its frame, several times over: a frame that may not fit is compressed through a copy of its input. */
const OUTPUT_BYTES = 4 * 1024 * 1024;

/** As many as one encoder keeps busy. */
const STREAMS = 2;

/**
 * Makes one zstd frame of each piece of bytes on libuv's threads, in contexts that are used again. `zlib.zstdCompress` makes a context and copies the
 * input into it every time (docs/decisions/parquet-writer.md).
 */
export class ZstdFrames {
  readonly #level: number;
  readonly #streams: FrameStream[] = [];

  constructor(level: number) {
    this.#level = level;
  }

  compress(bytes: Uint8Array): Promise<Uint8Array> {
    let stream = this.#streams.find((each) => each.waiting === 0);
    if (stream === undefined && this.#streams.length < STREAMS) {
      stream = new FrameStream(this.#level);
      this.#streams.push(stream);
    }
    stream ??= this.#streams.reduce((best, each) => (each.waiting < best.waiting ? each : best));
    return stream.compress(bytes);
  }

  /** Frees the contexts. What still waits is rejected. */
  close(): void {
    for (const stream of this.#streams.splice(0)) stream.close();
  }
}

class FrameStream {
  waiting = 0;
  readonly #zip: zlib.ZstdCompress;

  constructor(level: number) {
    const params = { [zlib.constants.ZSTD_c_compressionLevel]: level };
    // Every write ends its frame. The output is never too much to be held: it is taken after each write.
    const flush = zlib.constants.ZSTD_e_end;
    const options = { params, flush, chunkSize: OUTPUT_BYTES, readableHighWaterMark: Number.MAX_SAFE_INTEGER };
    this.#zip = zlib.createZstdCompress(options);
    // Told by the callback of the write.
    this.#zip.on('error', () => undefined);
  }

  compress(bytes: Uint8Array): Promise<Uint8Array> {
    this.waiting++;
    return new Promise((resolve, reject) => {
      this.#zip.write(bytes, (error) => {
        this.waiting--;
        const frame = (error ?? null) === null ? (this.#zip.read() as Buffer | null) : null;
        if (frame === null) reject(error ?? new Error('zstd gave no frame'));
        else resolve(frame);
      });
    });
  }

  close(): void {
    this.#zip.destroy();
  }
}
