import type { Random } from './random.ts';
import type { TypeValues } from './type-values.ts';

const pair = (value: number) => String(value).padStart(2, '0');
const micros = (random: Random) =>
  random.pick(['', '', '.5', '.000001', '.999999', `.${String(random.integer(0, 999_999)).padStart(6, '0')}`]);

/** 0001-01-01 to 9999-12-31, more often near our own days. */
export function randomDate(random: Random, firstYear = 1, lastYear = 9999): string {
  const year = random.chance(0.5) ? random.integer(1900, 2100) : random.integer(firstYear, lastYear);
  const days = new Date(0).setUTCFullYear(year, 0, 1) / 86_400_000 + random.integer(0, 364);
  return new Date(days * 86_400_000).toISOString().slice(0, 10);
}

export function randomTime(random: Random): string {
  return `${pair(random.integer(0, 23))}:${pair(random.integer(0, 59))}:${pair(random.integer(0, 59))}${micros(random)}`;
}

const randomOffset = (random: Random) =>
  `${random.pick(['+', '-'])}${pair(random.integer(0, 15))}:${pair(random.integer(0, 59))}`;

export function randomTimestamp(random: Random, firstYear = 1, lastYear = 9999): string {
  return `${randomDate(random, firstYear, lastYear)} ${randomTime(random)}`;
}

export function randomInstant(random: Random): string {
  return `${randomTimestamp(random, 2, 9998)}${randomOffset(random)}`;
}

function randomInterval(random: Random): string {
  const part = (most: number) => random.pick([0, random.integer(-most, most), random.integer(-3, 3)]);
  const time = `${random.pick(['', '-'])}${random.integer(0, 500)}:${pair(random.integer(0, 59))}:${pair(random.integer(0, 59))}`;
  return `${part(100_000)} years ${part(20)} mons ${part(1_000_000)} days ${time}${micros(random)}`;
}

export const DATES = [
  '0001-01-01',
  '9999-12-31',
  '1970-01-01',
  '1969-12-31',
  '2000-02-29',
  '1900-02-28',
  '1582-10-10',
  '2000-01-01',
  '1999-12-31',
];
const TIMES = ['00:00:00', '24:00:00', '23:59:59.999999', '00:00:00.000001', '12:00:00.5'];
export const INSTANTS = [
  '0001-01-01 00:00:00',
  '0001-01-01 00:00:00.000001',
  '9999-12-31 23:59:59.999999',
  '1969-12-31 23:59:59.999999',
  '1970-01-01 00:00:00',
  '1999-12-31 23:59:59.999999',
  '2000-01-01 00:00:00',
  '2000-01-01 00:00:00.000001',
  '2016-12-31 23:59:60',
  '2024-02-29 12:00:00.1',
];

export const TIMES_AND_DATES: readonly TypeValues[] = [
  { type: 'date', name: 'date', kind: 'date', edges: DATES, random: (random) => randomDate(random) },
  { type: 'time', name: 'time', kind: 'time', edges: TIMES, random: randomTime },
  { type: 'time(0)', name: 'time', kind: 'time', edges: TIMES, random: randomTime },
  {
    type: 'timestamp',
    name: 'timestamp',
    kind: 'timestamp',
    edges: INSTANTS,
    random: (random) => randomTimestamp(random),
  },
  {
    type: 'timestamp(3)',
    name: 'timestamp',
    kind: 'timestamp',
    edges: ['0001-01-01 00:00:00.001'],
    random: (random) => randomTimestamp(random, 1, 9998),
  },
  {
    type: 'timestamptz',
    name: 'timestamptz',
    kind: 'timestamp',
    edges: [
      ...INSTANTS.map((text) => `${text}+00`),
      '2024-10-27 02:30:00+02',
      '2024-10-27 02:30:00+01',
      '10000-01-01 05:00:00+12',
    ],
    random: randomInstant,
  },
  {
    type: 'timetz',
    name: 'timetz',
    kind: 'string',
    edges: ['00:00:00+00', '24:00:00-15:59', '23:59:59.999999+15:59', '12:00:00+05:30:15'],
    random: (random) => `${randomTime(random)}${randomOffset(random)}`,
  },
  {
    type: 'interval',
    name: 'interval',
    kind: 'string',
    edges: [
      ...['0', '1 year -2 months 3 days 04:05:06.789012', '-1 sec', '0.000001 sec', '-0.000001 sec', '178000000 years'],
      ...['-178000000 years', '2147483647 days', '-2147483648 days', '2562047788:00:54.775807', '1 day -25:00:00'],
    ],
    random: randomInterval,
  },
];
