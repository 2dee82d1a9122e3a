import { expect, it } from 'vitest';
import { classifyPostgres } from '../../../src/sources/postgres/errors.ts';
import { ProtocolBreach } from '../../../src/sources/scanned-rows.ts';

function serverError(code: string, message = 'words', more: object = {}): Error {
  return Object.assign(new Error(message), { code, ...more });
}

it.each([
  ['08006', 'SOURCE_CONNECTION_LOST', 'reconnect'],
  ['57P01', 'SOURCE_CONNECTION_LOST', 'reconnect'],
  ['53300', 'SOURCE_TOO_MANY_CONNECTIONS', 'reconnect'],
  ['40001', 'SOURCE_CONFLICT', 'retry'],
  ['55P03', 'SOURCE_LOCKED', 'retry'],
  ['57014', 'SOURCE_CANCELLED', 'retry'],
  ['25P03', 'SNAPSHOT_LOST', 'epoch-lost'],
  ['72000', 'SNAPSHOT_LOST', 'epoch-lost'],
  ['28P01', 'SOURCE_AUTH', 'fatal'],
  ['42501', 'SOURCE_PERMISSION', 'fatal'],
  ['42P01', 'SOURCE_CHANGED', 'fatal'],
  ['53100', 'SOURCE_BROKEN', 'fatal'],
  ['58030', 'SOURCE_BROKEN', 'fatal'],
  ['XX001', 'SOURCE_BROKEN', 'fatal'],
  ['42601', 'SOURCE_QUERY', 'fatal'],
  ['99999', 'SOURCE_QUERY', 'fatal'],
  ['ECONNRESET', 'SOURCE_CONNECTION_LOST', 'reconnect'],
  ['ECONNREFUSED', 'SOURCE_UNREACHABLE', 'reconnect'],
])('%s is %s, %s', (sqlState, code, verdict) => {
  const problem = classifyPostgres(serverError(sqlState));
  expect(problem).toMatchObject({ code, verdict });
  expect(problem.hint).not.toBe('');
});

it('tells by wording and severity what the state alone does not', () => {
  expect(classifyPostgres(serverError('22023', 'invalid snapshot identifier'))).toMatchObject({
    verdict: 'epoch-lost',
  });
  expect(classifyPostgres(serverError('22023', 'invalid parameter'))).toMatchObject({ code: 'SOURCE_QUERY' });
  expect(classifyPostgres(serverError('40001', 'conflict', { severity: 'FATAL' }))).toMatchObject({
    verdict: 'epoch-lost',
  });
  expect(classifyPostgres(new Error('Connection terminated unexpectedly'))).toMatchObject({ verdict: 'reconnect' });
  const after = new Error('Client has encountered a connection error and is not queryable');
  expect(classifyPostgres(after)).toMatchObject({
    message: 'the connection to the server was lost',
    verdict: 'reconnect',
  });
  expect(classifyPostgres(new ProtocolBreach('half a row'))).toMatchObject({
    code: 'SOURCE_PROTOCOL',
    verdict: 'fatal',
  });
});

it('a missing file is no missing server', () => {
  expect(classifyPostgres(serverError('ENOENT', 'x', { syscall: 'connect' }))).toMatchObject({
    code: 'SOURCE_UNREACHABLE',
  });
  expect(classifyPostgres(serverError('ENOENT', 'x', { syscall: 'open' }))).toMatchObject({
    code: 'INTERNAL',
    fault: 'bug',
  });
});

it("keeps the values in a server's detail to itself", () => {
  const error = serverError('23505', 'duplicate key', { detail: 'Key (email)=(secret@x) already exists.' });
  expect(JSON.stringify(classifyPostgres(error))).not.toContain('secret@x');
});
