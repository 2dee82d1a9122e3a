import { cursorsSuite } from '../../conformance/cursors.suite.ts';
import { postgresCursorFixture } from './cursor-fixture.ts';

cursorsSuite('postgres', postgresCursorFixture);
