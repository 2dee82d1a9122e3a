import { describe, expect, test } from 'vitest';
import { duckdbTarget } from '../../src/ingest/targets/duckdb.ts';
import { postgresTarget } from '../../src/ingest/targets/postgres.ts';
import type { IngestTarget } from '../../src/ingest/target.ts';
import { planTable } from '../../src/ingest/plan-table.ts';
import { manifestOf, PLAIN_ORDER } from '../conformance/ingest-example.ts';

function ledgerOf(target: IngestTarget, order: object, manifest = manifestOf()) {
  return planTable({ manifest, folder: '/data' }, 1, { ...PLAIN_ORDER, ...order }, target).ledger;
}

describe('what the ledger calls a load', () => {
  test('two tables of one extract are two runs, also in one table of the target', () => {
    const one = ledgerOf(duckdbTarget, { schema: 'main' });
    const other = ledgerOf(duckdbTarget, { schema: 'main' }, { ...manifestOf(), job: 'us.orders-fedcba9876543210' });
    expect(one.table).toBe(other.table);
    expect(one.run).not.toBe(other.run);
    expect(ledgerOf(duckdbTarget, { schema: 'main' })).toEqual(one);
  });

  test('names that the target takes for one are one', () => {
    const upper = { identifierCase: 'upper', schema: 'Shop' };
    expect(ledgerOf(duckdbTarget, upper)).toEqual(ledgerOf(duckdbTarget, { schema: 'Shop' }));
    expect(ledgerOf(postgresTarget, upper)).not.toEqual(ledgerOf(postgresTarget, { schema: 'Shop' }));
  });
});
