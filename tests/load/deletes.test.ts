import { deleteSuite } from '../conformance/delete.suite.ts';
import { DUCKDB } from './duckdb-target.ts';
import { MARIADB } from './mysql-target.ts';
import { POSTGRES } from './postgres-target.ts';
import { SQLITE } from './sqlite-target.ts';

deleteSuite(DUCKDB, true);
deleteSuite(SQLITE, false);
deleteSuite(POSTGRES, true);
deleteSuite(MARIADB, true);
