import type { Random } from './random.ts';
import { AWKWARD_TEXTS, clipped, randomText } from './random-text.ts';
import { DOUBLES, randomDecimal, randomDouble, randomReal, REALS, signed } from './scalar-values.ts';
import { INSTANTS, randomTimestamp } from './time-values.ts';
import type { TypeValues } from './type-values.ts';

/** As TypeValues; `oracle` is the server's own text of the column `$`. */
export interface MariadbValues extends TypeValues {
  /** The value as SQL, from its text; left out, a quoted literal. */
  literal?(text: string): string;
  readonly oracle: string;
  /** Values that MySQL does not take and why; one that it takes after all fails the suite. `random` is instead of the type's. */
  readonly onMysql?: { readonly reason: string; readonly refuses: readonly string[]; random?(random: Random): string };
  /** The oracle's text is a number, whose bits are what the file must hold. */
  readonly bits?: 32 | 64;
}

const DIGITS = 'CAST($ AS CHAR)';
const NUMBER = 'CAST($ + 0 AS CHAR)';
export const HEX = 'LOWER(HEX($))';
export const UTF8_HEX = 'LOWER(HEX(CONVERT($ USING utf8mb4)))';
export const DAYS = "CAST(DATEDIFF($, '1970-01-01') AS CHAR)";
const MICROS = "CAST(TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00.000000', $) AS CHAR)";

const plain = (text: string) => text;
const hexLiteral = (text: string) => `x'${text}'`;
export const nameOf = (type: string) => /^[a-z0-9]+/.exec(type)?.[0] ?? type;

export function integers(type: string, kind: 'int32' | 'int64' | 'decimal', bits: number): MariadbValues {
  const unsigned = type.includes('unsigned') || type.includes('zerofill');
  const most = (1n << BigInt(unsigned ? bits : bits - 1)) - 1n;
  const least = unsigned ? 0n : -most - 1n;
  const edges = [0n, 1n, most, least, most - 1n, least + 1n, 9n, 10n, 99n, 100n].map(String);
  const random = (source: Random) => (unsigned ? String(source.natural(most)) : signed(source, most));
  return { type, name: nameOf(type), kind, edges, random, literal: plain, oracle: NUMBER };
}

export function decimals(precision: number, scale: number, suffix = ''): MariadbValues {
  const nines = '9'.repeat(precision);
  const most = scale === 0 ? nines : `${nines.slice(0, precision - scale)}.${nines.slice(precision - scale)}`;
  const small = scale === 0 ? '1' : `0.${'1'.padStart(scale, '0')}`;
  const positive = suffix !== '';
  return {
    type: `decimal(${precision},${scale})${suffix}`,
    name: 'decimal',
    kind: precision > 38 ? 'string' : 'decimal',
    edges: positive ? ['0', most, small] : ['0', most, `-${most}`, small, `-${small}`],
    random: (random) => randomDecimal(random, precision, scale).replace(/^-/, positive ? '' : '-'),
    literal: plain,
    // Not the zeros that ZEROFILL shows.
    oracle: precision > 38 ? 'LOWER(HEX(CAST($ + 0 AS CHAR CHARACTER SET utf8mb4)))' : NUMBER,
  };
}

const finite = (texts: readonly string[]) => texts.filter((text) => Number.isFinite(Number(text)));
/** As a literal with an exponent: without one it would be a DECIMAL, whose digits end at 65. */
const approximate = (text: string) => (/e/i.test(text) ? text : `${text}e0`);

export function doubles(type: string): MariadbValues {
  const random = (source: Random) => finite([randomDouble(source)])[0] ?? '1';
  return {
    type,
    name: 'double',
    kind: 'float64',
    edges: finite(DOUBLES),
    random,
    literal: approximate,
    oracle: DIGITS,
    bits: 64,
  };
}

/** CAST: the server prints a FLOAT with six digits, and a DOUBLE with all. */
export function floats(type: string): MariadbValues {
  const random = (source: Random) => finite([randomReal(source)])[0] ?? '1';
  const oracle = 'CAST(CAST($ AS DOUBLE) AS CHAR)';
  // The largest in words of a double, which the server takes it for at first.
  const edges = finite(REALS).map((text) => (text === '-0' ? text : String(Math.fround(Number(text)))));
  return { type, name: 'float', kind: 'float32', edges, random, literal: approximate, oracle, bits: 32 };
}

