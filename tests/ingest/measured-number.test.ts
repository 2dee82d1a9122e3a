import { describe, expect, test } from 'vitest';
import { targetByName } from '../../src/ingest/registry.ts';
import type { Digits } from '../../src/model/digits.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { manifestWith, planned } from './load-example.ts';

function manifestOf(digits: Digits | null | 'missing', format: Manifest['format']['name'] = 'csv'): Manifest {
  const plain = manifestWith(['n']);
  const { digits: _, ...rest } = plain.totals;
  const totals = { ...rest, markerCells: 0 };
  const columns = plain.schema.columns.map(
    (column) => ({ ...column, nativeType: 'numeric', exact: 'number' }) as const,
  );
  return {
    ...plain,
    schema: { columns, primaryKey: [] },
    totals: digits === 'missing' ? totals : { ...totals, digits: [digits] },
    format: { ...plain.format, name: format, compression: format === 'csv' ? 'gzip' : 'zstd' },
  };
}

async function typeIn(target: string, manifest: Manifest, measure = true) {
  const chosen = await targetByName(target);
  if (chosen === null) throw new Error(`no target ${target}`);
  const { columns, remarks } = planned(manifest, { measure }, chosen);
  const [column] = columns;
  if (column === undefined) throw new Error('no column');
  const type = chosen.columnType(column, null);
  return { sql: type.kind === 'type' ? type.sql : type.reason, remark: remarks.join('; '), column };
}

describe('an exact number that is text in the files', () => {
  test.each([
    ['duckdb', 'DECIMAL(7,2)'],
    ['postgres', 'numeric(7,2)'],
    ['mysql', 'decimal(7,2)'],
    ['sqlserver', 'decimal(7, 2)'],
    ['snowflake', 'NUMBER(7,2)'],
    ['redshift', 'DECIMAL(7,2)'],
    ['bigquery', 'NUMERIC(7, 2)'],
    ['databricks', 'DECIMAL(7,2)'],
  ])('is a decimal of %s by its values', async (target, sql) => {
    const found = await typeIn(target, manifestOf({ integer: 5, scale: 2 }));
    expect(found.sql).toBe(sql);
    expect(found.remark).toContain('column n is decimal(7,2) by its values');
    expect(found.column.inFile?.type.kind).toBe('string');
  });

  test.each(['sqlite', 'clickhouse'])('stays as it is in %s', async (target) => {
    const found = await typeIn(target, manifestOf({ integer: 5, scale: 2 }));
    expect(found.column).not.toHaveProperty('inFile');
  });

  test.each([
    ['duckdb', { integer: 30, scale: 9 }, 'its values have 30 digits before the point and 9 after it'],
    ['mysql', { integer: 1, scale: 31 }, 'at most 65, 30 of them after it'],
    ['duckdb', null, 'no plain number'],
    ['duckdb', 'missing', 'an older version wrote its files'],
  ] as const)('stays text in %s with %o', async (target, digits, why) => {
    const found = await typeIn(target, manifestOf(digits));
    expect(found.column.source.type.kind).toBe('string');
    expect(found.remark).toContain('column n stays text');
    expect(found.remark).toContain(why);
  });

  test('stays text where the target reads Parquet by itself', async () => {
    const found = await typeIn('snowflake', manifestOf({ integer: 5, scale: 2 }, 'parquet'));
    expect(found.remark).toContain('extract with --format csv');
  });

  test('and without --measure, without a word', async () => {
    expect(await typeIn('duckdb', manifestOf({ integer: 5, scale: 2 }), false)).toMatchObject({
      sql: 'VARCHAR',
      remark: '',
    });
  });
});
