import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { configTemplate } from '../../src/cli/config-template.ts';
import { parseConfigFile } from '../../src/config/config-file.ts';
import { FILE_SHAPE, type Shape } from '../../src/config/file-shape.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

const schema = JSON.parse(readFileSync(new URL('../../schema/config.schema.json', import.meta.url), 'utf8')) as Schema;
const accepts = new Ajv({ allowUnionTypes: true, strict: true }).compile(schema);

/** Every path of keys, `*` for a key of the person's choice. */
function pathsOfShape(shape: Shape, path = ''): readonly string[] {
  switch (shape.kind) {
    case 'record':
      return Object.entries(shape.keys).flatMap(([key, inner]) => [
        `${path}/${key}`,
        ...pathsOfShape(inner, `${path}/${key}`),
      ]);
    case 'dictionary':
      return pathsOfShape(shape.of, `${path}/*`);
    case 'either':
      return pathsOfShape(shape.record, path);
    case 'scalar':
    case 'names':
      return [];
    default:
      return shape satisfies never;
  }
}

function pathsOfSchema(from: Schema, path = ''): readonly string[] {
  const properties = Object.entries(from.properties ?? {});
  const own = properties.flatMap(([key, inner]) => [`${path}/${key}`, ...pathsOfSchema(inner, `${path}/${key}`)]);
  const any =
    typeof from.additionalProperties === 'object' ? pathsOfSchema(from.additionalProperties, `${path}/*`) : [];
  const referred = schema.definitions?.[from.$ref?.split('/').at(-1) ?? ''];
  const others = [...(from.anyOf ?? []), ...(referred === undefined ? [] : [referred])];
  return [...own, ...any, ...others.flatMap((inner) => pathsOfSchema(inner, path))];
}

test('the schema for editors and the loader know the same keys', () => {
  const known = pathsOfShape(FILE_SHAPE);
  expect(known.length).toBeGreaterThan(20);
  expect(pathsOfSchema(schema).toSorted()).toEqual(known.toSorted());
});

const TAKEN = [
  '',
  'source: shop\nsources: {shop: "postgres://h/d", lite: {url: x.sqlite}, pg: {url: "postgres://h/d", password: "${PW}"}}',
  'defaults: {workers: 4, chunk_size: 100MB, buffer_size: 5000000, hold: 1h30m, parallel_write: false, format: "${F:-csv}"}',
  'tables: {users: , "a.*": {columns: [a, b], as_text: a, compression: none}}\nexclude_tables: [x]',
  'out: export\nstate_dir: .state\ndefaults:\n',
  'tables: {users: {incremental: {detect_changes: hash, unique_key: [id, tenant]}}}',
  'tables: {users: {incremental: {by: updated_at, strategy: merge, unique_key: [id], lookback: 3 hours, start: 5}}}',
  'queries: {few: {sql: SELECT 1 AS a, split_by: a, columns: [a], where: a > 0, format: csv}, other: {sql: "@other.sql"}}',
];

test.each(TAKEN)('both take: %s', async (text) => {
  expect([accepts(parse(text) ?? {}), accepts.errors]).toEqual([true, null]);
  await parseConfigFile('/x/sqlextract.yaml', text, {});
});

const REFUSED = [
  'ou: x',
  'defaults: {x: 1}',
  'tables: {a: {b: 1}}',
  'queries: {a: {query: SELECT 1}}',
  'queries: {a: SELECT 1}',
  'tables: {a: {sql: SELECT 1}}',
  'tables: {a: {incremental: {column: b}}}',
  'tables: {a: {incremental: updated_at}}',
  'sources: {a: {url: x, b: 1}}',
  'defaults: []',
  'out: {}',
  '[]',
];

test.each(REFUSED)('both refuse: %s', async (text) => {
  expect(accepts(parse(text))).toBe(false);
  await expect(parseConfigFile('/x/sqlextract.yaml', text, {})).rejects.toThrow('line 1');
});

test.each(['defaults: {chunk_size: 5XB}', 'defaults: {workers: 0}', 'defaults: {format: xml}', 'defaults: {hold: 15}'])(
  'the editor marks the value: %s',
  (text) => {
    expect(accepts(parse(text))).toBe(false);
  },
);

test.each([null, 'sample.sqlite'])('what init writes is taken, also with every comment opened (%s)', async (source) => {
  const text = configTemplate({ schema: './x.json', source });
  expect([accepts(parse(text)), accepts.errors]).toEqual([true, null]);
  const opened = text.replaceAll(/^( *)# ?((?: *)(?:[\w.]+|'[^']+'):(?: .*)?)$/gm, '$1$2');
  expect(opened).toContain('\n    password: ${SHOP_PASSWORD}');
  expect([accepts(parse(opened)), accepts.errors]).toEqual([true, null]);
  const file = await parseConfigFile('/x/sqlextract.yaml', opened, { SHOP_PASSWORD: 'x' });
  expect(file.sourceNames()).toContain('production');
  expect(file.tableNames()).toContain('audit.*');
  expect(file.defaults('keep_snapshot')?.text).toBe('false');
});
