import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventRow, GivenDeletes, GivenWindow } from './given-windows.ts';
import { cellsOf, deletesOf, EVENT_COLUMNS, EVENTS, writeDeletes, writeWindow } from './given-windows.ts';
import type { LoadFixture, LoadTarget } from './load-fixture.ts';
import { comparable } from './load-fixture.ts';
import type { Extracts, LoadStep, Outcome, Way } from './load-runs.ts';
import { loadAll, newFolder } from './load-runs.ts';

const FIRST: readonly EventRow[] = [
  [1, 1, 'one'],
  [2, 2, 'two'],
  [3, 2, 'three'],
];
const BACK: EventRow = [2, 4, 'two, back'];
const MARK = { name: 'deleted_at', kind: 'timestamp' } as const;
const SOFT = ['--deleted-column', MARK.name];

/**
 * What a target does with the keys of rows that are gone, by `load` and by its scripts: they go, or are marked, once, and only after the
 * window that they belong to; never too many of them. Of scripts whose client takes long less is run.
 */
export function deleteSuite(fixture: LoadFixture, slowScripts: boolean): void {
  const ways: readonly Way[] = fixture.scriptFormats.includes('csv') ? ['load', 'scripts'] : ['load'];

  describe.each(ways)(`keys of rows that are gone into ${fixture.target}, by %s`, (way) => {
    let extracts: Extracts;
    beforeAll(() => {
      extracts = newFolder();
    });
    afterAll(() => extracts?.remove());
    // A process of the client for each script takes seconds there; DuckDB's and SQLite's scripts, and `load`, show the same.
    const isSlow = slowScripts && way === 'scripts';
    let count = 0;
    const newOut = (): string => {
      count += 1;
      return `out-${count}`;
    };
    const write = (out: string, given: GivenWindow, previous: number | null): void =>
      writeWindow(join(extracts.folder, out), given, previous);
    const gone = (out: string, given: Partial<GivenDeletes> & Pick<GivenDeletes, 'day' | 'gone'>): void =>
      writeDeletes(join(extracts.folder, out), { key: 'id', known: 3, ...given });
    /** After the delete set of a day, not after its window. */
    const after = (day: number) => ({ previous: deletesOf(day) });
    const load = async (target: LoadTarget, out: string, step: Partial<LoadStep> = {}): Promise<Outcome> =>
      loadAll({ fixture, target, folder: extracts.folder, way, out, mode: null, tables: [EVENTS], ...step });
    const expectRows = async (target: LoadTarget, rows: readonly EventRow[]): Promise<void> => {
      const found = comparable(await target.rows('events', EVENT_COLUMNS), EVENT_COLUMNS);
      expect(found).toEqual(comparable(cellsOf(rows), EVENT_COLUMNS));
    };
    const expectLoaded = async (
      target: LoadTarget,
      out: string,
      rows: readonly EventRow[],
      more: readonly string[] = [],
    ): Promise<string> => {
      const done = await load(target, out, { more });
      expect(done, done.output).toMatchObject({ code: 0 });
      await expectRows(target, rows);
      return done.output;
    };
    const expectRefused = async (target: LoadTarget, out: string, words: RegExp, more: readonly string[] = []) => {
      const refused = await load(target, out, { more });
      expect(refused.code, refused.output).not.toBe(0);
      expect(refused.output).toMatch(words);
    };
    /** Ids (with their text) of rows that are marked. */
    const marked = async (target: LoadTarget): Promise<readonly string[]> => {
      const rows = await target.rows('events', [...EVENT_COLUMNS, MARK]);
      return rows.flatMap(([id, , v, at]) => (at === null ? [] : [`${id} ${v}`])).toSorted();
    };

    it('deletes, once; a row that comes back is there again', async () => {
      await using target = await fixture.create();
      const out = newOut();
      write(out, { day: 3, rows: FIRST }, null);
      gone(out, { day: 3, gone: ['2', '77'] });
      const said = await expectLoaded(
        target,
        out,
        FIRST.filter(([id]) => id !== 2),
      );
      if (way === 'load') expect(said).toMatch(/✓ Deleted 1 record \(.*events/);
      write(out, { day: 5, rows: [BACK], window: after(3) }, 3);
      const rows = [...FIRST.filter(([id]) => id !== 2), BACK];
      await expectLoaded(target, out, rows);
      await expectLoaded(target, out, rows);
    });

    it('marks, once; a row that comes back is not marked any more', async () => {
      await using target = await fixture.create();
      const out = newOut();
      write(out, { day: 3, rows: FIRST }, null);
      gone(out, { day: 3, gone: ['2', '3', '77'] });
      const said = await expectLoaded(target, out, FIRST, SOFT);
      if (way === 'load') expect(said).toMatch(/✓ Marked 2 records as deleted/);
      expect(await marked(target)).toEqual(['2 two', '3 three']);
      const marks = await target.rows('events', [MARK]);
      write(out, { day: 5, rows: [], window: after(3) }, 3);
      gone(out, { day: 5, gone: ['2'] });
      await expectLoaded(target, out, FIRST, SOFT);
      expect(await target.rows('events', [MARK])).toEqual(marks);
      write(out, { day: 7, rows: [BACK], window: after(5) }, 5);
      await expectLoaded(target, out, [...FIRST.filter(([id]) => id !== 2), BACK], SOFT);
      expect(await marked(target)).toEqual(['3 three']);
    });

    it.skipIf(isSlow).each([[[]], [SOFT]])('takes all versions of a row, with %j', async (more) => {
      await using target = await fixture.create();
      const out = newOut();
      const window = { strategy: 'append' as const };
      write(out, { day: 3, rows: FIRST, window }, null);
      write(out, { day: 5, rows: [BACK], window }, 3);
      gone(out, { day: 5, gone: ['2'] });
      write(out, { day: 7, rows: [[2, 6, 'new']], window: { ...window, ...after(5) } }, 5);
      const kept: readonly EventRow[] = [...FIRST.filter(([id]) => id !== 2), [2, 6, 'new']];
      await expectLoaded(target, out, more.length === 0 ? kept : [...FIRST, BACK, [2, 6, 'new']], more);
      if (more.length > 0) expect(await marked(target)).toEqual(['2 two', '2 two, back']);
    });

    it.skipIf(isSlow)('a key that is NULL is one', async () => {
      await using target = await fixture.create();
      const out = newOut();
      const window = { strategy: 'append' as const, uniqueKey: ['v'] };
      write(out, { day: 3, rows: [...FIRST, [4, 2, null]], window }, null);
      gone(out, { day: 3, gone: [null, 'TWO', 'three '], key: 'v', known: 4 });
      await expectLoaded(target, out, FIRST);
    });

    it('not too many at once: nothing is changed, until it is said that it is right', async () => {
      await using target = await fixture.create();
      const out = newOut();
      const rows = Array.from({ length: 30 }, (_, index): EventRow => [index, 1, `row ${index}`]);
      const ids = rows.map(([id]) => String(id));
      write(out, { day: 3, rows }, null);
      gone(out, { day: 3, gone: ids.slice(0, 10), known: 30 });
      await expectLoaded(target, out, rows.slice(10));
      write(out, { day: 5, rows: [], window: after(3) }, 3);
      gone(out, { day: 5, gone: ids.slice(10, 21), known: 20 });
      const words =
        /would delete 11 records, .*fraction 0.1 of the table.* the 20 that the source had .*--max-delete-fraction\); nothing was changed/;
      for (const more of [[], SOFT]) await expectRefused(target, out, words, more);
      await expectRows(target, rows.slice(10));
      await expectLoaded(target, out, rows.slice(21), ['--max-delete-fraction', '0.55']);
      // few of those that are known, but most of those that the target has
      write(out, { day: 7, rows: rows.slice(0, 4), window: after(5) }, 5);
      gone(out, { day: 7, gone: ids.slice(-11), known: 1000 });
      const least = way === 'load' ? "the table's 13 rows" : 'fewer than 110 rows';
      await expectRefused(target, out, new RegExp(`would delete 11 records, .*${least}.* the 1000 that`));
    });

    it.skipIf(isSlow)('out of order, and into a column that the files have: refused', async () => {
      await using target = await fixture.create();
      const out = newOut();
      write(out, { day: 3, rows: FIRST }, null);
      await expectLoaded(target, out, FIRST);
      const other = newOut();
      gone(other, { day: 5, gone: ['1'] });
      await expectRefused(target, other, /goes on from run/);
      gone(out, { day: 3, gone: ['1'] });
      await expectRefused(target, out, /--deleted-column id: the files .* have a column of that name/, [
        '--deleted-column',
        'id',
      ]);
      await expectRows(target, FIRST);
    });

    // Fault points are of the program; scripts are killed in load.suite.ts.
    it.skipIf(way === 'scripts').each(['before-load-publish', 'after-load-publish'])(
      'killed at %s and run again: exact',
      async (fault) => {
        await using target = await fixture.create();
        const out = newOut();
        write(out, { day: 3, rows: FIRST }, null);
        await expectLoaded(target, out, FIRST);
        gone(out, { day: 3, gone: ['2'] });
        const more = fault.startsWith('after') ? SOFT : [];
        const killed = await load(target, out, { fault, more });
        expect(killed.code, killed.output).not.toBe(0);
        await expectLoaded(target, out, more.length > 0 ? FIRST : FIRST.filter(([id]) => id !== 2), more);
        if (more.length > 0) expect(await marked(target)).toEqual(['2 two']);
        const staging = (await target.tables()).filter((name) => /_sqlextract_.*_(?:stage|files|rows)/.test(name));
        expect(staging).toEqual([]);
      },
    );

    // to SQLite a time is a text
    it.skipIf(fixture.target === 'sqlite')('into a column of another type: refused', async () => {
      await using target = await fixture.create();
      const plain = newOut();
      write(plain, { day: 2, rows: FIRST, plain: true }, null);
      await expectLoaded(target, plain, FIRST);
      const out = newOut();
      write(out, { day: 3, rows: FIRST, without: 'v' }, null);
      gone(out, { day: 3, gone: ['1'] });
      await expectRefused(target, out, way === 'load' ? /its column v is/ : /its column v |: v\b/, [
        '--deleted-column',
        'v',
      ]);
      await expectRows(
        target,
        FIRST.map(([id, at]) => [id, at, null]),
      );
    });
  });
}
