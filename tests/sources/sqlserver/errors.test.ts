import { describe, expect, it } from 'vitest';
import { SqlextractError } from '../../../src/model/problem.ts';
import { parseSqlServer } from '../../../src/sources/sqlserver/config.ts';
import { classifySqlServer, connectionProblem } from '../../../src/sources/sqlserver/errors.ts';
import { isTimeless } from '../../../src/sources/sqlserver/unchanged.ts';

function failure(properties: Record<string, unknown>, message = 'the words of the server'): Error {
  return Object.assign(new Error(message), properties);
}

describe('the verdict on an error', () => {
  const byNumber: readonly (readonly [number, string, string])[] = [
    [1205, 'retry', 'SOURCE_CONFLICT'],
    [40_613, 'reconnect', 'SOURCE_BUSY'],
    [10_054, 'reconnect', 'SOURCE_CONNECTION_LOST'],
    [1222, 'smaller', 'SOURCE_LOCKED'],
    [701, 'smaller', 'SOURCE_OUT_OF_MEMORY'],
    [8645, 'smaller', 'SOURCE_OUT_OF_MEMORY'],
    [1204, 'smaller', 'SOURCE_OUT_OF_MEMORY'],
    ...[615, 978, 983, 4221, 40_143, 40_540, 42_108, 42_109].map(
      (number) => [number, 'reconnect', 'SOURCE_BUSY'] as const,
    ),
    [997, 'reconnect', 'SOURCE_CONNECTION_LOST'],
    [41_332, 'fatal', 'SNAPSHOT_UNAVAILABLE'],
    [41_333, 'fatal', 'SNAPSHOT_UNAVAILABLE'],
    [41_368, 'fatal', 'SNAPSHOT_UNAVAILABLE'],
    [3960, 'epoch-lost', 'SNAPSHOT_LOST'],
    [3961, 'epoch-lost', 'SNAPSHOT_LOST'],
    [3966, 'epoch-lost', 'SNAPSHOT_LOST'],
    [3952, 'fatal', 'SNAPSHOT_UNAVAILABLE'],
    [208, 'fatal', 'SOURCE_CHANGED'],
    [229, 'fatal', 'SOURCE_PERMISSION'],
    [824, 'fatal', 'SOURCE_BROKEN'],
    [50_000, 'fatal', 'SOURCE_QUERY'],
  ];
  for (const [number, verdict, code] of byNumber) {
    it(`${number} is ${verdict} (checklist 42, traps 6.5)`, () => {
      const error = failure({ code: 'EREQUEST', number });
      expect(classifySqlServer(error)).toMatchObject({ verdict, code, message: 'the words of the server' });
      expect(classifySqlServer(failure({ code: 'EREQUEST', originalError: error })).code).toBe(code);
    });
  }

  it('goes by the words where Babelfish has one number for all', () => {
    const say = (message: string) => classifySqlServer(failure({ code: 'EREQUEST', number: 33_557_097 }, message)).code;
    expect(say('relation "nope" does not exist')).toBe('SOURCE_CHANGED');
    expect(say('permission denied for table t')).toBe('SOURCE_PERMISSION');
    expect(say('canceling statement due to lock timeout')).toBe('SOURCE_LOCKED');
    expect(say('could not serialize access due to concurrent update')).toBe('SNAPSHOT_LOST');
    expect(say('something else')).toBe('SOURCE_QUERY');
  });

  it('tells a cut connection from one that was never made', () => {
    const socket = failure({ code: 'ECONNRESET' }, 'read ECONNRESET');
    const cut = Object.assign(new Error('Connection lost - read ECONNRESET', { cause: socket }), { code: 'ESOCKET' });
    expect(classifySqlServer(cut)).toMatchObject({ verdict: 'reconnect', code: 'SOURCE_CONNECTION_LOST' });
    const refused = Object.assign(
      new Error('Failed to connect to db:1433', { cause: failure({ code: 'ECONNREFUSED' }) }),
      {
        code: 'ESOCKET',
      },
    );
    expect(classifySqlServer(refused)).toMatchObject({ verdict: 'reconnect', code: 'SOURCE_UNREACHABLE' });
    expect(classifySqlServer(failure({ code: 'ETIMEOUT' }, 'Request failed to complete in 15000ms')).verdict).toBe(
      'smaller',
    );
    expect(classifySqlServer(failure({ code: 'ETIMEOUT' }, 'Failed to connect to db:1433 in 15000ms')).verdict).toBe(
      'reconnect',
    );
    expect(classifySqlServer(failure({ code: 'ECLOSE' })).verdict).toBe('reconnect');
  });

  it('of a login names the server, and what to do', () => {
    const config = parseSqlServer({ url: 'sqlserver://sa:sEcReT@db.example/d', environment: {} });
    const login = (message: string) => {
      const error = connectionProblem(failure({ code: 'ELOGIN' }, message), config);
      expect(error).toBeInstanceOf(SqlextractError);
      expect(JSON.stringify(error.problem)).not.toContain('sEcReT');
      expect(error.problem.message).toContain('sqlserver://sa@db.example:1433/d');
      return error.problem.code;
    };
    expect(login("Login failed for user 'sa'.")).toBe('SOURCE_AUTH');
    expect(login('Cannot open database "d" requested by the login. The login failed.')).toBe(
      'SOURCE_DATABASE_NOT_FOUND',
    );
    expect(login("Client with IP address '1.2.3.4' is not allowed to access the server.")).toBe('SOURCE_UNREACHABLE');
    const tls = connectionProblem(
      Object.assign(
        new Error('Failed to connect', {
          cause: failure({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'self-signed certificate'),
        }),
        {
          code: 'ESOCKET',
        },
      ),
      config,
    );
    expect(tls.problem.code).toBe('SOURCE_TLS');
    const cause = failure(
      { code: 'ECONNRESET' },
      'Client network socket disconnected before secure TLS connection was established',
    );
    const cut = connectionProblem(Object.assign(new Error('Connection lost', { cause }), { code: 'ESOCKET' }), config);
    expect(cut.problem).toMatchObject({ code: 'SOURCE_UNREACHABLE', verdict: 'reconnect' });
  });

  it('of anything else is a bug with its stack', () => {
    expect(classifySqlServer(new TypeError('x'))).toMatchObject({ code: 'INTERNAL', verdict: 'fatal' });
  });
});

describe('a condition that the clock can change', () => {
  it('is told from one that it cannot', () => {
    for (const where of [null, "status = 'paid' AND amount > 10", 'id IN (1, 2)', 'a = 1 OR (b = 2 AND NOT (c = 3))'])
      expect(isTimeless(where), String(where)).toBe(true);
    for (const where of [
      'd > GETDATE()',
      'd > CURRENT_TIMESTAMP',
      'id IN (SELECT id FROM t)',
      'dbo.f(x) = 1',
      '[dbo].[f](x) = 1',
      'x = @@SPID',
    ])
      expect(isTimeless(where), where).toBe(false);
  });
});
