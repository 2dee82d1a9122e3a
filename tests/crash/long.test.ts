import { crashSuite } from './crash-suite.ts';

/** `npm run test:crash`; about three quarters of an hour. CRASH_ROUNDS sets the random rounds of each pair. */
const randomRuns = Number(process.env['CRASH_ROUNDS'] ?? 100);
const passages = [1, 2, 5];

crashSuite('sqlite', 'parquet', { passages, ends: true, randomRuns, seed: 11 });
crashSuite('sqlite', 'csv', { passages, ends: true, randomRuns, seed: 12 });
crashSuite('postgres', 'parquet', { passages, ends: true, randomRuns, seed: 13 });
crashSuite('postgres', 'csv', { passages, ends: true, randomRuns, seed: 14 });
crashSuite('mariadb', 'parquet', { passages, ends: true, randomRuns, seed: 15 });
crashSuite('mariadb', 'csv', { passages, ends: true, randomRuns, seed: 16 });
