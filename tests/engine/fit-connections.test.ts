import { describe, expect, it } from 'vitest';
import { fitConnections } from '../../src/engine/fit-connections.ts';
import type { ExtractRequest } from '../../src/engine/request.ts';
import { SqlextractError } from '../../src/model/problem.ts';
import { mysqlDriver } from '../../src/sources/mysql/index.ts';
import { postgresDriver } from '../../src/sources/postgres/index.ts';
import type { SourceDriver } from '../../src/sources/source.ts';
import { sqlServerDriver } from '../../src/sources/sqlserver/index.ts';

type Asked = Pick<ExtractRequest, 'consistency' | 'allowLocks'>;

function workersOf(driver: SourceDriver, asked: Asked, maxConnections: number): number | string {
  const request = { ...asked, driver, maxConnections, workers: 6 } as ExtractRequest;
  try {
    return fitConnections(request).request.workers;
  } catch (error) {
    return (error as SqlextractError).problem.hint ?? '';
  }
}

const PLAIN: Asked = { consistency: 'snapshot', allowLocks: false };
const LOCKS: Asked = { consistency: 'snapshot', allowLocks: true };
const REQUIRED: Asked = { consistency: 'require', allowLocks: false };
const CHUNKS: Asked = { consistency: 'chunk', allowLocks: true };

describe('--max-connections counts every session of a snapshot', () => {
  it.each([
    ['mysql', mysqlDriver, PLAIN, 3],
    ['mysql', mysqlDriver, LOCKS, 2],
    ['mysql', mysqlDriver, REQUIRED, 3],
    ['mysql', mysqlDriver, CHUNKS, 3],
    ['sqlserver', sqlServerDriver, PLAIN, 3],
    ['sqlserver', sqlServerDriver, LOCKS, 2],
    ['sqlserver', sqlServerDriver, REQUIRED, 2],
    ['sqlserver', sqlServerDriver, CHUNKS, 3],
    ['postgres', postgresDriver, PLAIN, 2],
    ['postgres', postgresDriver, LOCKS, 2],
    ['postgres', postgresDriver, CHUNKS, 3],
  ])('%s', (_, driver, asked, workers) => {
    expect(workersOf(driver, asked, 4)).toBe(workers);
    const least = 5 - workers;
    expect(workersOf(driver, asked, least)).toBe(1);
    expect(workersOf(driver, asked, least - 1)).toMatch(new RegExp(`^--max-connections ${least}\\b`));
  });
});
