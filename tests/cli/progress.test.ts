import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  afterEvent,
  afterLook,
  fractionOf,
  NO_PROGRESS,
  rowsSoFar,
  secondsLeft,
  speedOf,
  type Progress,
} from '../../src/cli/progress-model.ts';
import { barLines, logLines } from '../../src/cli/progress-text.ts';
import { showProgress } from '../../src/cli/progress.ts';
import { textWidth } from '../../src/cli/text-width.ts';
import type { RunEvent } from '../../src/engine/events.ts';
import type { Problem } from '../../src/model/problem.ts';
import type { WorkerView } from '../../src/model/worker-view.ts';

const PROBLEM: Problem = { code: 'X', message: 'connection lost', fault: 'source', verdict: 'reconnect' };
const planned = (table: string, estimatedRows: number | null, doneRows = 0): RunEvent => ({
  kind: 'table-planned',
  table,
  resumed: doneRows > 0,
  estimatedRows,
  doneRows,
});
const done = (table: string, ordinal: number, rows: number, bytes: number): RunEvent => ({
  kind: 'chunk-done',
  files: [],
  table,
  ordinal,
  rows,
  bytes,
});
const worker = (number: number, table: string | null, rows = 0): WorkerView => ({
  worker: number,
  table,
  ordinal: table === null ? null : 7,
  state: table === null ? 'idle' : 'reading',
  rows,
  bytes: 0,
});

function after(events: readonly RunEvent[], from: Progress = NO_PROGRESS, now = 0): Progress {
  return events.reduce((progress, event) => afterEvent(progress, event, now), from);
}

describe('the model', () => {
  test('rows of earlier runs count for the whole, not for the speed', () => {
    const started = after([planned('t', 1000, 400)]);
    const look = afterLook(
      after([done('t', 1, 100, 5000)], started),
      [worker(1, 't', 100), worker(2, 'other', 999)],
      2000,
    );
    const [table] = look.tables;
    if (table === undefined) throw new Error('no table');
    expect(rowsSoFar(table)).toBe(600);
    expect(fractionOf(table)).toBe(0.6);
    expect(speedOf(table)).toEqual({ rowsPerSecond: 100, bytesPerSecond: 5000 });
    expect(secondsLeft(table)).toBe(4);
  });

  test('an estimate that was too low never says that it is done', () => {
    const [table] = after([planned('t', 10), done('t', 1, 500, 1)]).tables;
    if (table === undefined) throw new Error('no table');
    expect(fractionOf(table)).toBe(0.99);
    expect(fractionOf({ ...table, state: 'done' })).toBe(1);
    expect(fractionOf({ ...table, estimatedRows: null })).toBe(null);
  });

  test('the speed is that of the last ten seconds', () => {
    let progress = after([planned('t', null)]);
    for (let second = 1; second <= 60; second += 1) {
      const rows = second <= 30 ? 0 : (second - 30) * 1000;
      progress = afterLook(progress, [worker(1, 't', rows)], second * 1000);
    }
    const [table] = progress.tables;
    if (table === undefined) throw new Error('no table');
    expect(speedOf(table).rowsPerSecond).toBe(1000);
    expect(table.samples.length).toBeLessThan(15);
  });

  test('a retry is shown until its time has come or its chunk is done', () => {
    const retry: RunEvent = { kind: 'chunk-retry', table: 't', ordinal: 3, problem: PROBLEM, delayMs: 4000 };
    const waiting = after([planned('t', 10), retry]);
    expect(barLines(waiting, [], { width: 80, height: 24 }, 500)).toContain('  t #3  retrying in 4 s: connection lost');
    expect(afterLook(waiting, [], 4000).retries).toEqual([]);
    expect(after([done('t', 3, 1, 1)], waiting).retries).toEqual([]);
  });
});

