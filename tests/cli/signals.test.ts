import { afterEach, expect, test } from 'vitest';
import { armExitCode, decideExitCode } from '../../src/cli/exit-codes.ts';
import { withSignals } from '../../src/cli/signals.ts';

afterEach(() => {
  process.exitCode = 0;
});

interface Seen {
  readonly stops: string[];
  readonly lines: string[];
  readonly exits: number[];
}

/** Sends the signals to this process, each at its time of a clock of its own. */
async function run(signals: readonly (readonly ['SIGINT' | 'SIGTERM', number])[]): Promise<Seen> {
  const seen: Seen = { stops: [], lines: [], exits: [] };
  let clock = 0;
  const options = {
    stop: (signal: string) => void seen.stops.push(signal),
    say: (line: string) => void seen.lines.push(line),
    exit: (code: number) => void seen.exits.push(code),
    now: () => clock,
  };
  await withSignals(options, async () => {
    for (const [signal, at] of signals) {
      clock = at;
      process.emit(signal, signal);
    }
    return Promise.resolve();
  });
  return seen;
}

test('the first signal asks to stop and says so once; the code is 130', async () => {
  armExitCode();
  const seen = await run([['SIGINT', 0]]);
  expect(seen).toMatchObject({ stops: ['SIGINT'], exits: [] });
  expect(seen.lines).toHaveLength(1);
  expect(process.exitCode).toBe(130);
  decideExitCode(0);
  expect(process.exitCode).toBe(130);
});

test('the second leaves at once, an echo of the first does not', async () => {
  armExitCode();
  expect(
    (
      await run([
        ['SIGTERM', 0],
        ['SIGTERM', 100],
      ])
    ).exits,
  ).toEqual([]);
  expect(process.exitCode).toBe(143);
  expect(
    (
      await run([
        ['SIGINT', 0],
        ['SIGINT', 1000],
      ])
    ).exits,
  ).toEqual([130]);
  expect(
    (
      await run([
        ['SIGINT', 0],
        ['SIGTERM', 1000],
      ])
    ).exits,
  ).toEqual([143]);
});

test('without a signal nothing is decided, and nobody listens afterwards', async () => {
  const before = process.listenerCount('SIGINT');
  armExitCode();
  expect(await run([])).toEqual({ stops: [], lines: [], exits: [] });
  expect(process.exitCode).toBe(1);
  expect(process.listenerCount('SIGINT')).toBe(before);
});

test('the code stays the signal’s when the work throws', async () => {
  armExitCode();
  const work = async (): Promise<void> => {
    process.emit('SIGTERM', 'SIGTERM');
    return Promise.reject(new Error('stopped'));
  };
  await expect(withSignals({ stop: () => undefined, say: () => undefined }, work)).rejects.toThrow('stopped');
  decideExitCode(5);
  expect(process.exitCode).toBe(143);
});
