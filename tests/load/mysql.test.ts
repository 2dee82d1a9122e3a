import { describe } from 'vitest';
import { loadSuite } from '../conformance/load.suite.ts';
import { MARIADB } from './mysql-target.ts';

loadSuite(MARIADB);

// One session loads replace and append straight into the table, in one transaction.
describe('by one session', () => {
  loadSuite(
    { ...MARIADB, flags: [...MARIADB.flags, '--parallel', '1'], scriptFormats: [] },
    ['csv'],
    ['replace', 'append'],
  );
});
