import { crashSuite } from './crash-suite.ts';

crashSuite('sqlite', 'parquet', { passages: [1], ends: true, randomRuns: 3, seed: 1 });
// Formats differ in bytes, not in how a file is committed: every point in Parquet, the ends of a run in CSV once.
crashSuite('sqlite', 'csv', { passages: [], ends: true, randomRuns: 1, seed: 2 });
crashSuite('postgres', 'parquet', { passages: [2], ends: true, randomRuns: 2, seed: 3 });
crashSuite('postgres', 'csv', { passages: [], ends: false, randomRuns: 1, seed: 4 });
crashSuite('mariadb', 'parquet', { passages: [], ends: true, randomRuns: 2, seed: 5 });
crashSuite('mariadb', 'csv', { passages: [], ends: false, randomRuns: 1, seed: 6 });
