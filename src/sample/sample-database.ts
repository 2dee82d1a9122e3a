import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { ORDERS_TABLE, orderRows, USERS_TABLE, userRows } from './sample-rows.ts';

export const SAMPLE_USERS = 200_000;
export const SAMPLE_ORDERS = 1_000_000;
/** Rows of one INSERT: a few times a second there is something to report. */
const ROWS_A_STEP = 50_000;

export interface SampleProgress {
  readonly rows: number;
  readonly of: number;
}

/**
 * Writes the sample database (`users` with 200 000 rows, `orders` with 1 000 000, about 160 MB) to `path`, replacing what is there. The
 * same rows every time. It is built under another name beside it, so that a broken-off attempt leaves no half database.
 */
export async function createSampleDatabase(
  path: string,
  onProgress?: (progress: SampleProgress) => void,
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await fillDatabase(temporary, onProgress);
    // What an earlier database of this name had beside it would be taken for the new one's.
    for (const suffix of ['-wal', '-shm', '-journal']) await rm(`${path}${suffix}`, { force: true });
    await rename(temporary, path);
  } finally {
    for (const suffix of ['', '-journal']) await rm(`${temporary}${suffix}`, { force: true });
  }
}

async function fillDatabase(path: string, onProgress?: (progress: SampleProgress) => void): Promise<void> {
  await rm(path, { force: true });
  const database = new DatabaseSync(path);
  try {
    // Nothing is lost by a crash: the file is only renamed to its place once it is whole.
    database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN');
    database.exec(`${USERS_TABLE}; ${ORDERS_TABLE}`);
    const of = SAMPLE_USERS + SAMPLE_ORDERS;
    let rows = 0;
    for (const [count, insert] of [[SAMPLE_USERS, userRows] as const, [SAMPLE_ORDERS, orderRows] as const]) {
      for (let from = 1; from <= count; from += ROWS_A_STEP) {
        const to = Math.min(count, from + ROWS_A_STEP - 1);
        database.exec(insert(from, to));
        rows += to - from + 1;
        onProgress?.({ rows, of });
        await setImmediate();
      }
    }
    database.exec('COMMIT; PRAGMA synchronous = FULL; PRAGMA user_version = 1');
  } finally {
    database.close();
  }
}
