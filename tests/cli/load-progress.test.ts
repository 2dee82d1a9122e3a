import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { showLoadProgress } from '../../src/cli/load-progress.ts';
import { exampleManifest } from '../checkpoint/manifest-example.ts';
import { planned } from '../ingest/load-example.ts';

const users = planned();
const orders = planned({ ...exampleManifest(), table: { ...exampleManifest().table, name: 'orders' } });
const BYTES = users.files.reduce((sum, { bytes }) => sum + bytes, 0);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function shown(isTTY: boolean, quiet = false) {
  const written: string[] = [];
  const stream = { isTTY, columns: 80, write: (text: string) => written.push(text) };
  const progress = showLoadProgress({ quiet, tables: [users, orders], stream });
  return { progress, written };
}

describe('on a terminal', () => {
  test('a bar of the table in hand, redrawn in place and taken away at its end', () => {
    const { progress, written } = shown(true);
    progress.bytes('main.users', BYTES / 2);
    vi.advanceTimersByTime(200);
    expect(written.at(-1)).toContain('main.users [##########..........] 50% of 17.2 GB');
    vi.advanceTimersByTime(200);
    expect(written.at(-1)?.startsWith('\r\u001b[0J')).toBe(true);
    progress.done('main.users');
    vi.advanceTimersByTime(200);
    expect(written.at(-1)).toContain('main.orders [....................] 17.2 GB, for ');
    progress[Symbol.dispose]();
    expect(written.at(-1)).toBe('\r\u001b[0J');
    const count = written.length;
    vi.advanceTimersByTime(1000);
    expect(written.length).toBe(count);
  });

  test('no line is wider than the screen, and a remark stays above', () => {
    const { progress, written } = shown(true);
    vi.advanceTimersByTime(200);
    progress.note('a remark \u001b[31m');
    expect(written.at(-1)).toContain('a remark \\x1b[31m\n');
    for (const text of written.flatMap((one) => one.split('\n'))) expect(text.length).toBeLessThan(90);
    progress[Symbol.dispose]();
  });
});

describe('in a log', () => {
  test('a line every five seconds', () => {
    const { progress, written } = shown(false);
    progress.bytes('main.users', BYTES);
    vi.advanceTimersByTime(4999);
    expect(written).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(written).toEqual([expect.stringMatching(/^loading main\.users: 100% of 17\.2 GB, .*publishing\n$/)]);
    progress[Symbol.dispose]();
  });

  test('nothing with --quiet but remarks', () => {
    const { progress, written } = shown(false, true);
    progress.bytes('main.users', 1);
    vi.advanceTimersByTime(60_000);
    progress.note('a remark');
    expect(written).toEqual(['a remark\n']);
  });
});
