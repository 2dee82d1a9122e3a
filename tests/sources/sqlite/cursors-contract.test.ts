import { cursorsSuite } from '../../conformance/cursors.suite.ts';
import { sqliteCursorFixture } from './cursor-fixture.ts';

cursorsSuite('sqlite', sqliteCursorFixture);
