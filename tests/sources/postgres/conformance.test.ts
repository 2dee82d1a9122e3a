import { sourceSuite } from '../../conformance/source.suite.ts';
import { postgresFixture } from './postgres-fixture.ts';

sourceSuite('postgres', () => postgresFixture(''));
sourceSuite('postgres without COPY', () => postgresFixture('copy=off'));
