import { to } from 'pg-copy-streams';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ALL_COLUMNS, readRows } from '../../conformance/source-reading.ts';
import { type FreshDatabase, freshDatabase } from '../../support/postgres-server.ts';
import { openSession } from './postgres-fixture.ts';

const ROWS = 20_000;
/** PGCOPY, a NUL that a text conversion would lose, flags and the length of the extension (manual, COPY, "Binary Format"). */
const HEADER_BYTES = 19;

let database: FreshDatabase;

beforeAll(async () => {
  database = await freshDatabase('copy_oracle');
  await database.client.query(`CREATE TABLE pairs AS SELECT i::bigint * 1234567891 AS id,
    CASE WHEN i % 7 = 0 THEN NULL ELSE repeat(md5(i::text), i % 40) END AS v FROM generate_series(1, ${ROWS}) AS i`);
});

afterAll(() => database?.[Symbol.asyncDispose]());

/** The plainest reading of the binary format: two fields a row, one after the other, all bytes in memory. */
function decode(bytes: Buffer): readonly (readonly [string, string | null])[] {
  const rows: (readonly [string, string | null])[] = [];
  let at = HEADER_BYTES;
  while (bytes.readInt16BE(at) !== -1) {
    const id = bytes.readBigInt64BE(at + 6).toString();
    const length = bytes.readInt32BE(at + 14);
    rows.push([id, length === -1 ? null : bytes.toString('utf8', at + 18, at + 18 + length)]);
    at += 18 + Math.max(0, length);
  }
  return rows;
}

it('reads what pg-copy-streams reads', async () => {
  const chunks: Buffer[] = [];
  const stream = database.client.query(to('COPY (SELECT id, v FROM pairs) TO STDOUT (FORMAT binary)'));
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const theirs = decode(Buffer.concat(chunks));
  await using session = await openSession(database);
  const table = await session.describe({ schema: 'public', name: 'pairs' }, ALL_COLUMNS);
  const ours = await readRows(session, { table });
  expect(theirs).toHaveLength(ROWS);
  const texts = (rows: readonly (readonly unknown[])[]) =>
    rows.map(([id, v]) => `${String(id)} ${v === null ? '∅' : (v as string)}`).sort();
  expect(texts(ours)).toEqual(texts(theirs));
});
