import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';

export interface Measured {
  readonly seconds: number;
  /** Largest resident memory of the main process, MB; null where the system does not tell. */
  readonly peakMb: number | null;
}

export interface Program {
  readonly label: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Standard output goes there; else it is thrown away. */
  readonly stdout?: string;
  /** Before each run, not timed. */
  prepare?(): void;
}

/** Runs the program once as a whole process. Throws when it fails: a failed run is not a fast one. */
export async function measure(program: Program): Promise<Measured> {
  program.prepare?.();
  const out = program.stdout === undefined ? null : openSync(program.stdout, 'w');
  const startedAt = performance.now();
  const child = spawn('/usr/bin/env', ['time', '-f', '%M', program.command, ...program.args], {
    cwd: program.cwd,
    env: { ...process.env, ...program.env },
    stdio: ['ignore', out ?? 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  const seconds = (performance.now() - startedAt) / 1000;
  if (out !== null) closeSync(out);
  if (code !== 0) throw new Error(`${program.label} ended with ${code}: ${stderr.slice(-2000)}`);
  const kilobytes = Number(stderr.trim().split('\n').at(-1));
  return { seconds, peakMb: Number.isFinite(kilobytes) ? Math.round(kilobytes / 1024) : null };
}

export interface Comparison {
  readonly ours: Program;
  readonly theirs: Program;
}

export interface Compared {
  readonly label: string;
  readonly peer: string;
  /** Medians, seconds. */
  readonly ours: number;
  readonly theirs: number;
  /** Median of the ratios of each pair: the machine's drift is in both of a pair. */
  readonly ratio: number;
  readonly peakMb: number | null;
}

/** A B A B …, after one pair that is not counted. */
export async function compare({ ours, theirs }: Comparison, pairs: number): Promise<Compared> {
  await measure(ours);
  await measure(theirs);
  const runs: { a: Measured; b: Measured }[] = [];
  for (let pair = 0; pair < pairs; pair += 1) runs.push({ a: await measure(ours), b: await measure(theirs) });
  const peaks = runs.flatMap(({ a }) => (a.peakMb === null ? [] : [a.peakMb]));
  return {
    label: ours.label,
    peer: theirs.label,
    ours: median(runs.map(({ a }) => a.seconds)),
    theirs: median(runs.map(({ b }) => b.seconds)),
    ratio: median(runs.map(({ a, b }) => a.seconds / b.seconds)),
    peakMb: peaks.length === 0 ? null : Math.max(...peaks),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
