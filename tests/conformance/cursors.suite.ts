import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { SqlextractError } from '../../src/model/problem.ts';
import type { SourceSession } from '../../src/sources/source.ts';
import type { CursorFixture, CursorType } from './cursor-fixture.ts';
import { CursorJob, cursorsOf } from './cursor-job.ts';
import { casesExcept, type Exceptions } from './expected-failures.ts';

/** The `n`th smallest step of a moment after eight o'clock. */
export function step(n: number): string {
  return `2024-01-31 08:00:00.${String(n).padStart(6, '0')}`;
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error instanceof SqlextractError ? error.problem.code : String(error)),
  );
}

export function upTo(last: number, first = 1): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** The contract of `SourceCursors` as tests, the same for every database. Numbers are those of the checklist of traps. `exceptions`: see expected-failures.ts. */
export function cursorsSuite(
  name: string,
  makeFixture: () => Promise<CursorFixture>,
  exceptions: Exceptions = {},
): void {
  describe(`cursors: ${name}`, () => {
    const { it, checkNames } = casesExcept(exceptions);
    let fixture: CursorFixture;
    let session: SourceSession;
    let tables = 0;

    beforeAll(async () => {
      fixture = await makeFixture();
      session = await fixture.driver.open(fixture.config, 'coordinator');
    });

    afterAll(async () => {
      await session?.[Symbol.asyncDispose]();
      await fixture?.[Symbol.asyncDispose]();
    });

    /** A job over a new table, and how to insert rows: id, the cursor as SQL, the note. */
    async function jobOver(type: CursorType, options: { column?: string; notNull?: boolean } = {}) {
      const table = `cursor_${(tables += 1)}`;
      const cursor = { name: options.column ?? 'stamp', type, notNull: options.notNull ?? false };
      const created = await fixture.createTable({ name: table, cursor });
      const columns = ['id', cursor.name, 'note'].map(fixture.quote).join(', ');
      const insert = (rows: readonly (readonly [number, string, string?])[]) =>
        `INSERT INTO ${fixture.quote(table)} (${columns}) VALUES ${rows.map(([id, value, note = '']) => `(${id}, ${value}, '${note}')`).join(', ')}`;
      const job = await CursorJob.over(session, created, cursor.name);
      return {
        job,
        table: fixture.quote(table),
        insert,
        add: (rows: Parameters<typeof insert>[0]) => fixture.execute(insert(rows)),
      };
    }

    it('49: a transaction that stamps before the end of a window and commits after it is delivered by a later one', async () => {
      const { job, insert, add } = await jobOver('moment');
      await add([[1, fixture.now]]);
      const writer = await fixture.begin();
      await writer.execute(insert([[2, fixture.now]]));
      if (fixture.manyWriters) await add([[3, fixture.now]]);
      const first = await job.next();
      expect(first.ids.filter((id) => id !== 1)).toEqual([]);
      await writer.commit();
      if (!fixture.manyWriters) await add([[3, fixture.now]]);
      const second = await job.next();
      expect([...first.ids, ...second.ids]).toEqual([1, 2, 3]);
      expect((await job.next()).ids).toEqual([]);
    });

    it('49: of whole numbers the bound waits for those who may have drawn a smaller one, or names them', async () => {
      const { job, insert, add } = await jobOver('integer');
      const writer = await fixture.begin();
      await writer.execute(insert([[1, '5']]));
      if (!fixture.manyWriters) {
        expect((await job.next()).ids).toEqual([]);
        await writer.commit();
        expect((await job.next()).ids).toEqual([1]);
        return;
      }
      await add([[2, '6']]);
      expect(await codeOf(job.next({ waitMs: 0 }))).toBe('CURSOR_BUSY');
      const stopping = new AbortController();
      const reason = new Error('stopped by a person');
      setTimeout(() => stopping.abort(reason), 150);
      await expect(job.next({ waitMs: 60_000, signal: stopping.signal })).rejects.toBe(reason);
      const waiting = job.next({ waitMs: 20_000 });
      await writer.commit();
      expect((await waiting).ids).toEqual([1, 2]);
      expect((await job.next()).ids).toEqual([]);
    });

    it('50: of 1000 rows with one stamp, half of them there before a window ended, each is delivered exactly once', async () => {
      const { job, add } = await jobOver('moment');
      const at = `'${step(7)}'`;
      await add(upTo(500).map((id) => [id * 2, at]));
      const first = await job.next();
      await add(upTo(500).map((id) => [id * 2 - 1, at]));
      const second = await job.next();
      expect(first.ids).toEqual(upTo(500).map((id) => id * 2));
      expect(second.ids).toEqual(upTo(500).map((id) => id * 2 - 1));
      await add([
        [2000, `'${step(8)}'`],
        [2001, at],
      ]);
      expect((await job.next()).ids).toEqual([2000, 2001]);
      expect((await job.next()).ids).toEqual([]);
    });

    it('50: ties are told apart by keys of several columns, of any text; too many are not listed', async () => {
      const { job, add, table } = await jobOver('moment');
      job.key = ['note', 'id'];
      await add([
        [1, `'${step(1)}'`, "it''s"],
        [2, `'${step(1)}'`, '--'],
        [3, `'${step(1)}'`, 'é);'],
      ]);
      expect((await job.next()).ids).toEqual([1, 2, 3]);
      expect((await job.next()).ids).toEqual([]);
      await fixture.execute(`UPDATE ${table} SET note = 'other' WHERE id = 2`);
      expect((await job.next()).ids).toEqual([2]);
      job.most = 2;
      expect((await job.next()).ids).toEqual([]);
      await add([[4, `'${step(1)}'`]]);
      expect((await job.next()).ids).toEqual([4]);
      expect(job.from?.ties).toEqual({ kind: 'all' });
      expect((await job.next()).ids).toEqual([1, 2, 3, 4]);
    });

    it('51: with the smallest steps and runs without changes zero rows are delivered, and nothing moves', async () => {
      const { job, add } = await jobOver('moment');
      await add(upTo(20).map((n) => [n, `'${step(n)}'`]));
      expect((await job.next()).ids).toEqual(upTo(20));
      const before = job.from;
      for (let run = 0; run < 10; run += 1) expect((await job.next()).ids).toEqual([]);
      expect(job.from).toEqual(before);
      await add([[21, `'${step(21)}'`]]);
      expect((await job.next()).ids).toEqual([21]);
    });

    it('a table without rows gives empty windows, whatever the type', async () => {
      for (const type of ['moment', 'day', 'integer', 'text'] as const) {
        const { job, add } = await jobOver(type);
        const { ids, window } = await job.next();
        expect([type, ids, job.from]).toEqual([type, [], null]);
        await add([[1, type === 'integer' ? '-7' : type === 'text' ? "'a'" : "'2024-01-31'"]]);
        if (type === 'integer' || type === 'text') expect([type, await job.read(window)]).toEqual([type, []]);
        expect([type, (await job.next()).ids]).toEqual([type, [1]]);
      }
    });

    it('bounds are open or closed, on either side', async () => {
      const { job, add } = await jobOver('integer');
      await add(upTo(5).map((n) => [n, String(n * 10)]));
      const between = async (from: 'all' | 'none', inclusive: boolean) => {
        job.from = { value: '20', ties: { kind: from } };
        return job.read(job.windowTo({ value: '40', inclusive }));
      };
      expect(await between('all', true)).toEqual([2, 3, 4]);
      expect(await between('none', false)).toEqual([3]);
      job.from = null;
      expect(await job.read(job.windowTo({ value: '20', inclusive: false }))).toEqual([1]);
      expect(await job.read(job.windowTo(null))).toEqual(upTo(5));
    });

    it('rows without a value are read when the window says so, and only then', async () => {
      const { job, add } = await jobOver('moment');
      await add([
        [1, `'${step(1)}'`],
        [2, 'NULL'],
      ]);
      const has = () => cursorsOf(session).hasNulls(job.table, job.column, job.where);
      expect(job.column.nullable).toBe(true);
      expect(await has()).toBe(true);
      job.where = "note = '' AND id < 2 OR note = 'none'";
      expect(await has()).toBe(false);
      job.where = null;
      expect((await job.next()).ids).toEqual([1]);
      job.nulls = true;
      expect((await job.next()).ids).toEqual([2]);
      job.from = null;
      expect(await job.read(job.windowTo(null))).toEqual([1, 2]);
      job.nulls = false;
      expect(await job.read(job.windowTo(null))).toEqual([1]);
    });

    it('a where text with an OR stays within its parentheses', async () => {
      const { job, add } = await jobOver('moment');
      job.where = "note = 'a' OR note = 'b' -- as typed";
      await add([
        [1, `'${step(1)}'`, 'a'],
        [2, `'${step(2)}'`, 'b'],
        [3, `'${step(3)}'`, 'c'],
      ]);
      expect((await job.next()).ids).toEqual([1, 2]);
      await add([
        [4, `'${step(2)}'`, 'a'],
        [5, `'${step(1)}'`, 'a'],
      ]);
      expect((await job.next()).ids).toEqual([4]);
      expect((await job.next()).ids).toEqual([]);
    });

    it('columns of any name, found like other names', async () => {
      for (const column of ['order', 'or"der`]; -- by', "it's \\ é", 'a b']) {
        const { job, add } = await jobOver('moment', { column });
        await add([[1, `'${step(1)}'`]]);
        expect([column, (await job.next()).ids]).toEqual([column, [1]]);
        expect([column, (await job.next()).ids]).toEqual([column, []]);
      }
      const { job } = await jobOver('moment', { column: 'Changed_At', notNull: true });
      const { describe: find } = cursorsOf(session);
      expect(await find(job.table, 'changed_at')).toMatchObject({ name: 'Changed_At', kind: 'time', nullable: false });
      expect(await codeOf(find(job.table, 'changd_at'))).toBe('COLUMN_NOT_FOUND');
    });

    it('kinds by type; what has no exact order is refused', async () => {
      const kinds = { moment: 'time', day: 'date', integer: 'integer', text: 'text' } as const;
      for (const type of ['moment', 'day', 'integer', 'text'] as const) {
        const { job } = await jobOver(type);
        expect([type, job.column.kind]).toEqual([type, kinds[type]]);
      }
      expect(await codeOf(jobOver('float'))).toBe('CURSOR_COLUMN');
    });

    it('a value that is typed becomes the text of the column, or is refused', async () => {
      const typed = async (type: CursorType, filled: string, value: string) => {
        const { job, add } = await jobOver(type);
        await add([[1, filled]]);
        return cursorsOf(session).literal(job.table, job.column, value);
      };
      expect(await typed('integer', '5', '17')).toBe('17');
      expect(await typed('moment', `'${step(1)}'`, '2024-01-31 09:00:00')).toMatch(/^2024-01-31 09:00:00/);
      expect(await typed('day', "'2024-01-31'", '2024-02-29')).toBe('2024-02-29');
      expect(await typed('text', "'a'", "it's")).toBe("it's");
      for (const value of ['soon', '', '12.5', '1e3', '99999999999999999999999', "1'; --"]) {
        expect([value, await codeOf(typed('integer', '5', value))]).toEqual([value, 'CURSOR_VALUE']);
      }
      for (const value of ['soon', '', '17', '2024-13-45', "2024'"]) {
        expect([value, await codeOf(typed('moment', `'${step(1)}'`, value))]).toEqual([value, 'CURSOR_VALUE']);
        expect([value, await codeOf(typed('day', "'2024-01-31'", value))]).toEqual([value, 'CURSOR_VALUE']);
      }
    });

    it('goes back by a stretch of the cursor, or says why it cannot', async () => {
      const { earlier, literal } = cursorsOf(session);
      const back = async (type: CursorType, value: string, amount: string, unit: 'hour' | 'day' | 'second' | null) => {
        const { job } = await jobOver(type);
        const known = await literal(job.table, job.column, value);
        return earlier(job.table, job.column, known, { amount, unit });
      };
      expect(await back('moment', '2024-03-01 01:00:00.000001', '3', 'hour')).toMatch(/^2024-02-29 22:00:00.000001/);
      expect(await back('moment', '2024-03-01 01:00:00.000001', '7', 'day')).toMatch(/^2024-02-23 01:00:00.000001/);
      expect(await back('day', '2024-03-01', '7', 'day')).toBe('2024-02-23');
      expect(await back('integer', '1000', '1500', null)).toBe('-500');
      expect(await codeOf(back('integer', '1000', '3', 'hour'))).toBe('CURSOR_LOOKBACK');
      expect(await codeOf(back('moment', step(1), '500', null))).toBe('CURSOR_LOOKBACK');
      expect(await codeOf(back('day', '2024-03-01', '3', 'hour'))).toBe('CURSOR_LOOKBACK');
      expect(await codeOf(back('text', 'a', '3', 'day'))).toBe('CURSOR_LOOKBACK');
      expect(await codeOf(back('moment', step(1), '99999999999', 'day'))).toBe('CURSOR_LOOKBACK');
    });

    it('a lag keeps the bound behind the clock', async () => {
      const { job, add } = await jobOver('moment');
      await add([
        [1, `'${step(1)}'`],
        [2, fixture.now],
      ]);
      expect((await job.next({ lagMs: 60 * 60_000 })).ids).toEqual([1]);
      expect((await job.next({ lagMs: 0 })).ids).toEqual([2]);
      expect(await codeOf(job.bound({ zone: 'Europe/Nowhere' }))).toBe('CURSOR_ZONE');
    });

    it('a lag keeps the bound behind the oldest transaction as well: a clock that is behind stamps before that began', async () => {
      const { job, insert, add } = await jobOver('moment');
      const lagMs = 1500;
      const ago = (ms: number) => `'${new Date(Date.now() - ms).toISOString().replace('T', ' ').replace('Z', '000')}'`;
      const writer = await fixture.begin();
      await writer.execute(insert([[1, ago(lagMs - 100)]]));
      if (fixture.manyWriters) await add([[2, ago(lagMs - 500)]]);
      await sleep(lagMs + 200);
      const first = await job.next({ lagMs });
      await writer.commit();
      if (!fixture.manyWriters) await add([[2, ago(lagMs)]]);
      await sleep(lagMs);
      const second = await job.next({ lagMs });
      expect(new Set([...first.ids, ...second.ids])).toEqual(new Set([1, 2]));
      expect(first.ids.length + second.ids.length).toBe(2);
    });

    it('days: the day that lasts is left for tomorrow where a clock bounds it, and delivered once', async () => {
      const { job, add } = await jobOver('day');
      await add([
        [1, "'2024-01-30'"],
        [2, "'2024-01-31'"],
      ]);
      expect((await job.next()).ids).toEqual([1, 2]);
      await add([[3, "'2024-01-31'"]]);
      expect((await job.next()).ids).toEqual([3]);
      expect((await job.next()).ids).toEqual([]);
    });

    checkNames();
  });
}
