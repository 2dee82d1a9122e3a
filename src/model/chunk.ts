import type { ColumnDigits } from './digits.ts';
import type { KeyRange, KeyTuple } from './key-range.ts';
import type { CountedNulTexts } from './nul-texts.ts';

/** One planned range of one table. `ordinal` counts from 1 within a run; file names are a function of it. */
export interface Chunk {
  readonly ordinal: number;
  readonly range: KeyRange;
  /** At most this many rows are read (`--limit`); null is all. */
  readonly limit: number | null;
}

/** One finished file of a chunk. */
export interface ChunkFile extends CountedNulTexts {
  /** Relative to the run's folder. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** Lower-case hex of the file's bytes. */
  readonly sha256: string;
  /** NULLs per column, in column order. */
  readonly nullCounts: readonly number[];
  /** Largest encoded value in bytes per column (0 for fixed-width kinds), in column order. */
  readonly maxBytes: readonly number[];
  /** Most digits of the values, in column order; null where they are no plain numbers. Missing where an older version wrote the file. */
  readonly digits?: ColumnDigits;
}

/** What a worker reports of a finished chunk; everything the checkpoint and the manifest hold of it. */
export interface ChunkReport {
  readonly ordinal: number;
  readonly rows: number;
  readonly files: readonly ChunkFile[];
  /** Which snapshot it was read in. */
  readonly epoch: number;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Text cells equal to the CSV NULL marker, which were written quoted; 0 for other formats. */
  readonly nullMarkerCells: number;
  /** Cells that a policy wrote as NULL (`--zero-dates null`), by column; columns without any are left out. */
  readonly replacedCells: Readonly<Record<string, number>>;
}

/** `part-000001.parquet`; from the second file of one chunk on `part-000001-0002.parquet`. */
export function chunkFileName(ordinal: number, fileNumber: number, extension: string): string {
  const base = `part-${String(ordinal).padStart(6, '0')}`;
  return fileNumber === 1 ? `${base}.${extension}` : `${base}-${String(fileNumber).padStart(4, '0')}.${extension}`;
}

export type { KeyTuple };
