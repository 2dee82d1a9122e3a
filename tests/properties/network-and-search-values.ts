import type { Random } from './random.ts';
import { AWKWARD_TEXTS, randomText } from './random-text.ts';
import { randomDouble } from './scalar-values.ts';
import { listed, type TypeValues } from './type-values.ts';

const octets = (random: Random, count: number) => random.list(count, count, () => random.integer(0, 255));
const groups = (random: Random, count: number) => random.list(count, count, () => random.hex(random.integer(1, 4)));

function randomInet(random: Random): string {
  if (random.chance(0.5))
    return octets(random, 4).join('.') + random.pick(['', '/8', '/31', `/${random.integer(0, 32)}`]);
  return groups(random, 8).join(':') + random.pick(['', '/64', `/${random.integer(0, 128)}`]);
}

function randomCidr(random: Random): string {
  if (random.chance(0.5)) {
    const kept = random.integer(0, 4);
    return `${[...octets(random, kept), 0, 0, 0, 0].slice(0, 4).join('.')}/${kept * 8}`;
  }
  const kept = random.integer(1, 7);
  return `${groups(random, kept).join(':')}::/${kept * 16}`;
}

const bits = (random: Random, count: number) => random.list(count, count, () => random.integer(0, 1)).join('');
const finite = (random: Random) => {
  const text = randomDouble(random);
  return /Inf|e\+/.test(text) ? String(random.integer(-1000, 1000)) : text;
};
const point = (random: Random) => `(${finite(random)},${finite(random)})`;
const points = (random: Random, least: number) => random.list(least, 6, () => point(random)).join(',');
const typed = (type: string, edges: readonly string[], random: (random: Random) => string): TypeValues => ({
  type,
  name: type.replace(/\(.*/, ''),
  kind: 'string',
  edges,
  random,
});

const quotedLexeme = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
const lexeme = (random: Random) => quotedLexeme(`w${randomText(random, 4)}`);
const weight = (random: Random) => `${random.integer(1, 16_383)}${random.pick(['', 'A', 'B', 'C', 'D'])}`;
const lexemes = (random: Random) =>
  random
    .list(0, 8, () => lexeme(random) + random.pick(['', `:${random.list(1, 3, () => weight(random)).join(',')}`]))
    .join(' ');
const search = (random: Random) =>
  random
    .list(1, 4, () => random.pick(['', '!']) + lexeme(random) + random.pick(['', ':*', ':AB']))
    .join(random.pick([' & ', ' | ', ' <-> ', ' <3> ']));

const pgSnapshot = (random: Random) => {
  const first = random.integer(1, 1e9);
  const running = random.list(0, 5, () => first + random.integer(0, 98)).toSorted((one, other) => one - other);
  return `${first}:${first + 99}:${[...new Set(running)].join(',')}`;
};

/** Text between tags, of characters that XML allows. */
const xmlText = (text: string) =>
  text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
const XML_EDGES = [
  '',
  '<a/>',
  '<?xml version="1.0"?><a/>',
  '<?xml version="1.0" encoding="UTF-8"?><a>é</a>',
  '<!-- c --><a b="1"> </a>',
  'no element',
];

const named = (type: string, edges: readonly string[]): TypeValues => ({
  type,
  name: type,
  kind: 'string',
  edges: ['0', ...edges],
  random: (random) => String(random.integer(1, 20_000)),
});

export const NETWORK_SEARCH_AND_SYSTEM: readonly TypeValues[] = [
  // A cast of inet to text adds /32, which the server's own output does not have.
  {
    ...typed(
      'inet',
      ['0.0.0.0', '10.1.2.3/8', '::', '::1', 'fe80::/64', '::ffff:1.2.3.4', '255.255.255.255/32'],
      randomInet,
    ),
    oracle: 'textin(inet_out($))',
  },
  typed('cidr', ['0.0.0.0/0', '10.0.0.0/8', '::/0', '1.2.3.4/32'], randomCidr),
  typed('macaddr', ['00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff'], (random) => random.hex(12)),
  typed('macaddr8', ['08:00:2b:01:02:03', 'ff:ff:ff:ff:ff:ff:ff:ff'], (random) => random.hex(16)),
  typed('bit(13)', ['0'.repeat(13), '1'.repeat(13)], (random) => bits(random, 13)),
  typed('varbit', ['', '0', '1', '01'.repeat(500)], (random) => bits(random, random.integer(0, 70))),
  typed('point', ['(0,0)', '(-0,1e300)', '(NaN,Infinity)', '(5e-324,-Infinity)'], point),
  typed('lseg', ['[(0,0),(0,0)]'], (random) => `[${point(random)},${point(random)}]`),
  typed('box', ['(0,0),(0,0)', '(1,1),(-1,-1)'], (random) => `${point(random)},${point(random)}`),
  typed('path', ['[(0,0)]', '((0,0))'], (random) => random.pick([`[${points(random, 1)}]`, `(${points(random, 1)})`])),
  typed('polygon', ['((0,0))'], (random) => `(${points(random, 1)})`),
  typed('circle', ['<(0,0),0>', '<(1,2),Infinity>'], (random) => `<${point(random)},${random.integer(0, 1e6) / 7}>`),
  typed(
    'line',
    ['{1,0,0}', '{0,-1,0.1}'],
    (random) => `{${random.integer(1, 99) / 7},${finite(random)},${finite(random)}}`,
  ),
  typed('tsvector', ['', "'a':1 'b c'", "'it''s':1A,2B", String.raw`'back\\slash'`], lexemes),
  typed('tsquery', ['', "'a' & !'b'", "'a':*"], search),
  typed('xml', XML_EDGES, (random) => `<a b="${random.integer(0, 9)}">${xmlText(randomText(random))}</a>`),
  typed(
    'jsonpath',
    ['$', 'strict $.a[*] ? (@ > 1)', '$."a b"'],
    (random) => `$.${JSON.stringify(`k${randomText(random, 4)}`)}[${random.integer(0, 99)}]`,
  ),
  typed(
    'tid',
    ['(0,0)', '(4294967295,65535)'],
    (random) => `(${random.natural((1n << 32n) - 1n)},${random.integer(0, 65_535)})`,
  ),
  typed(
    'pg_lsn',
    ['0/0', 'FFFFFFFF/FFFFFFFF', '0/3A1F2C8'],
    (random) => `${random.hex(random.integer(1, 8))}/${random.hex(random.integer(1, 8))}`,
  ),
  typed('pg_snapshot', ['1:1:', '10:20:10,14'], pgSnapshot),
  typed('txid_snapshot', ['1:1:', '10:20:10,14'], pgSnapshot),
  typed('int2vector', ['', '0', '-32768 32767'], (random) =>
    random.list(0, 9, () => random.integer(-32_768, 32_767)).join(' '),
  ),
  typed('oidvector', ['', '0', '4294967295'], (random) =>
    random.list(0, 9, () => random.natural((1n << 32n) - 1n)).join(' '),
  ),
  listed('aclitem', 'string', [
    '=r/pg_monitor',
    'pg_monitor=a*r*w*d*D*x*t*/pg_monitor',
    'pg_signal_backend=X/pg_monitor',
  ]),
  named('regproc', ['now', '-']),
  named('regprocedure', ['pg_catalog.sum(integer)', '-']),
  named('regoper', ['pg_catalog.||/']),
  named('regoperator', ['pg_catalog.+(integer,integer)']),
  named('regclass', ['pg_catalog.pg_class', '-']),
  named('regtype', ['integer', 'character varying', 'timestamp with time zone', '-']),
  named('regrole', ['pg_monitor', '-']),
  named('regnamespace', ['pg_catalog', '-']),
  named('regconfig', ['pg_catalog.english', '-']),
  named('regdictionary', ['pg_catalog.simple', '-']),
  named('regcollation', ['pg_catalog."C"', '-']),
];

/** Of extensions that come with the server, where they are installed on it. */
const pairs = (random: Random) =>
  random
    .list(
      0,
      5,
      () => `${hstoreText(randomText(random, 4))}=>${random.chance(0.3) ? 'NULL' : hstoreText(randomText(random, 6))}`,
    )
    .join(', ');
const hstoreText = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

export const OF_EXTENSIONS: readonly TypeValues[] = [
  { ...typed('hstore', ['', '"a"=>NULL', '"a"=>"NULL", ""=>""'], pairs), since: { extension: 'hstore' } },
  { ...typed('citext', AWKWARD_TEXTS, (random) => randomText(random)), since: { extension: 'citext' } },
  {
    ...typed('ltree', ['', 'a.b.C_1'], (random) => random.list(1, 5, () => `l${random.hex(3)}`).join('.')),
    since: { extension: 'ltree' },
  },
  {
    ...typed('cube', ['(0)', '(1,2),(-3,4)'], (random) => `(${finite(random)},${finite(random)})`),
    since: { extension: 'cube' },
  },
];
