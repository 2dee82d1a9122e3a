import { SqlextractError } from '../../model/problem.ts';
import { guardError } from '../guard-error.ts';
import type { TargetPlace } from '../loader.ts';

/** SQLSTATE of an answer of the server; null when there was none: the connection is gone. */
function stateOf(error: unknown): string | null {
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown };
  // EPIPE has the form of an SQLSTATE, but comes from the socket.
  return typeof code === 'string' && syscall === undefined && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

export function isMissingTable(error: unknown): boolean {
  return stateOf(error) === '42P01';
}

/** Lost is what has no SQLSTATE, one of class 08 (connection), or 57P0x (the server goes down, or ended the session). */
export function targetError(error: unknown, { displayUrl }: TargetPlace): SqlextractError {
  const known = error instanceof SqlextractError;
  if (known && error.problem.code !== 'SOURCE_STALLED') return error;
  const state = stateOf(error);
  if (!known && state !== null && state !== LOCKED && !/^(?:08|57P0|5[38])/.test(state))
    return guardError(withDetail(error), 'PostgreSQL');
  const text = error instanceof Error ? error.message : String(error);
  if (state === LOCKED) return locked(error, text);
  return new SqlextractError(
    {
      code: 'TARGET_LOST',
      message: `the connection to ${displayUrl} was lost: ${withoutUrl(text.split('\n')[0] ?? '')}`,
      hint: 'the same command goes on with the files that are staged; where the table was loaded before the answer was lost, it says so and does nothing',
      fault: 'source',
      causes: [text],
    },
    error,
  );
}

/** The watchdog begins with the URL, which stands there already. */
function withoutUrl(text: string): string {
  return text.replace(/^\S+: (?=nothing came)/, '');
}

/** lock_not_available: somebody else kept a lock for longer than we wait. */
const LOCKED = '55P03';

function locked(error: unknown, text: string): SqlextractError {
  return new SqlextractError(
    {
      code: 'TARGET_LOCKED',
      message: text.replace(/^sqlextract: /, ''),
      hint: 'nothing was changed; end the session that holds the lock, or wait longer: ALTER DATABASE … SET sqlextract.lock_seconds = 3600; the same command goes on with the files that are staged',
      fault: 'source',
      causes: [text],
    },
    error,
  );
}

/** The server's message with where in a COPY it stopped: line and column, and the detail of a constraint. */
function withDetail(error: unknown): Error {
  const { message, detail, where } = error as { message: string; detail?: string; where?: string };
  const place = where?.split('\n')[0]?.startsWith('COPY ') === true ? ` (${where.split('\n')[0]})` : '';
  return new Error(`${message}${place}${detail === undefined ? '' : `\n${detail}`}`, { cause: error });
}
