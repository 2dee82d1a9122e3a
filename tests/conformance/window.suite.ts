import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IncrementalWindow, Strategy } from '../../src/model/cursor.ts';
import type { EventRow, GivenWindow } from './given-windows.ts';
import { cellsOf, EVENT_COLUMNS, EVENTS, runOf, writeWindow } from './given-windows.ts';
import type { LoadFixture, LoadTarget } from './load-fixture.ts';
import { comparable } from './load-fixture.ts';
import type { Extracts, Outcome, Way } from './load-runs.ts';
import { loadAll, newFolder } from './load-runs.ts';

interface StrategyCase {
  readonly name: string;
  readonly strategy: Strategy;
  readonly window?: Partial<IncrementalWindow>;
  /** After the first, the second and the third window of THREE. */
  readonly after: readonly [readonly EventRow[], readonly EventRow[], readonly EventRow[]];
}

const FIRST: readonly EventRow[] = [
  [1, 1, 'one'],
  [2, 2, 'two'],
  [3, 2, 'three'],
];
/** Row 2 was written again. */
const SECOND: readonly EventRow[] = [
  [2, 4, 'two again'],
  [4, 3, 'four'],
];
const THIRD: readonly EventRow[] = [[5, 5, 'five']];

const MERGED: StrategyCase['after'] = [
  FIRST,
  [...FIRST.filter(([id]) => id !== 2), ...SECOND],
  [...FIRST.filter(([id]) => id !== 2), ...SECOND, ...THIRD],
];
const CASES: readonly StrategyCase[] = [
  { name: 'append', strategy: 'append', after: [FIRST, [...FIRST, ...SECOND], [...FIRST, ...SECOND, ...THIRD]] },
  { name: 'merge', strategy: 'merge', after: MERGED },
  { name: 'delete_insert', strategy: 'delete_insert', after: MERGED },
];

/**
 * What a target does with the windows of an incremental job, by `load` and by its scripts: in order, each once, by their strategy,
 * and only onto the window that they go on from. Scripts run all windows each time, so where a client takes long they are run but twice.
 */
