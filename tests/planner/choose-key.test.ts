import { describe, expect, it } from 'vitest';
import type { CandidateKey, TableSchema } from '../../src/model/table.ts';
import { chooseSplit } from '../../src/planner/choose-key.ts';

const KEY: CandidateKey = {
  name: 't_pkey',
  columns: ['id'],
  kind: 'primary',
  unique: true,
  nullable: false,
  integer: true,
  scattered: false,
  refused: null,
};
const TABLE: TableSchema = {
  schema: '',
  name: 't',
  kind: 'table',
  estimatedRows: 1e6,
  estimatedBytes: 1e9,
  objectId: '1',
  columns: [],
  primaryKey: ['id'],
  candidateKeys: [KEY],
  physicalParts: [{ relation: 't', blocks: 100 }],
  remarks: [],
};
const SHARED = { sharedSnapshot: true, limit: null, bounded: null };

describe('what a table is split by', () => {
  it('is its first key', () => {
    expect(chooseSplit(TABLE, SHARED)).toMatchObject({ kind: 'key', key: KEY, why: 'primary key (id)' });
  });

  it('is blocks when the key scatters a large table, but not without a snapshot', () => {
    const scattered = { ...TABLE, candidateKeys: [{ ...KEY, scattered: true }] };
    expect(chooseSplit(scattered, SHARED).kind).toBe('physical');
    expect(chooseSplit(scattered, { ...SHARED, sharedSnapshot: false }).kind).toBe('key');
    expect(chooseSplit({ ...scattered, estimatedBytes: 1e6 }, SHARED).kind).toBe('key');
  });

  it('is never a refused key, and says why', () => {
    const refused = { ...TABLE, candidateKeys: [{ ...KEY, refused: 'its collation has another version now' }] };
    const choice = chooseSplit(refused, SHARED);
    expect(choice.kind).toBe('physical');
    expect(choice.why).toContain('its collation has another version now');
  });

  it('is the --split-by of a query, or nothing', () => {
    const splitBy: CandidateKey = { ...KEY, name: 'k', columns: ['k'], kind: 'index', unique: false, nullable: true };
    const query = { ...TABLE, kind: 'query', query: 'SELECT k FROM t', physicalParts: [] } as const;
    const split = chooseSplit({ ...query, candidateKeys: [splitBy] }, SHARED);
    expect(split).toMatchObject({ kind: 'key', key: splitBy, why: expect.stringContaining('--split-by k') });
    const whole = chooseSplit({ ...query, candidateKeys: [] }, SHARED);
    expect(whole).toMatchObject({ kind: 'whole', why: expect.stringContaining('no --split-by: one stream') });
    const refused = chooseSplit({ ...query, candidateKeys: [{ ...splitBy, refused: 'k has no order' }] }, SHARED);
    expect(refused).toMatchObject({ kind: 'whole', why: expect.stringContaining('k has no order') });
  });

  it('is nothing without key and blocks, and says what a kill costs', () => {
    const choice = chooseSplit({ ...TABLE, candidateKeys: [], physicalParts: [] }, SHARED);
    expect(choice).toMatchObject({ kind: 'whole' });
    expect(choice.why).toContain('reads again from its start');
  });

  it('is nothing under a limit', () => {
    expect(chooseSplit(TABLE, { ...SHARED, limit: 10 }).kind).toBe('whole');
  });
});
