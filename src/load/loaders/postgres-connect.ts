import type pg from 'pg';
import { SqlextractError } from '../../model/problem.ts';
import { connect } from '../../sources/postgres/connect.ts';
import { parsePostgres } from '../../sources/postgres/config.ts';
import { targetError } from './postgres-errors.ts';
import type { TargetPlace } from '../loader.ts';

/** A source's session is read-only and gives up a lock after a minute; a load writes, and waits for who was first. */
const WRITING = `SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; SET lock_timeout = 0; SET array_nulls = on; SET client_min_messages = warning`;

/**
 * A connection with the settings of a source's (sources/postgres/pin-session.ts: UTC, ISO dates, no search path, row security an error), but for
 * those that keep it from writing. Throws TARGET_URL, TARGET_CONNECT.
 */
export async function connectTarget(place: TargetPlace): Promise<pg.Client> {
  try {
    const client = await connect(parsePostgres(place), 'sqlextract load');
    await client.query(WRITING);
    return client;
  } catch (error) {
    throw asTarget(error, place);
  }
}

/** The problems of a source in the words of a target. */
function asTarget(error: unknown, place: TargetPlace): unknown {
  if (!(error instanceof SqlextractError)) return targetError(error, place);
  const { code, message, fault } = error.problem;
  const ofUrl = code === 'SOURCE_URL_INVALID';
  return new SqlextractError(
    {
      ...error.problem,
      code: ofUrl ? 'TARGET_URL' : 'TARGET_CONNECT',
      message: message.replace(/^the source URL/, 'the target URL'),
      fault: fault === 'configuration' && !ofUrl ? 'source' : fault,
    },
    error,
  );
}
