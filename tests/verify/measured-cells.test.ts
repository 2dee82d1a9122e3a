import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import type { ColumnSchema } from '../../src/model/table.ts';
import { measuredOf, measureSql } from '../../src/verify/measured-cells.ts';

const COLUMNS: readonly ColumnSchema[] = [
  { name: 'id', nativeType: 'int', type: { kind: 'int32' }, nullable: false },
  { name: 'body', nativeType: 'text', type: { kind: 'string' }, nullable: true },
  { name: 'raw', nativeType: 'blob', type: { kind: 'binary' }, nullable: true },
];

async function measured(rows: string) {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const select = measureSql(COLUMNS, ['id', 'body', 'raw'], '\\N');
  const found = await connection.runAndReadAll(`SELECT ${select} FROM (VALUES ${rows}) AS t(id, body, raw)`);
  connection.closeSync();
  instance.closeSync();
  return measuredOf(COLUMNS, found.getRows()[0] ?? []);
}

test('what the encoders count of their rows is counted of rows of DuckDB', async () => {
  const rows = String.raw`(1, 'é' || chr(0), '\x00'::BLOB), (2, '\N', NULL), (3, NULL, '\x00\x00\x00'::BLOB)`;
  expect(await measured(rows)).toEqual({
    rows: 3,
    nullCounts: [0, 1, 1],
    maxBytes: [0, 3, 3],
    nulTexts: [0, 1, 0],
    markerCells: 1,
    digits: [null, null, null],
  });
});

test('without such texts there is no count of them', async () => {
  expect(await measured("(1, 'plain', NULL::BLOB)")).not.toHaveProperty('nulTexts');
});
