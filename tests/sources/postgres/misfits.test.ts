import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALL_COLUMNS, readRows } from '../../conformance/source-reading.ts';
import { type FreshDatabase, freshDatabase } from '../../support/postgres-server.ts';
import { openSession } from './postgres-fixture.ts';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase('misfits');
});
afterAll(() => database?.[Symbol.asyncDispose]());

describe.each(['', 'copy=off'])('a value that does not fit is an error (%s)', (options) => {
  it.each([
    ['numeric(5,2)', "'NaN'", 'NaN'],
    ['date', "'infinity'", 'infinite date'],
    ['date', "'0044-03-15 BC'", '0001 to 9999'],
    ['date', "'10000-01-01'", '0001 to 9999'],
    ['timestamp', "'-infinity'", 'infinite timestamp'],
    ['timestamptz', "'infinity'", 'infinite timestamp'],
    ['timestamp', "'294276-12-31 23:59:59'", '0001 to 9999'],
    ['timestamp', "'0001-12-31 23:59:59.999999 BC'", '0001 to 9999'],
    ['timestamptz', "'10000-01-01 00:00:00+00'", '0001 to 9999'],
  ])('%s %s', async (type, value, words) => {
    await database.client.query(`DROP TABLE IF EXISTS misfit; CREATE TABLE misfit (id bigint PRIMARY KEY, v ${type});
      INSERT INTO misfit SELECT i, CASE WHEN i = 777 THEN ${value}::${type} END FROM generate_series(1, 1000) i`);
    await using session = await openSession(database, options);
    const table = await session.describe({ schema: '', name: 'misfit' }, ALL_COLUMNS);
    const problem = await readRows(session, { table }).then(
      () => null,
      (error: { problem?: unknown }) => error.problem,
    );
    expect(problem).toMatchObject({ code: 'VALUE_DOES_NOT_FIT', fault: 'data', verdict: 'fatal' });
    const { message, hint } = problem as { message: string; hint: string };
    expect(message).toContain('column v of public.misfit');
    expect(message).toContain('key 777');
    expect(message).toContain(words);
    expect(hint).toContain('--as-text public.misfit.v');
    const asText = await session.describe({ schema: '', name: 'misfit' }, { ...ALL_COLUMNS, asText: ['v'] });
    expect((await readRows(session, { table: asText })).length).toBe(1000);
  });
});
