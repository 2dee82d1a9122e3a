import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';

/** A moment as fixed-width text in UTC, so that the order of the texts is the order of the moments. */
export type UtcMoment = string;

/** A transaction in flight in this database, seen from outside of it. */
export interface OpenTransaction {
  readonly pid: string;
  readonly application: string;
  readonly began: UtcMoment;
  /** The earliest that it may stamp rows with; before `began` in a procedure that commits inside: `statement_timestamp()` is when it was called. */
  readonly stampsFrom: UtcMoment;
}

/** Ended for its session, not for the server; when it began is not recorded anywhere. */
export interface PreparedTransaction {
  readonly gid: string;
  readonly prepared: UtcMoment;
}

export interface Look {
  readonly open: readonly OpenTransaction[];
  readonly prepared: readonly PreparedTransaction[];
  /** Why not all of them can be seen; null when they can. */
  readonly blind: string | null;
}

/** A backend takes the time of its statement before it publishes it; two looks so far apart find it. */
export const LOOKS_APART_MS = 50;

/** SQL for a UtcMoment. */
export function utcMoment(expression: string): string {
  return `pg_catalog.to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`;
}

/**
 * A statement that runs counts from where it began, which is published with it; the transaction's own start may come a moment later.
 * Left out are: autovacuum, which writes no rows of its own and runs for hours, and the sessions of this program, which by their names read only
 * (pin-session.ts; the loader's has another name) and hold snapshots for as long as a run lasts.
 */
const OPEN = `
  SELECT a.pid, a.application_name AS application, a.state = 'disabled' AS untold,
    a.usesysid IS NOT NULL AND a.query = '<insufficient privilege>' AS hidden,
    ${utcMoment("CASE WHEN a.state IN ('active', 'fastpath function call') THEN least(a.xact_start, a.query_start) ELSE a.xact_start END")} AS stamps_from,
    ${utcMoment("coalesce(a.xact_start, CASE WHEN a.state IN ('active', 'fastpath function call') THEN a.query_start END)")} AS began
  FROM pg_catalog.pg_stat_activity a
  WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
    AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
    AND a.application_name NOT IN ('sqlextract coordinator', 'sqlextract reader', 'sqlextract holder')`;

const PREPARED = `
  SELECT gid, ${utcMoment('prepared')} AS prepared FROM pg_catalog.pg_prepared_xacts
  WHERE database = pg_catalog.current_database() ORDER BY prepared`;

/**
 * The sessions first, then the prepared transactions: one that is prepared in between is seen as the former. Outside of a transaction only,
 * within which the server would answer the same twice.
 */
export async function lookAtTransactions(client: pg.Client): Promise<Look> {
  const sessions = await client.query<Record<string, string | null>>(OPEN);
  const { rows: prepared } = await client.query<{ gid: string; prepared: string }>(PREPARED);
  const open = sessions.rows.filter((row) => typeof row['began'] === 'string').map(openOf);
  return { open, prepared, blind: blindness(sessions.rows) };
}

function openOf(row: Record<string, string | null>): OpenTransaction {
  const { pid, application, began, stamps_from: stampsFrom } = row;
  return { pid: pid ?? '', application: application ?? '', began: began ?? '', stampsFrom: stampsFrom ?? began ?? '' };
}

function blindness(rows: readonly Record<string, string | null>[]): string | null {
  if (rows.some((row) => row['hidden'] === 't')) {
    return 'this account may not see when the transactions of others began (GRANT pg_read_all_stats lets it)';
  }
  if (rows.some((row) => row['untold'] === 't')) return 'a session has track_activities off';
  return null;
}

/** What there is at either of two looks. */
export async function lookTwice(client: pg.Client, signal: AbortSignal): Promise<Look> {
  const first = await lookAtTransactions(client);
  await pause(LOOKS_APART_MS, signal);
  const second = await lookAtTransactions(client);
  return {
    open: [...first.open, ...second.open],
    prepared: [
      ...first.prepared,
      ...second.prepared.filter(({ gid }) => first.prepared.every((one) => one.gid !== gid)),
    ],
    blind: first.blind ?? second.blind,
  };
}

/** Throws the signal's reason. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await delay(milliseconds, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}

/** `transaction of process 4711 (psql, since 2024-01-31 08:00:00 UTC)`. */
export function nameOpen({ pid, application, began }: OpenTransaction): string {
  return `the transaction of process ${pid} (${application === '' ? 'without a name' : application}, since ${shown(began)})`;
}

export function namePrepared({ gid, prepared }: PreparedTransaction): string {
  return `the prepared transaction ${JSON.stringify(gid)} (since ${shown(prepared)})`;
}

function shown(moment: UtcMoment): string {
  return `${moment.slice(0, 19)} UTC`;
}
