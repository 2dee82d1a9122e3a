import { loadSuite } from '../conformance/load.suite.ts';
import { DUCKDB } from './duckdb-target.ts';

loadSuite(DUCKDB);
