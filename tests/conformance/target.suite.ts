import { describe, expect, it } from 'vitest';
import { needsKey } from '../../src/ingest/load-mode.ts';
import type { TypedMode } from '../../src/ingest/load-mode.ts';
import { LOAD_MODES } from '../../src/ingest/load-mode.ts';
import type { IngestTarget, Script } from '../../src/ingest/target.ts';
import type { ColumnType } from '../../src/model/column-type.ts';
import { SqlextractError } from '../../src/model/problem.ts';
import type { PlanFacts } from './ingest-example.ts';
import { EVERY_TYPE, exampleWindow, PLACE, planOf } from './ingest-example.ts';

/** What one target gives to the suite. */
export interface TargetFixture {
  readonly target: IngestTarget;
  /** Places that its scripts need. */
  readonly locations?: PlanFacts['locations'];
  readonly flavor?: string;
  /** Kinds that its client does not read from Parquet: it refuses them by name. */
  readonly notInParquet?: readonly ColumnType['kind'][];
  /**
   * Reads a name, or a text value, back out of what the target's quoting made: by the target's own lexical rules, written for the tests.
   * Throws when it is not exactly one token.
   */
  unquoteIdentifier(sql: string): string;
  unquoteLiteral(sql: string): string;
}

/** Names and values that break out of careless quoting. */
export const HOSTILE_TEXTS: readonly string[] = [
  'plain',
  'a b',
  ' trailing ',
  `it's`,
  `''`,
  '"',
  'say "hi"',
  '`id`',
  '``',
  '[x]',
  ']]',
  '$(id)',
  '${HOME}',
  '$$',
  '$tag$',
  '{{x}}',
  '{{{x}}}',
  '*/ x /*',
  '-- x',
  '; DROP TABLE x; --',
  'line\nend',
  'line\r\nend',
  '\\',
  `\\'`,
  '\\\\',
  '%s',
  '&amp;',
  '&x',
  ':x',
  '@x',
  '#x',
  '!x',
  '😀'.repeat(64),
  'ÄÖÜ',
  '\u0001',
  'NULL',
  '\\N',
];

