import { describe, expect, it } from 'vitest';
import { describeColumnType } from '../../../src/model/column-type.ts';
import { type NativeType, planColumn, TYPE_RULES } from '../../../src/sources/postgres/types.ts';

function native(name: string, facts: Partial<NativeType> = {}): NativeType {
  return { display: name, schema: 'pg_catalog', name, typtype: 'b', typmod: -1, ...facts };
}

/** As the catalog holds it: precision and scale packed into one number. */
function numeric(precision: number, scale: number): NativeType {
  return native('numeric', { typmod: ((precision << 16) | (scale & 0x7ff)) + 4 });
}

function planned(type: NativeType, asText = false): string {
  const plan = planColumn(type, asText);
  return describeColumnType(plan.type) + (plan.note === undefined ? '' : ' (note)');
}

describe('types', () => {
  it.each([
    [numeric(12, 2), 'decimal(12,2)'],
    [numeric(38, 38), 'decimal(38,38)'],
    [numeric(1, 0), 'decimal(1,0)'],
    [numeric(39, 0), 'string (note)'],
    [numeric(3, -2), 'string (note)'],
    [numeric(2, 5), 'string (note)'],
    [native('numeric'), 'string (note)'],
    [native('_int4'), 'string'],
    [native('color', { schema: 'public', typtype: 'e' }), 'string'],
    [native('geometry', { schema: 'gis' }), 'binary (note)'],
    [native('geometry', { schema: 'gis', typtype: 'c' }), 'string'],
    // a person's type that only looks like the server's own
    [native('int4', { schema: 'public' }), 'string'],
  ])('%o becomes %s', (type, expected) => {
    expect(planned(type)).toBe(expected);
  });

  it('become text when that is asked for', () => {
    for (const name of Object.keys(TYPE_RULES)) expect(planned(native(name), true)).toMatch(/^string/);
    expect(planned(numeric(12, 2), true)).toBe('string');
    expect(planColumn(native('int4'), true).select('"a"')).toBe('"a"::pg_catalog.text');
  });
});

/** As the formatter of this project wants it. */
function paddedTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

/** The name that people write, where it is not the catalog's. */
const WRITTEN: Readonly<Record<string, string>> = {
  bool: 'boolean',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  timestamptz: 'timestamp with time zone',
  timetz: 'time with time zone',
  bpchar: 'char(n)',
  varchar: 'varchar(n)',
  char: '"char"',
};

function row(written: string, type: NativeType): readonly string[] {
  const { type: becomes, note = '' } = planColumn(type, false);
  return [written, describeColumnType(becomes), note];
}

/** TYPES.md is written from the rules: `vitest -u` after a change of them. */
function typesPage(): string {
  const table = paddedTable([
    ['PostgreSQL', 'becomes', 'note'],
    ...Object.keys(TYPE_RULES).map((name) => row(WRITTEN[name] ?? name, native(name))),
    ['numeric(p,s), p ≤ 38, 0 ≤ s ≤ p', 'decimal(p,s)', ''],
    row('numeric(p,s), p > 38', numeric(39, 0)),
    row('numeric(p,s), s < 0 or s > p', numeric(2, 5)),
    row('numeric', native('numeric')),
    row('geometry (PostGIS)', native('geometry', { schema: 'public' })),
    row('geography (PostGIS)', native('geography', { schema: 'public' })),
    [
      'everything else',
      'string',
      'the text that the server writes: arrays, ranges, enums, composites, network, geometry …',
    ],
  ]);
  return `# Types of PostgreSQL

Made from \`types.ts\` by its test; do not edit.

A domain is read as its base type. \`--as-text table.column\` plans a column as string whatever its type; the server then writes the text.

${table}

The settings that decide how the server writes a text are pinned for every session: ISO dates, ISO 8601 intervals, UTC, shortest exact
floats. \`infinity\` of a date or timestamp, and years outside 0001 to 9999, stop the run with \`VALUE_DOES_NOT_FIT\`; so does \`NaN\` in a numeric.
\`--as-text\` takes them.
`;
}

describe('TYPES.md', () => {
  it('says what the rules say', async () => {
    await expect(typesPage()).toMatchFileSnapshot('../../../src/sources/postgres/TYPES.md');
  });
});
