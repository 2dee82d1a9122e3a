import { describe } from 'vitest';
import { cursorsSuite } from '../../conformance/cursors.suite.ts';
import { sqlServerUrl } from '../../support/sqlserver-server.ts';
import { sqlServerCursorFixture } from './cursor-fixture.ts';
import { exceptionsOf } from './exceptions.ts';

const exceptions = await exceptionsOf('cursors');

// Where SQLEXTRACT_TEST_SQLSERVER_URL names a server.
describe.skipIf(sqlServerUrl() === null)('sqlserver', () => {
  cursorsSuite('sqlserver', sqlServerCursorFixture, exceptions);
});
