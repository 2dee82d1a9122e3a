import type { Random } from './random.ts';
import { AWKWARD_TEXTS, randomText } from './random-text.ts';
import { randomDigits, randomDouble } from './scalar-values.ts';
import { randomDate, randomInstant, randomTimestamp } from './time-values.ts';
import { listed, type TypeValues } from './type-values.ts';

/** In the schema of the test's table. */
export const COMPOUND_TYPES = `
  CREATE TYPE mood AS ENUM ('sad', 'Blue sky', 'a,"b"', '😀', 'NULL');
  CREATE TYPE pair AS (a integer, "b c" text);
  CREATE TYPE nested AS (p pair, list text[], day date);
  CREATE DOMAIN label AS text CHECK (VALUE <> 'never');
  CREATE DOMAIN amount AS numeric(10,2);
  CREATE DOMAIN small_amount AS amount CHECK (VALUE < 1000);
  CREATE DOMAIN moment AS timestamptz(6);
  CREATE DOMAIN numbers AS integer[]`;

const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
type Element = (random: Random) => string;
const orNull = (random: Random, element: Element) => (random.chance(0.2) ? 'NULL' : quoted(element(random)));
const row = (random: Random, element: Element, length: number) =>
  `{${random.list(length, length, () => orNull(random, element)).join(',')}}`;

/** One-dimensional, with other bounds, or two-dimensional. */
function randomArray(random: Random, element: Element): string {
  const length = random.integer(0, 5);
  if (length === 0) return '{}';
  const first = random.integer(-3, 5);
  if (random.chance(0.2)) return `[${first}:${first + length - 1}]=${row(random, element, length)}`;
  if (random.chance(0.25))
    return `{${random
      .list(1, 3, () => '')
      .map(() => row(random, element, length))
      .join(',')}}`;
  return row(random, element, length);
}

const arrays = (type: string, name: string, edges: readonly string[], element: Element): TypeValues => ({
  type,
  name,
  kind: 'string',
  edges: ['{}', '{NULL}', ...edges],
  random: (random) => randomArray(random, element),
});

const INTEGER: Element = (random) => String(random.integer(-2_147_483_648, 2_147_483_647));
const TEXT: Element = (random) => (random.chance(0.4) ? random.pick(AWKWARD_TEXTS) : randomText(random, 8));

const field = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '""')}"`;
const compositePair: Element = (random) =>
  `(${random.chance(0.2) ? '' : INTEGER(random)},${random.chance(0.2) ? '' : field(TEXT(random))})`;

/** `ordered` makes a lower and an upper bound. */
const rangeOf = (ordered: (random: Random) => readonly [string, string]) => (random: Random) => {
  if (random.chance(0.1)) return 'empty';
  const [from, to] = ordered(random);
  const open = (text: string) => (random.chance(0.1) ? '' : quoted(text));
  return `${random.pick(['[', '('])}${open(from)},${open(to)}${random.pick([']', ')'])}`;
};
const whole = (most: number) => (random: Random) => {
  const from = random.integer(-most, most - 2);
  return [String(from), String(random.integer(from, most - 1))] as const;
};
const sorted = (make: Element) => (random: Random) =>
  [make(random), make(random)].toSorted() as unknown as readonly [string, string];
/** Sorted as text, which is by time only without offsets. */
const instants = sorted((random) => `${randomTimestamp(random)}+00`);
const decimals = (random: Random) => {
  const from = random.integer(-1e6, 1e6);
  return [`${from}.${randomDigits(random, 30)}`, `${from + random.integer(2, 99)}.${randomDigits(random, 9)}`] as const;
};

const ranges = (
  subject: string,
  edges: readonly string[],
  ordered: (random: Random) => readonly [string, string],
): TypeValues[] => {
  const one = rangeOf(ordered);
  const [range, multirange] = [`${subject}range`, `${subject}multirange`];
  return [
    { type: range, name: range, kind: 'string', edges: ['empty', '(,)', ...edges], random: one },
    {
      type: multirange,
      name: multirange,
      kind: 'string',
      edges: ['{}', '{(,)}', ...edges.map((edge) => `{${edge}}`)],
      random: (random) => `{${random.list(0, 4, () => one(random)).join(',')}}`,
      since: { version: 14 },
    },
  ];
};

