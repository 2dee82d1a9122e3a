import type { ByteSink } from '../model/byte-sink.ts';

/**
 * The contract of a place to store files. A file appears under its final name whole and durable, or not at all.
 *
 * State of one file:
 *
 *   begin ──▶ open ──write*──▶ open ──seal──▶ sealed (all bytes durable under the temporary name)
 *                │                               │
 *                └──────dispose = abort──────────┤──publish──▶ published (durable under the final name)
 *
 * A chunk may have several files: all are sealed before the first is published.
 */
export interface Sink {
  /** `name` is a function of the chunk: a repeat replaces the file, never appends. Throws when a foreign file has the name. */
  begin(name: string): Promise<FileWriter>;
}

export interface FileWriter extends ByteSink, AsyncDisposable {
  /** Waits for every byte, compares the count, syncs. Returns the size and the hash of what was written. */
  seal(): Promise<SealedFile>;
  /** Renames to the final name and syncs the folder. */
  publish(): Promise<void>;
}

export interface SealedFile {
  readonly bytes: number;
  readonly sha256: string;
}
