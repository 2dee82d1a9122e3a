import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FaultPoint } from '../../src/model/fault-point.ts';
import { freshMariadb } from '../support/mariadb-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import type { CrashCase } from './crash-run.ts';
import { extract, finishAndCompare, plantForeignFiles } from './crash-run.ts';
import type { CrashSource } from './crash-tables.ts';
import { mariadbSource, postgresSource, sqliteSource } from './crash-tables.ts';

export interface CrashPlan {
  readonly points: readonly FaultPoint[];
  /** Which passages of each are died at: 1 is the first. */
  readonly passages: readonly number[];
  readonly randomRuns: number;
  /** For a repeatable choice of times. */
  readonly seed: number;
}

/** Points at the end of a run, which are passed once: a later passage never comes. */
const ONCE: ReadonlySet<FaultPoint> = new Set([
  'before-manifest',
  'after-manifest',
  'before-run-close',
  'after-run-close',
]);

/** Kills the real program at every named fault point and at random times, and compares what the rerun leaves with the table. */
export function crashSuite(
  source: 'sqlite' | 'postgres' | 'mariadb',
  format: 'parquet' | 'csv',
  plan: CrashPlan,
): void {
  describe(`kill -9, ${source} to ${format}`, () => {
    const root = mkdtempSync(join(tmpdir(), 'sqlextract-crash-'));
    let database: AsyncDisposable | null = null;
    let crashSource: CrashSource;
    beforeAll(async () => {
      [crashSource, database] = await open(source, format, root);
    });
    afterAll(async () => {
      await database?.[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    });
    const newCase = (): CrashCase => ({ source: crashSource, format, folder: mkdtempSync(join(root, 'case-')) });

    for (const point of plan.points) {
      for (const passage of ONCE.has(point) ? [1] : plan.passages) {
        it(`at ${point}, passage ${passage}`, async () => {
          const crash = newCase();
          const killed = await extract(crash, { fault: `${point}:${passage}` });
          expect(killed.signal, `${point} was never passed: ${killed.stderr}`).toBe('SIGKILL');
          await finishAndCompare(crash, plantForeignFiles(crash));
        });
      }
    }

    const random = randomNumbers(plan.seed);
    for (let round = 1; round <= plan.randomRuns; round += 1) {
      const kills = 1 + (round % 3);
      it(`${kills} times at random, round ${round}`, async () => {
        const crash = newCase();
        for (let kill = 0; kill < kills; kill += 1) await extract(crash, { killAfterMs: 150 + random() * 900 });
        await finishAndCompare(crash, plantForeignFiles(crash));
      });
    }
  });
}

async function open(
  source: 'sqlite' | 'postgres' | 'mariadb',
  label: string,
  folder: string,
): Promise<[CrashSource, AsyncDisposable | null]> {
  switch (source) {
    case 'sqlite':
      return [sqliteSource(folder), null];
    case 'postgres': {
      const database = await freshDatabase(`crash_${label}`);
      return [await postgresSource(database.client, database.url), database];
    }
    case 'mariadb': {
      const database = await freshMariadb(`crash_${label}`);
      return [await mariadbSource(database), database];
    }
    default:
      return source satisfies never;
  }
}

/** Numbers in [0, 1) by a linear congruential generator (Numerical Recipes), so that a failing round can be run again. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
