import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Problem } from '../../src/model/problem.ts';
import type { RunReport } from '../../src/engine/report.ts';
import type { ExtractCase } from '../engine/extract-case.ts';
import { digestOfPostgres, expectFiles, extract, finish, newCase, removeFolders } from '../engine/extract-case.ts';
import { folderNameOf } from '../../src/sinks/folder-name.ts';
import { type FreshDatabase, freshDatabase } from '../support/postgres-server.ts';
import { Random } from './random.ts';
import { randomDate, randomTime } from './time-values.ts';
import { pinOracle } from './value-table.ts';

/*
 * Values that no column of a file can hold: the program names table, key, column and the flag, and with that flag every value is in
 * the file exactly as the server writes it.
 */
const ROWS = 2000;
const BAD_ROW = 777;

interface Refused {
  readonly table: string;
  readonly type: string;
  readonly words: string;
  bad(random: Random): string;
}

/** 1 BC is a leap year where 1 AD is none, and so on. */
const anyDay = (random: Random) => randomDate(random, 1, 4700).replace('-02-29', '-02-28');
const beforeChrist = (random: Random) => `${anyDay(random)} BC`;
const farDate = (random: Random) =>
  `${random.integer(10_000, 5_874_000)}-0${random.integer(1, 9)}-1${random.integer(0, 9)}`;
const farInstant = (random: Random) =>
  `${random.integer(10_000, 294_000)}-0${random.integer(1, 9)}-11 ${randomTime(random)}`;
const instantBeforeChrist = (random: Random) => `${anyDay(random)} ${randomTime(random)} BC`;
const infinite = (random: Random) => random.pick(['infinity', '-infinity']);

const REFUSED: readonly Refused[] = [
  { table: 'number', type: 'numeric(12,3)', words: 'NaN', bad: () => 'NaN' },
  { table: 'wide number', type: 'numeric(38,0)', words: 'NaN', bad: () => 'NaN' },
  { table: 'domain', type: 'price', words: 'NaN', bad: () => 'NaN' },
  { table: 'infinite date', type: 'date', words: 'infinite date', bad: infinite },
  { table: 'date BC', type: 'date', words: '0001 to 9999', bad: beforeChrist },
  { table: 'far date', type: 'date', words: '0001 to 9999', bad: farDate },
  { table: 'infinite timestamp', type: 'timestamp', words: 'infinite timestamp', bad: infinite },
  { table: 'timestamp BC', type: 'timestamp', words: '0001 to 9999', bad: instantBeforeChrist },
  { table: 'far timestamp', type: 'timestamp', words: '0001 to 9999', bad: farInstant },
  { table: 'last year', type: 'timestamp', words: '0001 to 9999', bad: () => '0001-12-31 23:59:59.999999 BC' },
  { table: 'infinite instant', type: 'timestamptz', words: 'infinite timestamp', bad: infinite },
  {
    table: 'instant BC',
    type: 'timestamptz',
    words: '0001 to 9999',
    bad: (random) => instantBeforeChrist(random).replace(' BC', '+05 BC'),
  },
  { table: 'far instant', type: 'timestamptz', words: '0001 to 9999', bad: (random) => `${farInstant(random)}+02` },
  { table: 'one hour too far', type: 'timestamptz', words: '0001 to 9999', bad: () => '9999-12-31 23:30:00-00:30' },
];

let database: FreshDatabase;
let client: Client;

beforeAll(async () => {
  database = await freshDatabase('refused_values');
  client = database.client;
  await pinOracle(client);
  await client.query('CREATE SCHEMA odd; CREATE DOMAIN price AS numeric(10,2)');
  const random = new Random(20_261);
  for (const { table, type, bad } of REFUSED) {
    await client.query(`CREATE TABLE odd."${table}" (id bigint PRIMARY KEY, "the value" ${type})`);
    const values = Array.from({ length: ROWS }, (_, row) => {
      if (row === BAD_ROW) return bad(random);
      if (row < BAD_ROW || random.chance(0.5)) return null;
      return bad(random);
    });
    await client.query(
      `INSERT INTO odd."${table}" SELECT i * 10, v::${type} FROM unnest($1::text[]) WITH ORDINALITY AS t(v, i)`,
      [values],
    );
  }
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  removeFolders();
});

const EVERY_TABLE = ['--table', 'odd.*', '--workers', '2', '--on-table-error', 'continue'];

describe.each([
  { way: 'parquet', flags: ['--format', 'parquet'], options: '' },
  { way: 'csv', flags: ['--format', 'csv'], options: '?copy=off' },
])('$way $options', ({ flags, options }) => {
  let test: ExtractCase;
  let problems: ReadonlyMap<string, Problem | null>;

  beforeAll(async () => {
    test = newCase(database.url + options);
    const run = await extract(test, [...EVERY_TABLE, ...flags, '--json']);
    expect(run.code, run.stderr).not.toBe(0);
    const report = JSON.parse(run.stdout) as RunReport;
    problems = new Map(report.tables.map(({ table, problem }) => [table, problem]));
  });

  it.each(REFUSED)('$table: names table, key, column and the flag', ({ table, words }) => {
    const problem = problems.get(`odd.${table}`);
    expect(problem).toMatchObject({ code: 'VALUE_DOES_NOT_FIT', fault: 'data', verdict: 'fatal' });
    expect(problem?.message).toContain(`column the value of odd.${table}`);
    expect(problem?.message).toContain(`key ${(BAD_ROW + 1) * 10}`);
    expect(problem?.message).toContain(words);
    expect(problem?.hint).toContain(`--as-text`);
    expect(problem?.hint).toContain(`odd.${table}.the value`);
  });

  it('as text every value is as the server writes it', async () => {
    const asText = REFUSED.flatMap(({ table }) => ['--as-text', `odd.${table}.the value`]);
    await finish(test, [...EVERY_TABLE, ...flags, ...asText, '--fresh']);
    for (const { table } of REFUSED) {
      const truth = await digestOfPostgres(client, `odd."${table}"`, ['id', 'the value']);
      expect(truth.rows).toBe(ROWS);
      await expectFiles(test, folderNameOf({ schema: 'odd', name: table }), truth);
    }
  });
});
