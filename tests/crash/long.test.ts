import { FAULT_POINTS } from '../../src/model/fault-point.ts';
import { crashSuite } from './crash-suite.ts';

/** `npm run test:crash`; about three quarters of an hour. CRASH_ROUNDS sets the random rounds of each pair. */
const randomRuns = Number(process.env['CRASH_ROUNDS'] ?? 100);
const passages = [1, 2, 5];

crashSuite('sqlite', 'parquet', { points: FAULT_POINTS, passages, randomRuns, seed: 11 });
crashSuite('sqlite', 'csv', { points: FAULT_POINTS, passages, randomRuns, seed: 12 });
crashSuite('postgres', 'parquet', { points: FAULT_POINTS, passages, randomRuns, seed: 13 });
crashSuite('postgres', 'csv', { points: FAULT_POINTS, passages, randomRuns, seed: 14 });
crashSuite('mariadb', 'parquet', { points: FAULT_POINTS, passages, randomRuns, seed: 15 });
crashSuite('mariadb', 'csv', { points: FAULT_POINTS, passages, randomRuns, seed: 16 });