/** Promises of the contract that need no engine; every target keeps them. */
export function targetSuite(fixture: TargetFixture): void {
  const { target } = fixture;
  const formats = (['csv', 'parquet'] as const).filter((format) => target.capabilities.reads[format] !== undefined);
  const facts = (more: PlanFacts = {}): PlanFacts => ({
    ...(fixture.locations === undefined ? {} : { locations: fixture.locations }),
    ...(fixture.flavor === undefined ? {} : { flavor: fixture.flavor }),
    ...(more.format === 'parquet' ? columnsWithout(fixture.notInParquet ?? []) : {}),
    compression: compressionOf(more.format ?? 'csv', target),
    ...more,
  });
  const order = (mode: TypedMode) => ({ mode });

  describe(`${target.name} keeps the contract of a target`, () => {
    it.each(EVERY_TYPE)('has a type for $kind, or a refusal that says what to do', (type) => {
      const source = { name: 'x', nativeType: type.kind, type, nullable: true };
      const found = target.columnType({ source, measuredBytes: null, isKey: false }, fixture.flavor ?? null);
      if (found.kind === 'type') expect(found.sql).toMatch(/^[A-Za-z]/);
      else expect([found.reason, found.hint].every((text) => text.length > 10)).toBe(true);
    });

    it('quotes every name into one token that is the name again', () => {
      const forbidden = target.capabilities.identifiers.forbidden;
      const names = HOSTILE_TEXTS.filter((name) => forbidden?.test(name) !== true);
      expect(names.length).toBeGreaterThan(5);
      for (const name of names) {
        expect(fixture.unquoteIdentifier(String(target.quoteIdentifier(name))), name).toBe(name);
      }
    });

    it('quotes every value into one token that is the value again', () => {
      for (const text of HOSTILE_TEXTS) {
        expect(fixture.unquoteLiteral(String(target.quoteLiteral(text))), text).toBe(text);
      }
    });

    describe.each(formats)('%s', (format) => {
      it.each(LOAD_MODES)('%s: the same plan gives the same scripts, with a run.sh and a README', (mode) => {
        const plan = planOf(target, facts({ format, order: order(mode) }));
        const scripts = target.scripts(plan, PLACE);
        expect(target.scripts(plan, PLACE)).toEqual(scripts);
        const names = scripts.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        expect(names).toEqual(expect.arrayContaining(['run.sh', 'README.md']));
        for (const { name, text, executable } of scripts) {
          expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/);
          expect(executable, name).toBe(name.endsWith('.sh'));
          if (executable) expect(text).toMatch(/^#!\/usr\/bin\/env bash\n[^]*\nset -euo pipefail\n/);
          expect(text, name).not.toMatch(/undefined|\[object|\{\{|NaN/);
        }
      });

      it.each(LOAD_MODES)('%s: claims the run, counts the rows, and refuses what is older', (mode) => {
        const text = sqlOf(target, planOf(target, facts({ format, order: order(mode) })));
        expect(text).toContain('_sqlextract_loads');
        expect(text).toContain('20260101T000000Z-abcdef');
        expect(text).toMatch(/the rows that were loaded are not the 20 of the manifest/);
        expect(text).toMatch(/a later run than/);
        if (needsKey(mode, null)) expect(text).toMatch(/a key stands in the files more than once/);
      });

      it('allows an older run when it is asked to', () => {
        const plan = facts({ format, options: { allowOlder: true } });
        expect(sqlOf(target, planOf(target, plan))).not.toEqual(sqlOf(target, planOf(target, facts({ format }))));
      });

      it('takes the largest value of a key that stands twice', () => {
        const plan = facts({ format, order: { mode: 'merge', dedupeBy: 'c_int64_2' } });
        expect(sqlOf(target, planOf(target, plan))).not.toMatch(/a key stands in the files more than once/);
      });

      it('takes out a window', () => {
        const window = { column: 'c_int64_2', from: '17', to: '4711' };
        const text = sqlOf(target, planOf(target, facts({ format, order: { mode: 'delete-insert', window } })));
        expect(text).toContain('17');
        expect(text).toContain('4711');
      });

      it.each(['append', 'merge'] as const)(
        '%s: takes a window of an incremental job only onto the one before it',
        (strategy) => {
          const incremental = exampleWindow({ strategy });
          const text = sqlOf(target, planOf(target, facts({ format, incremental, order: { mode: null } })));
          expect(text).toContain('goes on from run 20251231T000000Z-abcdef, which is not the newest that is loaded');
          expect(text).toMatch(/20251231T000000Z-abcdef-[0-9a-f]{8}'/);
          expect(text).toContain("'4711'");
          const first = exampleWindow({ strategy, previous: null, from: null, reset: true });
          const alone = sqlOf(target, planOf(target, facts({ format, incremental: first, order: { mode: null } })));
          expect(alone).not.toContain('goes on from run');
        },
      );

      it('takes out exactly the window of an incremental job, or refuses to', () => {
        const incremental = exampleWindow({ strategy: 'delete_insert', uniqueKey: [], nulls: true });
        const plan = (): ReturnType<typeof planOf> =>
          planOf(target, facts({ format, incremental, order: { mode: null } }));
        if (!target.capabilities.takesOutAndIn) return expect(plan).toThrow(/has no transaction for both/);
        const text = sqlOf(target, plan());
        expect(text).toMatch(
          /c_int64_2\S* > [^]{0,99}17[^]{1,99}c_int64_2\S* <= [^]{0,99}4711[^]{1,99}c_int64_2\S* IS NULL/i,
        );
      });

      it('has scripts for no files, and for many', () => {
        expect(target.scripts(planOf(target, facts({ format, files: 0 })), PLACE).length).toBeGreaterThan(2);
        const many = sqlOf(target, planOf(target, facts({ format, files: 2500 })));
        expect(many.length).toBeGreaterThan(0);
      });
    });

    it('leaves rows out that do not fit, up to a number and with their names quoted, or says why not', () => {
      const { rejects } = target.capabilities;
      if (rejects !== true) return expect(rejects.length).toBeGreaterThan(20);
      const nameOf = (index: number): string => {
        const name = `${index} '"]\``;
        return target.capabilities.identifiers.forbidden?.test(name) === true ? `c${index}` : name;
      };
      const columns = [...EVERY_TYPE, ...EVERY_TYPE].map((type, index) => ({ name: nameOf(index), type }));
      const options = { onError: 'skip' as const, maxErrors: 4711 };
      const text = sqlOf(
        target,
        planOf(target, facts({ columns, options, primaryKey: [], table: { schema: '', name: 't' } })),
      );
      expect(text).toMatch(/_rejected/);
      expect(text).toMatch(/more rows than the 4711 of --max-errors do not fit the table; nothing was changed/);
      expect(text).toMatch(/> 4711/);
      return expect(text).not.toMatch(/undefined|\[object/);
    });

    it('is no place for hostile names: they stand in its scripts only as quoted tokens', () => {
      const forbidden = target.capabilities.identifiers.forbidden;
      const names = HOSTILE_TEXTS.filter((name) => forbidden?.test(name) !== true);
      for (const name of names) {
        const columns = [
          { name: 'id', type: { kind: 'int32' as const }, nullable: false },
          { name: `${name}x`, type: { kind: 'string' as const } },
        ];
        const plan = planOf(target, facts({ table: { schema: '', name }, columns, primaryKey: ['id'] }));
        for (const { text } of scriptsOrRefusal(target, plan)) expect(text).not.toMatch(/undefined|\[object/);
      }
    });
  });
}

/** Tables may be named less freely than columns: then the name is refused, and nothing is written. */
function scriptsOrRefusal(target: IngestTarget, plan: ReturnType<typeof planOf>): readonly Script[] {
  try {
    return target.scripts(plan, PLACE);
  } catch (error) {
    if (error instanceof SqlextractError && error.problem.code === 'INGEST_NAME') return [];
    throw error;
  }
}

/** The columns of the example without these kinds, by the names that the others have anyway. */
function columnsWithout(kinds: readonly ColumnType['kind'][]): Pick<PlanFacts, 'columns'> {
  if (kinds.length === 0) return {};
  const columns = EVERY_TYPE.map((type, index) => ({ name: `c_${type.kind}_${index}`, type, nullable: index > 1 }));
  return { columns: columns.filter(({ type }) => !kinds.includes(type.kind)) };
}

function sqlOf(target: IngestTarget, plan: ReturnType<typeof planOf>): string {
  return target
    .scripts(plan, PLACE)
    .filter(({ name }) => name.endsWith('.sql') || name.endsWith('.sh'))
    .map(({ text }) => text)
    .join('\n');
}

function compressionOf(format: 'csv' | 'parquet', target: IngestTarget) {
  return target.capabilities.reads[format]?.at(-1) ?? 'none';
}
