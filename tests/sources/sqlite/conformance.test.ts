import { sourceSuite } from '../../conformance/source.suite.ts';
import { sqliteFixture } from './sqlite-fixture.ts';

sourceSuite('sqlite', () => sqliteFixture());
sourceSuite('sqlite without row ids', () => sqliteFixture('WITHOUT ROWID'));
