import { deleteSuite } from '../conformance/delete.suite.ts';
import { DUCKDB } from './duckdb-target.ts';
import { SQLITE } from './sqlite-target.ts';

deleteSuite(DUCKDB);
deleteSuite(SQLITE);
