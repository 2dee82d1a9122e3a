import { describe } from 'vitest';
import { sourceSuite } from '../conformance/source.suite.ts';
import { isBabelfish, sqlServerUrl } from '../support/sqlserver-server.ts';
import { sqlServerFixture } from './sqlserver/sqlserver-fixture.ts';

const BLANKS = "under every collation '' and ' ' are one key, which the primary key of the case refuses";

/** Of every server of this kind; text keys have a test of their own in sqlserver/keys.test.ts. */
const EXCEPTIONS = {
  'ranges over a key hold every row once: text': BLANKS,
  'ranges over a key hold every row once: bigint and text': BLANKS,
};

const OF_BABELFISH = {
  'takes names with emoji': 'Babelfish has a question mark in its catalog for what is not in code page 1252',
  'hostile column names of a query are exact': 'the same question mark in what it says of a query',
  'columns of a query without a name of their own are refused by name':
    'Babelfish makes a view of the query and refuses it by itself when a name is double',
};

const given = sqlServerUrl();
const exceptions = given !== null && (await isBabelfish()) ? { ...EXCEPTIONS, ...OF_BABELFISH } : EXCEPTIONS;

// Its cases run where SQLEXTRACT_TEST_SQLSERVER_URL names a server.
describe.skipIf(given === null)('sqlserver', () => {
  sourceSuite('sqlserver', () => sqlServerFixture(), exceptions);
});
