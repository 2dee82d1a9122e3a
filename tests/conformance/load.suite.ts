import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOAD_FAULT_POINTS } from '../../src/model/fault-point.ts';
import type { LoadFixture, LoadTarget, Row } from './load-fixture.ts';
import { comparable } from './load-fixture.ts';
import type { Extracts, LoadStep, Way } from './load-runs.ts';
import { extractTo, loadAll, newFolder } from './load-runs.ts';
import type { LoadSource, SourceTable } from './load-source.ts';
import { createLoadSource } from './load-source.ts';

const MODES = ['replace', 'full-refresh', 'append', 'merge', 'delete-insert'] as const;
type Mode = (typeof MODES)[number];

/** `npm run test:load`: also what the other format, or another mode, shows as well. */
const LONG = process.env['SQLEXTRACT_LOAD_LONG'] === '1';

/** Killed so often at random before it may finish; SQLEXTRACT_LOAD_KILLS=20 for a longer trial. */
const KILLS = Number(process.env['SQLEXTRACT_LOAD_KILLS'] ?? 1);

/**
 * Every mode × format × way (the generated scripts through the target's own client; `load`) on a real engine: first run, the same again,
 * new data, the older run again, killed in the middle and run again. The target's tables equal the source's, cell for cell, and
 * nothing of a load is left beside them. All of it in the first format: formats differ in how a file is read, so a second one is read in two
 * modes and after one kill. `modes`: fewer, where a fixture differs from one that has all.
 */
export function loadSuite(
  fixture: LoadFixture,
  formats: readonly ('csv' | 'parquet')[] = ['csv', 'parquet'],
  modes: readonly Mode[] = MODES,
): void {
  describe.each(formats)(`${fixture.target}, %s`, (format) => {
    let source: LoadSource;
    let extracts: Extracts;
    const first = new Map<string, readonly Row[]>();
    const second = new Map<string, readonly Row[]>();

    beforeAll(async () => {
      extracts = newFolder();
      source = await createLoadSource(fixture);
      await extractTo(source, extracts.folder, 'first', format);
      for (const table of source.tables) first.set(table.name, await source.rows(table));
      await source.change();
      await extractTo(source, extracts.folder, 'second', format);
      for (const table of source.tables) second.set(table.name, await source.rows(table));
    });
    afterAll(async () => {
      extracts?.remove();
      await source?.[Symbol.asyncDispose]();
    });

    const ways: readonly Way[] = fixture.scriptFormats.includes(format) ? ['scripts', 'load'] : ['load'];
    const stepOf = (target: LoadTarget, way: Way, mode: string): LoadStep => {
      // append adds rows, so a second run of a table with a key would have its keys twice
      const tables = source.tables.filter(({ key, name }) =>
        mode === 'append' ? key === '' || name === 'no_rows' : key !== '' || mode === 'replace',
      );
      return { fixture, target, folder: extracts.folder, way, out: 'first', mode, tables };
    };
    const expectRows = async (
      target: LoadTarget,
      tables: readonly SourceTable[],
      rows: (name: string) => readonly Row[],
    ) => {
      for (const { name, columns } of tables) {
        const found = comparable(await target.rows(name, columns), columns);
        expect(found, name).toEqual(comparable(rows(name), columns));
      }
      const left = (await target.tables()).filter((name) => /_sqlextract_(?!loads$)/.test(name));
      expect(left).toEqual([]);
    };
    const of = (rows: ReadonlyMap<string, readonly Row[]>) => (name: string) => rows.get(name) ?? [];

    const all = LONG || format === formats[0];
    describe.each(ways)('by %s', (way) => {
      it.each(modes.filter((mode) => all || mode === 'replace' || mode === 'merge'))(
        '%s: first, again, new data, the older one again',
        async (mode) => {
          await using target = await fixture.create();
          const step = stepOf(target, way, mode);
          const once = await loadAll(step);
          expect(once, once.output).toMatchObject({ code: 0 });
          await expectRows(target, step.tables, of(first));
          const again = await loadAll(step);
          expect(again, again.output).toMatchObject({ code: 0 });
          if (way === 'load' || target.runScripts === undefined) expect(again.output).toMatch(/already/);
          await expectRows(target, step.tables, of(first));
          const later = await loadAll({ ...step, out: 'second' });
          expect(later, later.output).toMatchObject({ code: 0 });
          const both = (name: string) => [...of(first)(name), ...of(second)(name)];
          const after = mode === 'append' ? both : of(second);
          await expectRows(target, step.tables, after);
        },
      );

      it.each(
        (LONG ? (['replace', 'append', 'merge'] as const) : (['merge'] as const)).filter((mode) =>
          modes.includes(mode),
        ),
      )('%s: what is older than the ledger is refused', async (mode) => {
        await using target = await fixture.create();
        const step = {
          ...stepOf(target, way, mode),
          tables: stepOf(target, way, mode).tables.filter(({ name }) => name === 'events' || name === 'two_keys'),
        };
        expect(await loadAll({ ...step, out: 'second' })).toMatchObject({ code: 0 });
        const older = await loadAll(step);
        expect(older.code, older.output).not.toBe(0);
        expect(older.output).toMatch(/a later run than .* is loaded already/);
        await expectRows(target, step.tables, of(second));
      });

      it.runIf(all && modes.includes('merge'))(
        'merge: killed at random and run again, it is as if nothing had been',
        async () => {
          await using target = await fixture.create();
          const step = stepOf(target, way, 'merge');
          for (let kill = 0; kill < KILLS; kill += 1)
            await loadAll({ ...step, killAfterMs: 150 + Math.random() * 900 });
          const last = await loadAll(step);
          expect(last, last.output).toMatchObject({ code: 0 });
          await expectRows(target, step.tables, of(first));
          for (let kill = 0; kill < KILLS; kill += 1) {
            await loadAll({ ...step, out: 'second', killAfterMs: 150 + Math.random() * 900 });
          }
          const later = await loadAll({ ...step, out: 'second' });
          expect(later, later.output).toMatchObject({ code: 0 });
          await expectRows(target, step.tables, of(second));
        },
      );
    });

    const points = all ? LOAD_FAULT_POINTS : LOAD_FAULT_POINTS.slice(-1);
    it.each(modes.includes('append') ? points : [])(
      'load: killed at %s and run again, it ends exact',
      async (fault) => {
        await using target = await fixture.create();
        const step = stepOf(target, 'load', fault === 'after-load-publish' ? 'full-refresh' : 'append');
        await loadAll({ ...step, fault });
        await loadAll({ ...step, fault: `${fault}:2` });
        const last = await loadAll(step);
        expect(last, last.output).toMatchObject({ code: 0 });
        await expectRows(target, step.tables, of(first));
      },
    );
  });
}
