import type { Readable } from 'node:stream';
import type { Connection, TypeCastField } from 'mysql2';
import { dropConnection } from './drop-connection.ts';
import { watched } from './query-rows.ts';

/** Rows that are read ahead of who takes them. */
const AHEAD = 256;

type Row = readonly [Buffer | null];

/**
 * The first cell of each row, as the server sends it, one after the other. Rejects with what mysql2 gives, or `take` throws; the connection is
 * then of no use any more, unless the server refused the statement.
 */
export async function eachCell(
  connection: Connection,
  sql: string,
  take: (cell: Buffer | null) => void,
): Promise<void> {
  const asBytes = (field: TypeCastField): Buffer | null => field.buffer();
  const stream = connection.query({ sql, rowsAsArray: true, typeCast: asBytes }).stream({ highWaterMark: AHEAD });
  // mysql2 tells those who wait for rows nothing of a connection that is lost.
  const lost = (error: Error): void => void stream.destroy(error);
  connection.once('error', lost);
  try {
    for (;;) {
      const rows = await watched(connection, nextRows(stream));
      if (rows === null) return;
      try {
        for (const [cell] of rows) take(cell);
      } catch (error) {
        dropConnection(connection);
        throw error;
      }
    }
  } finally {
    connection.off('error', lost);
  }
}

/** At least one row; null: there are no more. */
async function nextRows(stream: Readable): Promise<readonly Row[] | null> {
  for (;;) {
    const rows: Row[] = [];
    for (let row: unknown = stream.read(); row !== null; row = stream.read()) rows.push(row as Row);
    if (rows.length > 0) return rows;
    if (stream.readableEnded) return null;
    await news(stream);
  }
}

async function news(stream: Readable): Promise<void> {
  if (stream.errored !== null) throw stream.errored;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  stream.once('readable', resolve).once('end', resolve).once('error', reject);
  try {
    await promise;
  } finally {
    stream.off('readable', resolve).off('end', resolve).off('error', reject);
  }
}
