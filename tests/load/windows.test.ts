import { windowSuite } from '../conformance/window.suite.ts';
import { DUCKDB } from './duckdb-target.ts';
import { MARIADB } from './mysql-target.ts';
import { POSTGRES } from './postgres-target.ts';
import { SQLITE } from './sqlite-target.ts';

windowSuite(DUCKDB, true);
windowSuite(SQLITE, false);
windowSuite(POSTGRES, true);
windowSuite(MARIADB, true);