export function texts(type: string, most: number, keep: RegExp = /./su): MariadbValues {
  const kept = (text: string) => clipped([...text].filter((character) => keep.test(character)).join(''), most);
  // The server takes the blanks off the end of a CHAR.
  const random = (source: Random) => kept(randomText(source, Math.min(most, source.pick([5, 20, 80]))));
  const edges = [...AWKWARD_TEXTS, '\0', 'a\0b', '\u001a'].map(kept);
  return { type, name: nameOf(type), kind: 'string', edges, random, oracle: UTF8_HEX };
}

export const BASIC_PLANE = /^[\0-\uffff]$/u;
/** What cp1252, which the server calls latin1, has; without the five bytes that stand for no character. */
export const WESTERN = /^[\0-\u007f\u00a0-\u00ff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]$/u;
export const LATIN1 = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸÿþé';

export function bytes(type: string, most: number): MariadbValues {
  const edges = [
    '',
    '00',
    'ff',
    '0a',
    '5c78',
    '22',
    '2c',
    '5c4e',
    'c328',
    'efbbbf',
    'ff'.repeat(most),
    '00'.repeat(most),
  ];
  const random = (source: Random) => source.hex(2 * source.integer(0, source.pick([3, most, Math.min(most, 30)])));
  return { type, name: nameOf(type), kind: 'binary', edges, random, literal: hexLiteral, oracle: HEX };
}

export function bits(count: number): MariadbValues {
  const all = 2n ** BigInt(count) - 1n;
  const edges = [0n, 1n & all, all, all - 1n, all >> 1n].map((value) => value.toString(2));
  const random = (source: Random) => source.natural(all).toString(2);
  const oracle = `LOWER(HEX(LPAD(BIN($ + 0), ${count}, '0')))`;
  return { type: `bit(${count})`, name: 'bit', kind: 'string', edges, random, literal: (text) => `b'${text}'`, oracle };
}

const pair = (value: number) => String(value).padStart(2, '0');
function randomDuration(random: Random): string {
  const hours = random.chance(0.5) ? random.integer(0, 838) : random.integer(0, 23);
  const micros = random.chance(0.5) ? '' : `.${String(random.integer(0, 999_999)).padStart(6, '0')}`;
  const sign = random.chance(0.4) ? '-' : '';
  return `${sign}${hours}:${pair(random.integer(0, 59))}:${pair(random.integer(0, 59))}${hours === 838 ? '' : micros}`;
}
const DURATIONS = [
  ...[
    '00:00:00',
    '24:00:00',
    '23:59:59.999999',
    '838:59:59',
    '-838:59:59',
    '-00:00:00.000001',
    '-00:00:01',
    '99:59:59',
  ],
  ...['838:59:59.999999', '-838:59:59.999999', '100:00:00.5'],
];

export function times(type: string): MariadbValues {
  const oracle = 'LOWER(HEX(CAST($ AS CHAR CHARACTER SET utf8mb4)))';
  const edges = type === 'time' ? DURATIONS.filter((text) => !/^-?838.*\.|99\.|23:59:59\./.test(text)) : DURATIONS;
  const refuses = edges.filter((text) => /^-?838.*\./.test(text));
  const onMysql = { reason: 'it has no fraction of the last second', refuses };
  return { type, name: 'time', kind: 'string', edges, random: randomDuration, oracle, onMysql };
}

const LEAP_SECONDS = /:60/;
const INSTANTS_HERE = INSTANTS.filter((text) => !LEAP_SECONDS.test(text));
export function datetimes(type: string): MariadbValues {
  const whole = type === 'datetime';
  const cut = (text: string) => (whole ? text.replace(/\..*/, '') : text);
  const random = (source: Random) => cut(randomTimestamp(source, 1, whole ? 9999 : 9998));
  const edges = INSTANTS_HERE.map(cut).filter((text) => type === 'datetime(6)' || whole || !text.startsWith('9999'));
  return { type, name: 'datetime', kind: 'timestamp', edges, random, oracle: MICROS };
}

/** 1970-01-01 00:00:01 to 2038-01-19 03:14:07, which every version has. */
export function instants(type: string): MariadbValues {
  const random = (source: Random) =>
    `${new Date(source.integer(1, 2_147_483_646) * 1000).toISOString().slice(0, 19).replace('T', ' ')}.${String(source.integer(0, 999_999)).padStart(6, '0')}`;
  const edges = [
    '1970-01-01 00:00:01',
    '2038-01-19 03:14:07',
    '2000-01-01 00:00:00',
    '2024-03-31 01:30:00',
    '2024-10-27 02:30:00',
  ];
  return { type: `${type} NULL`, name: 'timestamp', kind: 'timestamp', edges, random, oracle: MICROS };
}
