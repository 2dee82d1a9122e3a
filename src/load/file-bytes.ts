import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { LoadFile } from '../ingest/ingest-plan.ts';
import type { ManifestFormat } from '../model/manifest.ts';
import { fileError } from './read-csv.ts';

const PIECE_BYTES = 256 * 1024;

/**
 * The bytes of a file as they lie on the disk. After the last one the file's length and SHA-256 are known: LOAD_FILE when they are not
 * those of the manifest, so that whoever reads to the end before it commits can never load a changed file. `onBytes` hears of each piece.
 */
export async function* fileBytes(file: LoadFile, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let length = 0;
  for await (const piece of createReadStream(file.path, { highWaterMark: PIECE_BYTES })) {
    const bytes = piece as Buffer;
    hash.update(bytes);
    length += bytes.length;
    yield bytes;
    onBytes(bytes.length);
  }
  if (length !== file.bytes) throw fileError(file.name, `it has ${length} bytes instead of ${file.bytes}`);
  if (hash.digest('hex') !== file.sha256) throw fileError(file.name, 'its SHA-256 is another one');
}

/** Reads the file to its end for nothing but that. Throws LOAD_FILE. */
export async function verified(file: LoadFile, onBytes: (bytes: number) => void): Promise<void> {
  const bytes = fileBytes(file, onBytes);
  while ((await bytes.next()).done !== true);
}

/** The same bytes without compression. What is wrong with a compressed stream is a LOAD_FILE as well. */
export async function* plainBytes(
  file: LoadFile,
  compression: ManifestFormat['compression'],
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const stored = fileBytes(file, onBytes);
  const opener = decompressor(compression);
  if (opener === null) {
    yield* stored;
    return;
  }
  yield* through(stored, opener, file.name);
}

function decompressor(compression: ManifestFormat['compression']): Transform | null {
  if (compression === 'none') return null;
  if (compression === 'gzip') return createGunzip({ chunkSize: PIECE_BYTES });
  if (compression === 'zstd') return createZstdDecompress({ chunkSize: PIECE_BYTES });
  throw new Error(`no CSV file is compressed with ${compression}`);
}

async function* through(
  stored: AsyncIterable<Uint8Array>,
  opener: Transform,
  name: string,
): AsyncGenerator<Uint8Array> {
  let failure: unknown = null;
  const source = Readable.from(stored, { objectMode: false });
  pipeline(source, opener, (error) => {
    if (error !== null && error !== undefined) failure = error;
  });
  try {
    for await (const piece of opener) yield piece as Buffer;
  } catch (error) {
    throw isOfZlib(error) ? fileError(name, 'it cannot be decompressed', error) : (failure ?? error);
  }
}

function isOfZlib(error: unknown): boolean {
  const code = (error as { readonly code?: unknown }).code;
  return typeof code === 'string' && /^(?:Z_|ZSTD_|ERR_ZSTD)/.test(code);
}