export function windowSuite(fixture: LoadFixture, slowScripts: boolean): void {
  const ways: readonly Way[] = fixture.scriptFormats.includes('csv') ? ['load', 'scripts'] : ['load'];

  describe.each(ways)(`windows of an incremental job into ${fixture.target}, by %s`, (way) => {
    let extracts: Extracts;
    beforeAll(() => {
      extracts = newFolder();
    });
    afterAll(() => extracts?.remove());
    // A process of the client for each script takes seconds there; DuckDB's and SQLite's scripts, and `load`, show the same.
    const isSlow = slowScripts && way === 'scripts';
    let count = 0;
    /** A folder of its own; the first window is of day 3, the next ones of 5 and 7. */
    const newOut = (): string => {
      count += 1;
      return `out-${count}`;
    };
    const write = (out: string, given: GivenWindow, previous: number | null): void =>
      writeWindow(join(extracts.folder, out), given, previous);
    const load = async (target: LoadTarget, out: string, more: readonly string[] = []): Promise<Outcome> =>
      loadAll({ fixture, target, folder: extracts.folder, way, out, mode: null, tables: [EVENTS], more });
    const expectLoaded = async (
      target: LoadTarget,
      out: string,
      rows: readonly EventRow[],
      more: readonly string[] = [],
    ): Promise<Outcome> => {
      const done = await load(target, out, more);
      expect(done, done.output).toMatchObject({ code: 0 });
      await expectRows(target, rows);
      return done;
    };
    const expectRows = async (target: LoadTarget, rows: readonly EventRow[]): Promise<void> => {
      const found = comparable(await target.rows('events', EVENT_COLUMNS), EVENT_COLUMNS);
      expect(found).toEqual(comparable(cellsOf(rows), EVENT_COLUMNS));
    };
    const expectRefused = async (target: LoadTarget, out: string, words: RegExp): Promise<void> => {
      const refused = await load(target, out);
      expect(refused.code, refused.output).not.toBe(0);
      expect(refused.output).toMatch(words);
    };

    it.skipIf(isSlow).each(CASES)(
      '$name: first, later, both at once, and again',
      async ({ strategy, window = {}, after }) => {
        await using target = await fixture.create();
        const out = newOut();
        const more = { strategy, ...window };
        write(out, { day: 3, rows: FIRST, window: more }, null);
        await expectLoaded(target, out, after[0]);
        write(out, { day: 5, rows: SECOND, window: more }, 3);
        await expectLoaded(target, out, after[1]);
        await expectLoaded(target, out, after[1]);
        write(out, { day: 7, rows: THIRD, window: more }, 5);
        write(out, { day: 8, rows: [], window: more }, 7);
        const both = await expectLoaded(target, out, after[2]);
        if (way === 'load') expect(both.output.match(/^✓/gm)).toHaveLength(2);
      },
    );

    it('all at once into an empty target, and again', async () => {
      await using target = await fixture.create();
      const out = newOut();
      write(out, { day: 3, rows: FIRST }, null);
      write(out, { day: 5, rows: SECOND }, 3);
      write(out, { day: 7, rows: THIRD }, 5);
      await expectLoaded(target, out, MERGED[2]);
      await expectLoaded(target, out, MERGED[2]);
    });

    it('the first window of another job does not take the place of its rows, unless it is told to', async () => {
      await using target = await fixture.create();
      const out = newOut();
      write(out, { day: 3, rows: FIRST }, null);
      await expectLoaded(target, out, FIRST);
      const others = newOut();
      write(others, { day: 4, rows: THIRD, other: true }, null);
      await expectRefused(
        target,
        others,
        /take the place of what windows of another job .*own keeps both, --mode replace/,
      );
      await expectRows(target, FIRST);
      if (way === 'load') await expectLoaded(target, others, THIRD, ['--mode', 'replace']);
    });

    it('delete_insert by the window: exactly its rows are taken out, those without a value as well', async () => {
      await using target = await fixture.create();
      const out = newOut();
      const window = { strategy: 'delete_insert' as const, uniqueKey: [] };
      write(out, { day: 3, rows: [...FIRST, [7, 3, 'at the bound'], [8, null, 'null']], window }, null);
      if (!isSlow) await expectLoaded(target, out, [...FIRST, [7, 3, 'at the bound'], [8, null, 'null']]);
      const except = {
        from: { value: '2026-03-03 00:00:00.5+00', ties: { kind: 'except' as const, key: ['id'], tuples: [['7']] } },
        to: { value: '2026-03-05 00:00:00.5+00', inclusive: true },
        nulls: true,
      };
      const rows: readonly EventRow[] = [
        [9, 3, 'late at the bound'],
        [10, 5, 'ten'],
        [11, null, 'other null'],
      ];
      write(out, { day: 5, rows, window: { ...window, ...except } }, 3);
      if (!isSlow) await expectLoaded(target, out, [...FIRST, [7, 3, 'at the bound'], ...rows]);
      const again = { value: '2026-03-05 00:00:00.5+00', ties: { kind: 'all' as const } };
      write(out, { day: 7, rows: [[10, 5, 'ten again']], window: { ...window, from: again } }, 5);
      const last: readonly EventRow[] = rows.map((row) => (row[0] === 10 ? [10, 5, 'ten again'] : row));
      await expectLoaded(target, out, [...FIRST, [7, 3, 'at the bound'], ...last]);
      const outside: readonly EventRow[] = [[12, 6, 'six']];
      const none = { value: '2026-03-06 00:00:00.5+00', ties: { kind: 'none' as const } };
      write(out, { day: 9, rows: outside, window: { ...window, from: none } }, 7);
      await expectRefused(target, out, /outside of the window; nothing was changed/);
    });

    it.skipIf(isSlow)('append with rows that come again: each version once', async () => {
      await using target = await fixture.create();
      const out = newOut();
      const window = { strategy: 'append' as const };
      write(out, { day: 3, rows: FIRST, window }, null);
      write(out, { day: 5, rows: SECOND, window: { ...window, repeatedTo: null } }, 3);
      const rows: readonly EventRow[] = [...SECOND, [2, 6, 'a third time']];
      write(out, { day: 7, rows, window: { ...window, repeatedTo: '2026-03-05 00:00:00.5+00' } }, 5);
      await expectLoaded(target, out, [...FIRST, ...rows]);
    });

    it('out of order, and after what somebody else loaded: refused, and nothing is changed', async () => {
      await using target = await fixture.create();
      const out = newOut();
      write(out, { day: 3, rows: FIRST }, null);
      await expectLoaded(target, out, FIRST);
      write(out, { day: 5, rows: SECOND }, 3);
      write(out, { day: 7, rows: THIRD }, 5);
      const between = join(extracts.folder, out, 'public.events', runOf(5), 'manifest.json');
      renameSync(between, `${between}.away`);
      await expectRefused(target, out, new RegExp(`goes on from run ${runOf(5)}`));
      await expectRows(target, FIRST);
      renameSync(`${between}.away`, between);
      const other = newOut();
      write(other, { day: 4, rows: FIRST, plain: true }, null);
      await expectLoaded(target, other, FIRST);
      await expectRefused(target, out, way === 'load' ? /LOAD_GAP|goes on from run/ : /goes on from run/);
      await expectRows(target, FIRST);
      write(out, { day: 9, rows: THIRD }, null);
      await expectLoaded(target, out, THIRD);
    });

    it.skipIf(isSlow)('a window whose load failed holds those after it; then all go in', async () => {
      await using target = await fixture.create();
      const out = newOut();
      write(out, { day: 3, rows: FIRST }, null);
      write(out, { day: 5, rows: SECOND, counted: 3 }, 3);
      write(out, { day: 7, rows: THIRD }, 5);
      await expectRefused(target, out, /not the 3 of the manifest|the manifest says 3|2 rows instead of 3/);
      await expectRows(target, FIRST);
      rmSync(join(extracts.folder, out, 'public.events', runOf(5)), { recursive: true });
      write(out, { day: 5, rows: SECOND }, 3);
      write(out, { day: 7, rows: THIRD }, 5);
      await expectLoaded(target, out, MERGED[2]);
    });

    it('keys of rows that are gone are taken out, and nothing is put in', async () => {
      await using target = await fixture.create();
      const out = newOut();
      write(out, { day: 3, rows: FIRST }, null);
      write(out, { day: 5, rows: SECOND }, 3);
      const gone: readonly EventRow[] = [
        [1, null, null],
        [4, null, null],
        [99, null, null],
      ];
      write(out, { day: 6, rows: gone, gone: true }, 5);
      const left = MERGED[1].filter(([id]) => id !== 1 && id !== 4);
      await expectLoaded(target, out, left);
      if (isSlow) return;
      write(out, { day: 7, rows: THIRD }, 6);
      await expectLoaded(target, out, [...left, ...THIRD]);
      const empty = await fixture.create();
      const alone = newOut();
      write(alone, { day: 6, rows: gone, gone: true }, 5);
      await expectRefused(empty, alone, /goes on from run|no such table|does not exist/i);
      expect(await empty.tables()).not.toContain('events');
      await empty[Symbol.asyncDispose]();
    });

    // Only `load --evolve` alters a table; scripts say what is missing.
    it.skipIf(way !== 'load')('windows with a column more, and with one less', async () => {
      await using target = await fixture.create();
      const out = newOut();
      const plain = (rows: readonly EventRow[]): readonly EventRow[] => rows.map(([id, at]) => [id, at, null]);
      write(out, { day: 3, rows: FIRST, without: 'v' }, null);
      write(out, { day: 5, rows: SECOND }, 3);
      write(out, { day: 7, rows: THIRD, without: 'v' }, 5);
      await expectRefused(target, out, /LOAD_DRIFT/);
      const kept = FIRST.filter(([id]) => id !== 2);
      await expectLoaded(target, out, [...plain(kept), ...SECOND, ...plain(THIRD)], ['--evolve', 'add-columns']);
    });

    it.skipIf(isSlow)('a range that is read again is a window like the others', async () => {
      await using target = await fixture.create();
      const out = newOut();
      write(out, { day: 3, rows: FIRST }, null);
      await expectLoaded(target, out, FIRST);
      const mended: EventRow = [1, 1, 'one, mended'];
      write(out, { day: 4, rows: [mended], window: { backfill: true } }, 3);
      await expectLoaded(target, out, [mended, ...FIRST.slice(1)]);
      write(out, { day: 5, rows: THIRD }, 4);
      await expectLoaded(target, out, [mended, ...FIRST.slice(1), ...THIRD]);
    });
  });
}
