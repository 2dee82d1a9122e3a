import { duckdbTarget } from '../../src/ingest/targets/duckdb.ts';
import { targetSuite } from '../conformance/target.suite.ts';
import { doubledQuotes } from '../support/sql-tokens.ts';

targetSuite({
  target: duckdbTarget,
  unquoteIdentifier: doubledQuotes('"'),
  unquoteLiteral: doubledQuotes("'"),
});