describe('the lines', () => {
  test('a bar a table, a line a worker', () => {
    const progress = afterLook(
      after([planned('public.users', 1000), done('public.users', 1, 500, 50_000)]),
      [worker(1, null)],
      1000,
    );
    expect(
      barLines(progress, [worker(1, 'public.users', 250), worker(2, null)], { width: 120, height: 24 }, 0),
    ).toEqual([
      'public.users [##########..........] 50% 500 rows, 50.0 kB/s, 1.0 s left',
      '  worker 1  public.users #7  250 rows  reading',
      '  worker 2  idle',
    ]);
    expect(logLines(progress)).toEqual([
      'public.users: 500 rows (50% of about 1,000), 500 rows/s, 50.0 kB/s, about 1.0 s left',
    ]);
    const slow = afterLook(after([planned('public.users', null), done('public.users', 1, 1, 10)]), [], 20_000);
    expect(logLines(slow)).toEqual(['public.users: 1 row']);
  });

  test.each([20, 40, 80])('none is wider than %i columns, and they fit the screen', (width) => {
    const tables = Array.from({ length: 40 }, (_, index) => planned(`用户表_${index}_with_a_long_name\u001b[2J`, 10));
    const lines = barLines(after(tables), [worker(1, '用户表_1'), worker(2, null)], { width, height: 12 }, 0);
    expect(lines).toHaveLength(11);
    expect(Math.max(...lines.map(textWidth))).toBeLessThan(width);
    expect(lines.join('')).not.toContain('\u001b');
    expect(lines.join('\n')).toContain('more');
  });

  test('tables that are done make room for those that are read', () => {
    const progress = after([
      planned('a', 10),
      { kind: 'table-done', table: 'a', rows: 10, files: 1, bytes: 10 },
      planned('b', 10),
    ]);
    const [first, second] = barLines(progress, [], { width: 80, height: 24 }, 0);
    expect(first).toMatch(/^b \[/);
    expect(second).toMatch(/^a \[#{20}\] done/);
    expect(logLines(progress)).toHaveLength(1);
  });
});

describe('the display', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function recorder(isTTY: boolean): {
    readonly stream: { isTTY: boolean; columns: number; rows: number; write(text: string): void };
    readonly text: () => string;
  } {
    let text = '';
    return { stream: { isTTY, columns: 80, rows: 24, write: (more) => void (text += more) }, text: () => text };
  }

  test('without a terminal: a line every five seconds, no escape sequences', () => {
    const { stream, text } = recorder(false);
    {
      using display = showProgress({ quiet: false, stream });
      display.attach(() => [worker(1, 't', 5)]);
      display.event(planned('t', 10));
      vi.advanceTimersByTime(4900);
      expect(text()).toBe('');
      vi.advanceTimersByTime(5200);
    }
    vi.advanceTimersByTime(20_000);
    expect(
      text()
        .split('\n')
        .filter((line) => line.startsWith('t: 5 rows (50% of about 10)')),
    ).toHaveLength(2);
    expect(text()).not.toContain('\u001b');
  });

  test('on a terminal: redrawn in place, at most five times a second, and gone at the end', () => {
    const { stream, text } = recorder(true);
    const display = showProgress({ quiet: false, stream });
    display.attach(() => [worker(1, 't', 5)]);
    display.event(planned('t', 10));
    vi.advanceTimersByTime(1000);
    // two lines are drawn, so two are cleared: four times, as the first drawing had nothing to clear
    expect(text().split('\u001b[2A\r\u001b[0J')).toHaveLength(5);
    display[Symbol.dispose]();
    expect(text().endsWith('\u001b[2A\r\u001b[0J')).toBe(true);
    display[Symbol.dispose]();
    expect(text().split('\u001b[2A')).toHaveLength(6);
  });

  test('what happens once stays above the bars', () => {
    const { stream, text } = recorder(true);
    using display = showProgress({ quiet: false, stream });
    display.event(planned('t', 10));
    vi.advanceTimersByTime(200);
    display.event({ kind: 'remark', table: 't', text: 'batches\u001b were shrunk' });
    expect(text()).toContain('\u001b[1A\r\u001b[0Jt: batches\\x1b were shrunk\nt [');
  });

  test('a terminal that does not know its size is taken for 80 × 24', () => {
    const { stream, text } = recorder(true);
    using display = showProgress({ quiet: false, stream: { ...stream, columns: 0, rows: 0 } });
    display.attach(() => [worker(1, 't', 5)]);
    display.event(planned('t', 10));
    vi.advanceTimersByTime(200);
    expect(text()).toContain('] 50% 5 rows');
    expect(text()).toContain('\n  worker 1  t #7  5 rows  reading\n');
  });

  test('quiet: nothing but what a signal says', () => {
    const { stream, text } = recorder(true);
    using display = showProgress({ quiet: true, stream });
    display.event(planned('t', 10));
    vi.advanceTimersByTime(10_000);
    expect(text()).toBe('');
    display.note('stopping');
    expect(text()).toBe('stopping\n');
  });
});
