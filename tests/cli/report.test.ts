import { describe, expect, test } from 'vitest';
import { describePlan, describeReport, exitCodeOfReport } from '../../src/cli/report.ts';
import type { RunReport, TableReport } from '../../src/engine/report.ts';
import { exampleWindow } from '../checkpoint/manifest-example.ts';

const TABLE: TableReport = {
  table: 'public.users',
  status: 'complete',
  runId: 'r1',
  rows: 200_000,
  files: 4,
  bytes: 12_345_678,
  resumedRows: 0,
  level: 'snapshot',
  consistency: 'snapshot 3-1B-1, taken 2026-11-21T04:00:00Z',
  replacedCells: {},
  folder: '/project/export/public.users/r1',
  manifest: '/project/export/public.users/r1/manifest.json',
  problem: null,
  window: null,
  deletes: null,
};

const REPORT: RunReport = {
  status: 'complete',
  tables: [TABLE],
  rows: 200_000,
  files: 4,
  bytes: 12_345_678,
  seconds: 2,
  rowsPerSecond: 100_000,
  workers: 8,
  level: 'snapshot',
  sameInstant: true,
  retries: 0,
  peakMemory: 1,
  remarks: [],
  said: [],
};

const FAILED: TableReport = {
  ...TABLE,
  status: 'failed',
  level: null,
  consistency: '',
  manifest: null,
  problem: { code: 'DISK_FULL', message: 'no space\u001b left', hint: 'free some', fault: 'disk', verdict: 'fatal' },
};

const CATCH_UP = 'sqlextract extract --table users --catch-up';

describe('the report of a run', () => {
  test('rows, files, bytes, time, speed, consistency in words, folder, next command', () => {
    expect(describeReport(REPORT, '/project', CATCH_UP)).toEqual([
      'TABLE         STATUS       ROWS  FILES    BYTES  FOLDER',
      'public.users  complete  200,000      4  12.3 MB  export/public.users/r1/',
      '',
      '200,000 rows in 4 files, 12.3 MB, 2.0 s, 100,000 rows/s, 8 workers',
      'consistency: one snapshot: all rows are of the same instant',
      '  snapshot 3-1B-1, taken 2026-11-21T04:00:00Z',
      '',
      'Next: sqlextract verify --table public.users',
    ]);
  });

  test('what an earlier run had done, retries, remarks', () => {
    const text = describeReport(
      { ...REPORT, tables: [{ ...TABLE, resumedRows: 150_000 }], retries: 1, remarks: ['smaller\nbatches'] },
      '/',
      CATCH_UP,
    ).join('\n');
    expect(text).toContain('complete (150,000 rows were done before)');
    expect(text).toContain('\n1 retry\n');
    expect(text).toContain('remark: smaller\\nbatches');
  });

  test('what failed, with code and hint, and that the same command goes on', () => {
    const report = { ...REPORT, status: 'incomplete', level: null, tables: [TABLE, FAILED] } as const;
    const text = describeReport(report, '/', CATCH_UP).join('\n');
    expect(text).toContain('Error: no space\\x1b left\n      code: DISK_FULL\n      hint: free some');
    expect(text).toContain('Next: the same command again goes on from here');
  });

  test('a table name in the next command is quoted for the shell', () => {
    const text = describeReport({ ...REPORT, tables: [{ ...TABLE, table: "it's $(x)" }] }, '/', CATCH_UP).join('\n');
    expect(text).toContain("verify --table 'it'\\''s $(x)'");
  });

  test('a mixed run is offered its catch-up, a window of several instants needs none', () => {
    const mixed = { ...TABLE, level: 'mixed' } as const;
    const nextOf = (table: TableReport): string | undefined =>
      describeReport({ ...REPORT, level: 'mixed', tables: [table] }, '/', CATCH_UP).at(-1);
    expect(nextOf(mixed)).toBe(`Next: ${CATCH_UP}`);
    expect(nextOf({ ...mixed, window: exampleWindow() })).toMatch(/^Next: sqlextract load/);
  });
});

test('the exit code of a report', () => {
  expect(exitCodeOfReport(REPORT)).toBe(0);
  expect(exitCodeOfReport({ ...REPORT, status: 'already-done' })).toBe(0);
  expect(exitCodeOfReport({ ...REPORT, status: 'incomplete', tables: [TABLE, FAILED] })).toBe(8);
  expect(exitCodeOfReport({ ...REPORT, status: 'incomplete', tables: [FAILED] })).toBe(7);
});

test('the plan: key and why, ranges, what is not parallel', () => {
  const text = describePlan({
    source: 'sqlite:/x.sqlite',
    isolation: 'one snapshot',
    workers: 2,
    remarks: [],
    tables: [
      {
        table: 't',
        key: ['id'],
        why: 'primary key',
        ranges: ['[-∞, 5)', '[5, +∞)'],
        rangesComplete: false,
        estimatedRows: 10,
        estimatedBytes: null,
        unfinishedRun: 'r0',
        remarks: ['slow'],
      },
      {
        table: 'v',
        key: [],
        why: 'a view has no key',
        ranges: ['all rows'],
        rangesComplete: true,
        estimatedRows: null,
        estimatedBytes: null,
        unfinishedRun: null,
        remarks: [],
      },
    ],
  }).join('\n');
  expect(text).toContain('t: about 10 rows\n  key id: primary key\n  goes on with the unfinished run r0');
  expect(text).toContain('    [5, +∞)\n    … and more, cut while it runs\n  remark: slow');
  expect(text).toContain('v: an unknown number of rows\n  no key: a view has no key');
});
