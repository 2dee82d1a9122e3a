import { describe, expect, test } from 'vitest';
import type { LoadMode } from '../../src/ingest/load-mode.ts';
import type { TableLoadReport } from '../../src/load/load-report.ts';
import type { LedgerEntry } from '../../src/load/loader.ts';
import { judgeTable } from '../../src/sync/judge-table.ts';

interface Case {
  readonly mode?: LoadMode;
  readonly kind?: 'loaded' | 'already-loaded';
  readonly entry?: Partial<LedgerEntry>;
  readonly before?: number | null;
  readonly after: number;
  readonly source?: { readonly rows: number; readonly when: 'run' | 'later' } | null;
}

/** Ten rows in the files. */
function judged({ mode = 'replace', kind = 'loaded', entry = {}, before = 0, after, source = null }: Case) {
  const ledger = {
    run: 'r',
    mode,
    rows: 10,
    inserted: 10,
    updated: 0,
    deleted: 0,
    rejected: 0,
    loadedAt: '',
    ...entry,
  };
  const outcome = { kind, entry: ledger, resumedFiles: 0, counted: { before, after } };
  const common = { table: 'users', into: 'main.users', run: 'r', mode, files: 1, seconds: 1 };
  const report: TableLoadReport = { ...common, sourceRows: 10, outcome };
  return judgeTable(report, outcome, source).verdict;
}

const inRun = (rows: number) => ({ rows, when: 'run' as const });
const later = (rows: number) => ({ rows, when: 'later' as const });

describe('files and target', () => {
  test.each([
    ['delete', { mode: 'delete', after: 7, before: 7, entry: { inserted: 0, updated: 3 } }, 'equal'],
    ['delete', { mode: 'delete', after: 4, before: 7, entry: { inserted: 0, deleted: 3 } }, 'equal'],
    ['delete', { mode: 'delete', after: 3, before: 7, entry: { inserted: 0, deleted: 3 } }, 'different'],
    ['replace', { after: 10, before: 7, entry: { deleted: 7 } }, 'equal'],
    ['replace', { after: 11 }, 'different'],
    ['replace', { after: 9 }, 'different'],
    ['replace', { after: 8, entry: { inserted: 8, rejected: 2 } }, 'equal'],
    ['full-refresh', { after: 10, before: null }, 'equal'],
    ['append', { after: 15, before: 5 }, 'equal'],
    ['append', { after: 14, before: 5 }, 'different'],
    ['append', { after: 10, before: null }, 'equal'],
    ['append', { after: 14, before: 5, entry: { inserted: 9 } }, 'different'],
    ['merge', { after: 12, before: 5, entry: { inserted: 7, updated: 3 } }, 'equal'],
    ['merge', { after: 13, before: 5, entry: { inserted: 7, updated: 3 } }, 'different'],
    ['merge', { after: 13, before: 5, entry: { inserted: 8, updated: 3 } }, 'different'],
    ['merge', { after: 9, before: 5, entry: { inserted: 4, updated: 3 } }, 'equal'],
    ['delete-insert', { after: 12, before: 5, entry: { deleted: 3 } }, 'equal'],
    ['delete-insert', { after: 15, before: 5, entry: { deleted: 3 } }, 'different'],
  ] as const)('%s %j: %s', (mode, given, verdict) => expect(judged({ mode, ...given })).toBe(verdict));

  test.each([
    ['replace', 10, 'equal'],
    ['replace', 12, 'different'],
    ['append', 999, 'equal'],
    ['merge', 1, 'equal'],
  ] as const)('loaded before, %s, %i rows now: %s', (mode, after, verdict) => {
    expect(judged({ mode, after, before: null, kind: 'already-loaded' })).toBe(verdict);
  });

  test('a ledger of other rows than the files have is different, whatever the target has', () => {
    expect(judged({ after: 9, entry: { rows: 9, inserted: 9 } })).toBe('different');
  });
});

describe('source', () => {
  test.each([
    [inRun(10), 'equal'],
    [inRun(11), 'different'],
    [later(10), 'equal'],
    [later(11), 'moved'],
    [null, 'equal'],
  ] as const)('%j: %s', (source, verdict) => expect(judged({ after: 10, source })).toBe(verdict));

  test('that moved does not hide a target that differs', () => {
    expect(judged({ after: 11, source: later(12) })).toBe('different');
  });
});
