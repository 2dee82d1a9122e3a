import type { ByteSink } from '../model/byte-sink.ts';

const PIECE_BYTES = 1024 * 1024;

/** Gathers small writes into pieces of about a megabyte. Arrays given to `write` may not be changed any more. */
export class PieceWriter {
  readonly #out: ByteSink;
  #pieces: Uint8Array[] = [];
  #held = 0;
  #given = 0;
  #last: Uint8Array = new Uint8Array(0);

  constructor(out: ByteSink) {
    this.#out = out;
  }

  /** Bytes given to the sink. */
  bytesGiven(): number {
    return this.#given;
  }

  /** Bytes given or still held. */
  bytesTaken(): number {
    return this.#given + this.#held;
  }

  async write(bytes: Uint8Array): Promise<void> {
    // What is large already goes alone, and is not copied into a larger piece.
    if (bytes.length >= PIECE_BYTES) await this.flush();
    this.#pieces.push(bytes);
    this.#held += bytes.length;
    if (this.#held >= PIECE_BYTES) await this.flush();
  }

  /** Gives everything to the sink; returns the piece it was given last. */
  async flush(): Promise<Uint8Array> {
    if (this.#held === 0) return this.#last;
    const only = this.#pieces.length === 1 ? this.#pieces[0] : undefined;
    const bytes = only ?? Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#held = 0;
    await this.#out.write(bytes);
    this.#given += bytes.length;
    this.#last = bytes;
    return bytes;
  }
}
