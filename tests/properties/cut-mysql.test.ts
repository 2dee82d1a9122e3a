import { digestOfMariadb, sequence } from '../support/mariadb-tables.ts';
import { freshMariadb } from '../support/mariadb-server.ts';
import { CUT_COLUMNS, CUT_ROWS, CUT_TABLE, cutSuite } from './cut-connection.suite.ts';

cutSuite({
  protocol: 'mysql',
  options: '?watchdog=2s&connect_timeout=3',
  parts: ['coordinator', '', 'reader'],
  async open() {
    const database = await freshMariadb('cut_connection');
    await database.client.query(
      `CREATE TABLE ${CUT_TABLE} (id bigint PRIMARY KEY, note text, amount decimal(12,2), day date);
       INSERT INTO ${CUT_TABLE} SELECT i * 3, IF(i % 7 = 0, NULL, REPEAT(CONCAT('note "', i, '", '), i % 5)), i / 8,
         DATE_ADD('2024-01-01', INTERVAL i DAY) FROM ${sequence(1, CUT_ROWS, 'i')};
       ANALYZE TABLE ${CUT_TABLE}`,
    );
    const truth = await digestOfMariadb(database.client, CUT_TABLE, CUT_COLUMNS);
    return {
      url: database.url,
      truth,
      tableFolder: `${database.name}.${CUT_TABLE}`,
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    };
  },
});
