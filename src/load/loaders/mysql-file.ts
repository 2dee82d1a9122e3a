import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline, Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { LoadFile } from '../../ingest/ingest-plan.ts';
import type { ManifestFormat } from '../../model/manifest.ts';
import { SqlextractError } from '../../model/problem.ts';

const PIECE_BYTES = 256 * 1024;

/**
 * The text of a CSV file, decompressed. It ends with LOAD_FILE when the bytes on the disk are not those of the manifest, or cannot be
 * decompressed: after an error nothing is committed. `onBytes` hears of the bytes as they are read.
 */
export function csvText(
  file: LoadFile,
  compression: ManifestFormat['compression'],
  onBytes: (bytes: number) => void,
): Readable {
  const stored = createReadStream(file.path, { highWaterMark: PIECE_BYTES });
  const steps = [stored, checked(file, onBytes), ...decompressors(compression)];
  // What goes wrong in one of them ends the last one with it: whoever reads hears of it there.
  return pipeline(steps, () => undefined) as unknown as Readable;
}

/** A file that was made a moment ago, as it is. */
export function plainText(path: string): Readable {
  return createReadStream(path, { highWaterMark: PIECE_BYTES });
}

function decompressors(compression: ManifestFormat['compression']): readonly Transform[] {
  if (compression === 'none') return [];
  if (compression === 'gzip') return [createGunzip({ chunkSize: PIECE_BYTES })];
  if (compression === 'zstd') return [createZstdDecompress({ chunkSize: PIECE_BYTES })];
  throw new Error(`no CSV file is compressed with ${compression}`);
}

function checked(file: LoadFile, onBytes: (bytes: number) => void): Transform {
  const hash = createHash('sha256');
  let length = 0;
  return new Transform({
    transform(piece: Buffer, _, done) {
      hash.update(piece);
      length += piece.length;
      onBytes(piece.length);
      done(null, piece);
    },
    flush(done) {
      const same = length === file.bytes && hash.digest('hex') === file.sha256;
      done(same ? null : fileError(file, 'it is not the file of the manifest any more'));
    },
  });
}

/** What ended a stream of a file as LOAD_FILE. */
export function asFileError(error: unknown, file: LoadFile): SqlextractError {
  return error instanceof SqlextractError ? error : fileError(file, (error as Error).message, error);
}

function fileError(file: LoadFile, what: string, cause?: unknown): SqlextractError {
  return new SqlextractError(
    {
      code: 'LOAD_FILE',
      message: `${file.name} cannot be loaded: ${what}; nothing of it was`,
      hint: 'sqlextract verify tells which files are whole; extract again with --fresh',
      fault: 'data',
    },
    cause,
  );
}
