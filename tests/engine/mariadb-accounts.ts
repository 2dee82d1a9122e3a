import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { expect } from 'vitest';
import { connectMariadb, type FreshMariadb } from '../support/mariadb-server.ts';
import { sequence } from '../support/mariadb-tables.ts';
import { until } from './extract-case.ts';

const ROWS = 12_000;
/** Of all balances in `accounts`; every transaction of the writer leaves it as it is. */
export const TOTAL = ROWS * 100;

/** As `createAccounts` of extract-case.ts; one that is there is replaced. */
export async function createMariadbAccounts({ client }: FreshMariadb): Promise<void> {
  await client.query(
    `DROP TABLE IF EXISTS accounts; CREATE TABLE accounts (id bigint PRIMARY KEY, version int NOT NULL, note text, balance decimal(12,2));
     INSERT INTO accounts SELECT i * 2, 0, CASE WHEN i % 7 = 0 THEN NULL WHEN i % 5 = 0 THEN '' ELSE CONCAT('note, "', i * 7919, '"') END, 100
       FROM ${sequence(1, ROWS, 'i')}; ANALYZE TABLE accounts`,
  );
}

/** Transactions that keep the sum of all balances, with `pauseMs` between them, until `work` is done. */
export async function withMariadbWriter<T>(
  database: FreshMariadb,
  pauseMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const writer = await connectMariadb(database.url);
  const control = { stopped: false, transactions: 0 };
  const writing = (async () => {
    for (let seed = 1; !control.stopped; seed += 1) {
      const [a = 0, b = 0, c = 0] = [101, 7919, 104_729].map((prime) => 2 * (1 + ((seed * prime) % ROWS)));
      await writer.query(`START TRANSACTION;
        SET @there = (SELECT COUNT(*) FROM accounts WHERE id = ${a});
        UPDATE accounts SET balance = balance - 1, version = version + 1 WHERE id = ${a};
        INSERT INTO accounts VALUES (${a + 1}, 1, 'inserted ${seed}', @there) ON DUPLICATE KEY UPDATE balance = balance + @there;
        UPDATE accounts SET id = ${-b - seed * 100_000} WHERE id = ${b} AND ${seed} % 3 = 0;
        SET @gone = (SELECT balance FROM accounts WHERE id = ${c});
        DELETE FROM accounts WHERE id = ${c} AND @gone IS NOT NULL;
        INSERT INTO accounts VALUES (1, 1, 'what the deleted had', COALESCE(@gone, 0)) ON DUPLICATE KEY UPDATE balance = balance + COALESCE(@gone, 0);
        COMMIT`);
      control.transactions += 1;
      await sleep(pauseMs);
    }
  })();
  try {
    await until('the writer writes', () => control.transactions > 3);
    const before = control.transactions;
    const result = await work();
    expect(control.transactions, 'the writer wrote').toBeGreaterThan(before);
    control.stopped = true;
    await writing;
    const [sums] = await writer.query<RowDataPacket[]>('SELECT SUM(balance) AS total FROM accounts');
    expect(Number(sums[0]?.['total']), 'the writer keeps the sum').toBe(TOTAL);
    return result;
  } finally {
    control.stopped = true;
    await writing;
    await writer.end();
  }
}
