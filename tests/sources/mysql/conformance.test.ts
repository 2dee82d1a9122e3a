import { sourceSuite } from '../../conformance/source.suite.ts';
import { mysqlFixture } from './mysql-fixture.ts';

/** https://dev.mysql.com/doc/refman/8.4/en/identifiers.html */
const PLANE = 'neither MySQL nor MariaDB lets a name hold a character above U+FFFF';

sourceSuite('mysql', () => mysqlFixture(), {
  'takes names with emoji': PLANE,
  'hostile column names of a query are exact': PLANE,
});
