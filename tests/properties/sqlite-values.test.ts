import { SQLITE_TYPES, sqliteTables } from './sqlite-tables.ts';
import { PARQUET_AND_CSV, valuesSuite } from './values.suite.ts';

valuesSuite({ types: SQLITE_TYPES, rows: 2500, ways: PARQUET_AND_CSV, open: sqliteTables });
