import { describe } from 'vitest';
import { cursorsSuite } from '../../conformance/cursors.suite.ts';
import { isBabelfish, sqlServerUrl } from '../../support/sqlserver-server.ts';
import { sqlServerCursorFixture } from './cursor-fixture.ts';

const given = sqlServerUrl();

// Where SQLEXTRACT_TEST_SQLSERVER_URL names a server whose transactions can be seen: Babelfish has no list of them.
describe.skipIf(given === null || (await isBabelfish()))('sqlserver', () => {
  cursorsSuite('sqlserver', sqlServerCursorFixture);
});
