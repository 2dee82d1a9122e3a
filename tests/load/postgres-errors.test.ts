import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import type { TargetPlace } from '../../src/load/loader.ts';
import { targetError } from '../../src/load/loaders/postgres-errors.ts';

const place = { displayUrl: 'postgresql://db/dwh' } as TargetPlace;

function socketError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall, errno: -32 });
}

test.each([socketError('EPIPE', 'write'), socketError('ECONNRESET', 'read'), new Error('Connection terminated')])(
  'a connection that breaks is lost: %s',
  (error) => {
    const { problem } = targetError(error, place);
    expect(problem.code).toBe('TARGET_LOST');
    expect(problem.message).toBe(`the connection to postgresql://db/dwh was lost: ${error.message}`);
  },
);

test.each([
  ['57P01', 'TARGET_LOST'],
  ['22P02', 'LOAD_FAILED'],
  // RAISE … USING ERRCODE takes any five letters.
  ['EPIPE', 'LOAD_FAILED'],
])('an answer of the server, %s, is %s', (code, expected) => {
  const error = Object.assign(new DatabaseError('its words', 9, 'error'), { code });
  expect(targetError(error, place).problem.code).toBe(expected);
});
