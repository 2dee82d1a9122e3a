import { cursorsSuite } from '../../conformance/cursors.suite.ts';
import { mysqlCursorFixture } from './cursor-fixture.ts';

cursorsSuite('mysql', () => mysqlCursorFixture());
