import { describe } from 'vitest';
import { sourceSuite } from '../conformance/source.suite.ts';
import { sqlServerUrl } from '../support/sqlserver-server.ts';
import { exceptionsOf } from './sqlserver/exceptions.ts';
import { sqlServerFixture } from './sqlserver/sqlserver-fixture.ts';

const exceptions = await exceptionsOf('contract');

// Its cases run where SQLEXTRACT_TEST_SQLSERVER_URL names a server.
describe.skipIf(sqlServerUrl() === null)('sqlserver', () => {
  sourceSuite('sqlserver', () => sqlServerFixture(), exceptions);
});
