import type { Random } from './random.ts';

/** Texts that readers and writers of files get wrong. No NUL: PostgreSQL has none in text. */
export const AWKWARD_TEXTS: readonly string[] = [
  '',
  ' ',
  '  both ends  ',
  '\t',
  '\n',
  '\r',
  '\r\n',
  'last line\n',
  '"',
  '""',
  '"quoted"',
  "it's",
  ',',
  ',,',
  ';',
  '|',
  '\\',
  '\\\\',
  '\\N',
  '"\\N"',
  '\\.',
  '\\n',
  'NULL',
  'null',
  'NaN',
  'true',
  '0',
  '007',
  '1e5',
  '=1+1',
  '#',
  '-',
  'é',
  'e\u0301',
  'ß',
  'İ',
  '漢字',
  '\u202eright to left',
  '😀',
  '👩‍👩‍👧‍👦',
  '\uffff',
  '\ufffe',
  '\ufffd',
  '\u{10ffff}',
  '\ufeff',
  '\ufeffafter a mark',
  '\u0001',
  '\u001b[31m',
  '\u007f',
  '\u0085',
  '\u00a0',
  '\u2028',
  'a\u0300\u0301\u0302\u0303',
  'a\vb\fc',
];

const PIECES: readonly string[] = [
  ...[
    '"',
    "'",
    ',',
    '\\',
    '\n',
    '\r',
    '\t',
    ' ',
    '\\N',
    'NULL',
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    ':',
    '=>',
    '$',
    '@',
    '%',
  ],
  ...['a', 'B', 'word', '0', '9', 'é', 'e\u0301', 'ß', '漢', '😀', '\uffff', '\ufeff', '\u0001', '\u2028', '\u00a0'],
];

/** Up to `most` pieces, each a character or a few. */
export function randomText(random: Random, most = 20): string {
  return random.list(0, most, () => (random.chance(0.8) ? random.pick(PIECES) : randomCharacter(random))).join('');
}

/** Any but NUL and the surrogates, from each length of UTF-8 equally often. */
function randomCharacter(random: Random): string {
  const [least, most] = random.pick([
    [0x01, 0x7f],
    [0x80, 0x7ff],
    [0x800, 0xd7ff],
    [0xe000, 0xffff],
    [0x10000, 0x10ffff],
  ] as const);
  return String.fromCodePoint(random.integer(least, most));
}

/** At most so many characters, as PostgreSQL counts them. */
export function clipped(text: string, characters: number): string {
  return [...text].slice(0, characters).join('');
}

/** JSON as people and programs write it: blanks, doubled keys, numbers beyond every type. `numbers` are JSON numbers to draw from. */
export function randomJson(random: Random, numbers: readonly string[], depth = 3): string {
  const blank = () => random.pick(['', '', ' ', '\n', '\t', '  ']);
  const inner = () => randomJson(random, numbers, depth - 1);
  const kind = random.integer(depth > 0 ? 0 : 2, 6);
  if (kind === 0) return `[${blank()}${random.list(0, 4, inner).join(`${blank()},${blank()}`)}]`;
  if (kind === 1) {
    const key = () => JSON.stringify(random.chance(0.5) ? random.pick(['a', 'b', '']) : randomText(random, 5));
    return `{${blank()}${random.list(0, 4, () => `${key()}${blank()}:${blank()}${inner()}`).join(',')}${blank()}}`;
  }
  if (kind === 2) return random.pick(['null', 'true', 'false']);
  return kind < 5 ? random.pick(numbers) : JSON.stringify(randomText(random, 10));
}
