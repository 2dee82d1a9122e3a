import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { IngestPlan, LoadColumn } from '../../src/ingest/ingest-plan.ts';
import type { LoadMode } from '../../src/ingest/load-mode.ts';
import { EVERY_MODE } from '../../src/ingest/load-mode.ts';
import { targetName } from '../../src/ingest/target-names.ts';
import type { IngestTarget, Script } from '../../src/ingest/target.ts';
import { SqlextractError } from '../../src/model/problem.ts';
import type { ColumnType } from '../../src/model/column-type.ts';
import { hostileText } from './hostile.ts';
import type { Token } from './sql-lexer.ts';
import { column, everyColumn, PLACE, planOf } from './warehouse-plan.ts';
import type { PlanChoice } from './warehouse-plan.ts';

export interface WarehouseFixture {
  readonly target: IngestTarget;
  readonly locations: IngestPlan['options']['locations'] extends infer L ? Partial<L> : never;
  /** Tokens of a script, those of texts that the server runs as SQL in their place. */
  tokensOf(text: string): readonly Token[];
  /** What a kind of file cannot hold for this target. */
  readonly notInParquet: readonly ColumnType['kind'][];
  /** Loads that a script has, and the files of each; empty where it has none. */
  filesOf(tokens: readonly Token[], scripts: readonly Script[]): readonly number[];
  /** Options of the loads that are not in the closed lists. */
  strangeOptions(tokens: readonly Token[]): readonly string[];
  /** Most files of a load. */
  readonly mostFiles: number;
  /** Names that the target takes, the strangest of them. */
  readonly names: fc.Arbitrary<string>;
  /** Harmless names that are written like these, where it depends on the names; else `one` and `other`. */
  usualNames?(names: readonly string[]): readonly [string, string];
  /** A schema may have any name that a column has. */
  readonly hostileTables: boolean;
}

export const MODES = EVERY_MODE.flatMap((mode) => (['csv', 'parquet'] as const).map((format) => ({ mode, format })));

export function scriptsOf(fixture: WarehouseFixture, choice: Partial<PlanChoice>): readonly Script[] {
  const skip = choice.format === 'parquet' ? fixture.notInParquet : [];
  const plan = planOf({
    target: fixture.target.name,
    columns: everyColumn(skip),
    locations: fixture.locations,
    ...choice,
  });
  return fixture.target.scripts(plan, PLACE);
}

export function loadText(fixture: WarehouseFixture, choice: Partial<PlanChoice>): string {
  const script = scriptsOf(fixture, choice).find((each) => each.name.endsWith('-load.sql'));
  if (script === undefined) throw new Error('no script that loads');
  return script.text;
}

/** Kinds of tokens, with the words of ours: names and values may differ, nothing else. */
export function shapeOf(tokens: readonly Token[]): string {
  return tokens
    .filter(({ kind }) => kind !== 'comment')
    .map(({ kind, value }) => (kind === 'word' || kind === 'symbol' ? value : kind))
    .join(' ');
}

