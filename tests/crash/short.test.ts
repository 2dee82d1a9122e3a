import { type FaultPoint, FAULT_POINTS } from '../../src/model/fault-point.ts';
import { crashSuite } from './crash-suite.ts';

/** From a row batch to its file: the sink's steps, which know nothing of a source, nor of a format. */
const OF_FILES: readonly FaultPoint[] = [
  'before-write',
  'after-write',
  'before-fsync',
  'after-fsync',
  'before-rename',
  'after-rename',
];
/** Those where source, state and snapshot have a part. */
const OF_SOURCES = FAULT_POINTS.filter((point) => !OF_FILES.includes(point));

// Every point once, and those that a source has a part in with PostgreSQL as well, whose snapshot outlives the kill; the other pairs die twice.
crashSuite('sqlite', 'parquet', { points: FAULT_POINTS, passages: [1], randomRuns: 3, seed: 1 });
crashSuite('sqlite', 'csv', { points: ['after-rename', 'after-manifest'], passages: [2], randomRuns: 1, seed: 2 });
crashSuite('postgres', 'parquet', { points: OF_SOURCES, passages: [2], randomRuns: 2, seed: 3 });
crashSuite('postgres', 'csv', { points: [], passages: [], randomRuns: 1, seed: 4 });
crashSuite('mariadb', 'parquet', { points: ['mid-read', 'before-manifest'], passages: [2], randomRuns: 2, seed: 5 });
crashSuite('mariadb', 'csv', { points: [], passages: [], randomRuns: 1, seed: 6 });
