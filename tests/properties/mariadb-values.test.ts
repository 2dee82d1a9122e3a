import { expect, it } from 'vitest';
import { mariadbTables } from './mariadb-tables.ts';
import { MARIADB_TYPES } from './mariadb-types.ts';
import { PARQUET_AND_CSV, valuesSuite } from './values.suite.ts';

valuesSuite({ types: MARIADB_TYPES, rows: 2500, ways: PARQUET_AND_CSV, open: mariadbTables });

/** DATA_TYPE of information_schema, but for `vector` (MariaDB 11.7, MySQL 9) and the multi… ones, which are written as `geometry` is. */
const ALL = [
  ...['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'float', 'double', 'bit', 'year'],
  ...['date', 'datetime', 'timestamp', 'time', 'char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext'],
  ...['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob', 'json', 'enum', 'set'],
  ...['geometry', 'point', 'linestring', 'polygon', 'geometrycollection', 'uuid', 'inet4', 'inet6'],
];

it('no type of the server is left out', () => {
  const generated = new Set(MARIADB_TYPES.map(({ name }) => name));
  expect(ALL.filter((type) => !generated.has(type))).toEqual([]);
});