export const COMPOUNDS: readonly TypeValues[] = [
  arrays(
    'integer[]',
    '_int4',
    ['{1,NULL,3}', '[0:2]={1,2,3}', '{{1,2},{3,NULL}}', '[-1:0][5:6]={{1,2},{3,4}}', '{{{1}}}'],
    INTEGER,
  ),
  arrays('bigint[]', '_int8', ['{9223372036854775807,-9223372036854775808}'], INTEGER),
  arrays('text[]', '_text', ['{"a,b","","NULL",NULL}', String.raw`{"\\N","\"","{}"}`], TEXT),
  arrays('varchar(10)[]', '_varchar', [], (random) => [...TEXT(random)].slice(0, 10).join('')),
  arrays(
    'numeric[]',
    '_numeric',
    ['{1e400,NaN,1.10}'],
    (random) => `${randomDigits(random, 40)}.${randomDigits(random, 10)}`,
  ),
  arrays('double precision[]', '_float8', ['{NaN,-0,Infinity,5e-324}'], randomDouble),
  arrays('boolean[]', '_bool', [], (random) => random.pick(['t', 'f'])),
  arrays('bytea[]', '_bytea', [], (random) => `\\x${random.hex(2 * random.integer(0, 20))}`),
  arrays('date[]', '_date', ['{infinity,-infinity,"0044-03-15 BC"}'], (random) => randomDate(random)),
  arrays('timestamptz[]', '_timestamptz', ['{infinity,"294276-12-31 23:59:59+00"}'], randomInstant),
  arrays('interval[]', '_interval', ['{"1 mon -1 day"}'], (random) => `${random.integer(-99, 99)} days`),
  arrays('jsonb[]', '_jsonb', ['{"{\\"a\\": [1, null]}"}'], (random) => JSON.stringify(TEXT(random))),
  arrays('uuid[]', '_uuid', [], (random) => random.hex(32)),
  arrays('mood[]', '_mood', ['{sad,NULL}'], (random) => random.pick(['sad', 'Blue sky', 'a,"b"'])),
  arrays('pair[]', '_pair', [], compositePair),
  listed('mood', 'string', ['sad', 'Blue sky', 'a,"b"', '😀', 'NULL']),
  {
    type: 'pair',
    name: 'pair',
    kind: 'string',
    edges: ['(,)', '(1,"a ""b"", c")', '(,"")', '(-2147483648,NULL)'],
    random: compositePair,
  },
  {
    type: 'nested',
    name: 'nested',
    kind: 'string',
    edges: ['(,,)', '("(1,x)","{a,NULL}",infinity)'],
    random: (random) => `(${field(compositePair(random))},${field(randomArray(random, TEXT))},${randomDate(random)})`,
  },
  { type: 'label', name: 'label', kind: 'string', edges: AWKWARD_TEXTS, random: TEXT },
  {
    type: 'amount',
    name: 'amount',
    kind: 'decimal',
    edges: ['99999999.99', '-99999999.99'],
    random: (random) => `${random.integer(-1e7, 1e7)}.${random.integer(10, 99)}`,
  },
  {
    type: 'small_amount',
    name: 'small_amount',
    kind: 'decimal',
    edges: ['999.99', '-0.01'],
    random: (random) => `${random.integer(-999, 998)}.5`,
  },
  { type: 'moment', name: 'moment', kind: 'timestamp', edges: ['0001-01-01 00:00:00+00'], random: randomInstant },
  {
    type: 'numbers',
    name: 'numbers',
    kind: 'string',
    edges: ['[0:1]={1,NULL}'],
    random: (random) => randomArray(random, INTEGER),
  },
  ...ranges('int4', ['[1,5)', '[-2147483648,2147483647)'], whole(2_147_483_647)),
  ...ranges('int8', ['[1,9223372036854775807)'], whole(2 ** 52)),
  ...ranges('num', ['[1.10,1.1000]'], decimals),
  ...ranges(
    'date',
    ['[-infinity,infinity)'],
    sorted((random) => randomDate(random)),
  ),
  ...ranges(
    'ts',
    ['["0044-03-15 00:00:00 BC",infinity)'],
    sorted((random) => randomTimestamp(random)),
  ),
  ...ranges('tstz', ['["2024-01-01 00:00:00+02",infinity)'], instants),
];
