import { digestOfPostgres } from '../engine/extract-case.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { CUT_COLUMNS, CUT_ROWS, CUT_TABLE, cutSuite } from './cut-connection.suite.ts';

cutSuite({
  protocol: 'postgres',
  options: '?watchdog=2s&connect_timeout=3',
  parts: ['coordinator', 'holder', 'reader'],
  async open() {
    const database = await freshDatabase('cut_connection');
    await database.client.query(
      `CREATE TABLE ${CUT_TABLE} (id bigint PRIMARY KEY, note text, amount numeric(12,2), day date);
       INSERT INTO ${CUT_TABLE} SELECT i * 3, CASE WHEN i % 7 = 0 THEN NULL ELSE repeat('note "' || i || '", ', i % 5) END, i / 8.0,
         date '2024-01-01' + i FROM generate_series(1, ${CUT_ROWS}) i;
       ANALYZE ${CUT_TABLE}`,
    );
    const truth = await digestOfPostgres(database.client, CUT_TABLE, CUT_COLUMNS);
    return {
      url: database.url,
      truth,
      tableFolder: `public.${CUT_TABLE}`,
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    };
  },
});
