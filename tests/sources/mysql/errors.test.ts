import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Problem, SqlextractError } from '../../../src/model/problem.ts';
import { classifyMysql } from '../../../src/sources/mysql/errors.ts';
import { mysqlDriver } from '../../../src/sources/mysql/index.ts';
import { type FreshMariadb, freshMariadb } from '../../support/mariadb-server.ts';
import { serverKind } from '../../support/mysql-kind.ts';
import { configOf } from './mysql-fixture.ts';

let database: FreshMariadb;
let silent: Server;

beforeAll(async () => {
  database = await freshMariadb('errors');
  silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
});

afterAll(async () => {
  silent?.close();
  await database?.[Symbol.asyncDispose]();
});

async function refusal(url: string): Promise<Problem> {
  const error = await mysqlDriver.open(mysqlDriver.parse({ url, environment: {} }), 'reader').then(
    async (session) => {
      await session[Symbol.asyncDispose]();
      return null;
    },
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SqlextractError);
  return (error as SqlextractError).problem;
}

/** Protocol::HandshakeV10 of a server that offers TLS (MySQL Internals, Connection Phase). */
function greeting(): Buffer {
  const capabilities = 0x88200 | 0x800;
  const numbers = Buffer.alloc(19);
  numbers.writeUInt16LE(capabilities & 0xffff, 0);
  numbers.writeUInt16LE(capabilities >>> 16, 5);
  numbers[2] = 45;
  numbers[7] = 21;
  const scramble = Buffer.alloc(13, 'x').fill(0, 12);
  const name = Buffer.from('mysql_native_password\0');
  const body = Buffer.concat([
    Buffer.from('\x0a8.0.99\0'),
    Buffer.alloc(4, 1),
    Buffer.alloc(9, 'x').fill(0, 8),
    numbers.subarray(0, 18),
    scramble,
    name,
  ]);
  return Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body]);
}

function serverError(errno: number): Error {
  return Object.assign(new Error(`error ${errno}`), { errno, sqlState: 'HY000', code: 'ER_X' });
}

/** MySQL lets SLEEP end early without an error, hence the sort. */
const LIMITED = {
  mariadb: 'SET STATEMENT max_statement_time = 0.05 FOR SELECT SLEEP(2) AS s',
  mysql:
    'SELECT /*+ MAX_EXECUTION_TIME(50) */ COUNT(DISTINCT a.WORD, b.WORD, c.WORD) FROM information_schema.KEYWORDS a, information_schema.KEYWORDS b, information_schema.KEYWORDS c',
};

describe('errors of MySQL and MariaDB', () => {
  it('are judged by their number', () => {
    const verdicts: Readonly<Record<Problem['verdict'], readonly number[]>> = {
      reconnect: [1040, 1203, 2006, 2013, 1053, 1153, 1158, 1159, 1160, 1161, 1927, 4031],
      retry: [1205, 1213],
      smaller: [3024, 1969, 1317],
      'epoch-lost': [1412],
      fatal: [1044, 1045, 1142, 1143, 1227, 1054, 1146, 1064, 1290, 1836, 1690, 9999],
    };
    for (const [verdict, numbers] of Object.entries(verdicts)) {
      for (const number of numbers)
        expect([number, classifyMysql(serverError(number)).verdict]).toEqual([number, verdict]);
    }
  });

  it('of the network are connections that were lost', () => {
    for (const code of ['PROTOCOL_CONNECTION_LOST', 'ECONNRESET', 'EPIPE']) {
      expect(classifyMysql(Object.assign(new Error('gone'), { code }))).toMatchObject({
        code: 'SOURCE_CONNECTION_LOST',
        verdict: 'reconnect',
      });
    }
    expect(classifyMysql(Object.assign(new Error('x'), { code: 'ENOENT', syscall: 'open' })).code).toBe('INTERNAL');
  });

  it('of connecting name the server and what to do, and never the password', async () => {
    const url = new URL(database.url);
    const change = (part: Partial<URL>): string => Object.assign(new URL(url.href), part).href;
    const cases: readonly (readonly [string, string])[] = [
      [change({ password: 'hunter2' }), 'SOURCE_AUTH'],
      [change({ username: 'nobody', password: 'hunter2' }), 'SOURCE_AUTH'],
      [change({ pathname: '/no_such_database' }), 'SOURCE_DATABASE_NOT_FOUND'],
      [change({ port: '1' }), 'SOURCE_UNREACHABLE'],
      [`mysql://u:hunter2@no-such-host.invalid/d?ssl-mode=DISABLED`, 'SOURCE_UNREACHABLE'],
      [change({ search: '?ssl-ca=/nowhere/ca.pem&ssl-mode=VERIFY_CA' }), 'SOURCE_TLS'],
      [
        change({ port: String((silent.address() as { port: number }).port), search: '?connect_timeout=1' }),
        'SOURCE_UNREACHABLE',
      ],
    ];
    for (const [given, code] of cases) {
      const problem = await refusal(given);
      expect([given, problem.code]).toEqual([given, code]);
      expect(JSON.stringify(problem)).not.toContain('hunter2');
      expect(JSON.stringify(problem)).not.toContain(url.password);
      expect(problem.hint).toBeTruthy();
    }
  });

  it.each(['resetAndDestroy', 'end'] as const)(
    'a TLS handshake that the network ends (%s) is no error of TLS',
    async (way) => {
      const greeter = createServer((socket) => {
        socket.on('error', () => undefined).write(greeting());
        // The request for TLS, and the first words of it.
        socket.on('data', () => void (socket.bytesRead > 100 && socket[way]()));
      }).listen(0, '127.0.0.1');
      await once(greeter, 'listening');
      const { port } = greeter.address() as { port: number };
      const problem = await refusal(`mysql://u@127.0.0.1:${port}/d?ssl-mode=REQUIRED`);
      greeter.close();
      expect(problem).toMatchObject({ code: 'SOURCE_CONNECTION_LOST', verdict: 'reconnect', fault: 'source' });
    },
  );

  it('a time limit of the server asks for a smaller range', async () => {
    await using session = await mysqlDriver.open(configOf(database), 'reader');
    const killed = await database.client.query(LIMITED[await serverKind()]).catch((error: unknown) => error);
    expect(mysqlDriver.classify(killed)).toMatchObject({ verdict: 'smaller' });
    expect(await session.listTables()).toEqual([]);
  });
});
