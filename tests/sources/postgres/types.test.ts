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
    expect(planColumn(numeric(39, 0), false).exact).toBe('number');
    expect(planColumn(numeric(39, 0), true)).not.toHaveProperty('exact');
    expect(planColumn(native('int4'), true).select('"a"')).toBe('"a"::pg_catalog.text');
  });
});