/** What holds for the scripts of every warehouse. */
export function warehouseSuite(fixture: WarehouseFixture): void {
  it.each(MODES)('has only options of the manual: $mode, $format', (choice) => {
    const tokens = fixture.tokensOf(loadText(fixture, choice));
    expect(fixture.strangeOptions(tokens)).toEqual([]);
    expect(fixture.filesOf(tokens, scriptsOf(fixture, choice))).toEqual([2]);
  });

  it.each(MODES)('loads each file once, whether none, one or 2500: $mode, $format', (choice) => {
    const files = (more: Partial<PlanChoice>) => {
      const both = { ...choice, ...more };
      return fixture.filesOf(fixture.tokensOf(loadText(fixture, both)), scriptsOf(fixture, both));
    };
    expect(files({ files: 0 })).toEqual([]);
    expect(files({ files: 1 })).toEqual([1]);
    const lists = files({ files: 2500 });
    expect(lists.reduce((sum, each) => sum + each, 0)).toBe(2500);
    expect(Math.max(...lists)).toBe(Math.min(2500, fixture.mostFiles));
  });

  it.each(MODES)('asks the ledger, compares the count, and writes the ledger: $mode, $format', (choice) => {
    const text = loadText(fixture, choice);
    for (const message of [
      'is loaded already; nothing was done',
      'a later run than',
      'are not the 30 of the manifest',
    ]) {
      expect(text).toContain(message);
    }
    const lastWrite = text.search(/INSERT INTO \S*_sqlextract_loads/);
    expect(lastWrite).toBeGreaterThan(text.indexOf('are not the 30 of the manifest'));
  });

  it('lets an older run in with --allow-older only', () => {
    const asks = (allowOlder: boolean) =>
      /extracted_at\W? > /.test(loadText(fixture, { mode: 'merge', options: { allowOlder } }));
    expect([asks(false), asks(true)]).toEqual([true, false]);
  });

  it('asks for keys that stand twice, or takes the newest', () => {
    expect(loadText(fixture, { mode: 'merge' })).toMatch(/HAVING COUNT\(\*\) > 1/i);
    const deduped = loadText(fixture, { mode: 'merge', dedupeBy: 'c_10' });
    expect(deduped).not.toMatch(/HAVING COUNT\(\*\) > 1/i);
    expect(deduped).toMatch(
      /ROW_NUMBER\(\) OVER \(PARTITION BY .* DESC(?: NULLS LAST)?\) = 1|ROW_NUMBER\(\) OVER .* DESC NULLS LAST/i,
    );
  });

  it('writes the same texts for the same plan', () => {
    expect(scriptsOf(fixture, { mode: 'merge' })).toEqual(scriptsOf(fixture, { mode: 'merge' }));
  });

  it('has one shape whatever the names and values are', () => {
    let tried = 0;
    fc.assert(
      fc.property(
        fixture.names,
        fixture.names,
        hostileText,
        fc.constantFrom(...EVERY_MODE),
        (one, other, value, mode) => {
          fc.pre(one.toLowerCase() !== other.toLowerCase());
          const names = [one, other].map((name) => nameOrNull(name, fixture.target));
          const [first, second] = names;
          if (typeof first !== 'string' || typeof second !== 'string' || first === second) return;
          tried += 1;
          const hostile = fixture.tokensOf(loadText(fixture, hostileChoice(fixture, mode, first, second, value)));
          const [plain, another] = fixture.usualNames?.([first, second]) ?? ['one', 'other'];
          const usual = fixture.tokensOf(loadText(fixture, hostileChoice(fixture, mode, plain, another, 'v')));
          expect(shapeOf(hostile)).toBe(shapeOf(usual));
          const identifiers = new Set(hostile.filter(({ kind }) => kind === 'identifier').map((each) => each.value));
          expect(identifiers).toContain(first);
          // nothing but keys is named where nothing is put in
          if (mode !== 'delete') expect(identifiers).toContain(second);
          expect(hostile.some(({ kind, value: text }) => kind === 'text' && text === value)).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
    expect(tried).toBeGreaterThan(60);
  });
}

function hostileChoice(
  fixture: WarehouseFixture,
  mode: LoadMode,
  one: string,
  other: string,
  value: string,
): Partial<PlanChoice> {
  const columns: readonly LoadColumn[] = [
    column(one, { kind: 'int64' }, { isKey: true }, false),
    column(
      other,
      { kind: 'string' },
      { source: { name: other, nativeType: value, type: { kind: 'string' }, nullable: true, note: value } },
    ),
  ];
  const marks = fixture.target.capabilities.moments instanceof RegExp ? { deletedColumn: `${other} gone` } : {};
  return { mode, columns, run: value, ...marks, ...(fixture.hostileTables ? { schema: one, table: other } : {}) };
}

/** As the target would have it; null: it refuses the name. */
export function nameOrNull(name: string, target: IngestTarget): string | null {
  try {
    return targetName('a name', name, 'preserve', target);
  } catch (error) {
    if (error instanceof SqlextractError && error.problem.code === 'INGEST_NAME') return null;
    throw error;
  }
}
