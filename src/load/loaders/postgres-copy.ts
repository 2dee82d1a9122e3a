import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { DatabaseError } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { LoadFile, TableLoad } from '../../ingest/ingest-plan.ts';
import type { Quoted } from '../../ingest/quoted.ts';
import { sql } from '../../ingest/quoted.ts';
import { copyOptions } from '../../ingest/targets/postgres-view.ts';
import type { parsePostgres } from '../../sources/postgres/config.ts';
import { Watchdog } from '../../sources/postgres/watchdog.ts';
import { fileBytes, plainBytes } from '../file-bytes.ts';
import { parquetAsCsv } from '../parquet-as-csv.ts';
import { withoutNul } from '../without-nul.ts';
import { fileError } from '../read-csv.ts';

export interface CopyPlace {
  /** The list of staged files. */
  readonly files: Quoted;
  readonly rows: Quoted;
  readonly scratch: string;
  /** Where a second connection asks what became of the first. */
  readonly server: ReturnType<typeof parsePostgres>;
}

/**
 * All rows of a file and its entry in the list, in one transaction, or nothing. A file that another session is staging is waited for, and
 * then left as it is. Throws what the server said, LOAD_FILE when the file is not the manifest's.
 */
export async function copyFile(
  client: pg.Client,
  load: TableLoad,
  file: LoadFile,
  place: CopyPlace,
  onBytes: (bytes: number) => void,
): Promise<void> {
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE');
  try {
    const claim = sql`INSERT INTO ${place.files} ("name", "sha256", "rows") VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`;
    const { rowCount } = await client.query(String(claim), [file.name, file.sha256, file.rows]);
    if (rowCount === 1) {
      await copyRows(client, load, file, place, onBytes).catch((error: unknown) => {
        throw withFile(error, file);
      });
    }
    await client.query('COMMIT');
  } catch (error) {
    // A connection that is lost has no transaction any more; the first error is the one to tell.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** What the server says names the line, and not the file, of which it knows nothing. */
function withFile(error: unknown, { name }: LoadFile): unknown {
  if (error instanceof DatabaseError) error.message = `${name}: ${error.message}`;
  return error;
}

async function copyRows(
  client: pg.Client,
  load: TableLoad,
  file: LoadFile,
  { rows, scratch, server }: CopyPlace,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const statement = sql`COPY ${rows} FROM STDIN WITH ${copyOptions(load)}`;
  let copied: number;
  using watchdog = new Watchdog(client, server);
  if (load.format.name === 'parquet') {
    for await (const _ of fileBytes(file, onBytes));
    await using csv = await parquetAsCsv(file, load.columns, scratch);
    copied = await copyStream(
      client,
      String(statement),
      sent(load, createReadStream(csv.path, { highWaterMark: PIECE_BYTES })),
      watchdog,
    );
  } else {
    copied = await copyStream(
      client,
      String(statement),
      sent(load, plainBytes(file, load.format.compression, onBytes)),
      watchdog,
    );
  }
  if (copied !== file.rows) throw fileError(file.name, `it has ${copied} rows instead of ${file.rows}`);
}

const PIECE_BYTES = 256 * 1024;

function sent({ removesNul }: TableLoad, bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return removesNul === true ? withoutNul(bytes) : bytes;
}

/** The server's own count of rows. From its last piece on the copy is watched as any statement is. */
async function copyStream(
  client: pg.Client,
  statement: string,
  bytes: AsyncIterable<Uint8Array>,
  watchdog: Watchdog,
): Promise<number> {
  const copy = client.query(copyFrom(statement));
  const pieces = async function* (): AsyncGenerator {
    for await (const piece of bytes) {
      watchdog.heard();
      yield piece;
    }
  };
  await watchdog.during(pipeline(pieces, copy));
  return copy.rowCount;
}
