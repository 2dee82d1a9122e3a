import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SqlextractError } from '../../model/problem.ts';
import type { SourceConfig, SourceInput } from '../source.ts';

export interface SqliteOptions {
  /** Absolute. */
  readonly path: string;
  /** Read the file as it lies, without locks and without its -wal: right only when nothing writes to it. Default false. */
  readonly immutable: boolean;
  /** How long to wait for a lock, milliseconds. Default 10 000. */
  readonly timeoutMs: number;
}

const OPTIONS = ['immutable', 'timeout'];

/** `sqlite:path`, `sqlite:///absolute`, `file:…` or a plain path, each with `?immutable=1&timeout=ms`. */
export function parseSqliteUrl(input: SourceInput): SourceConfig {
  const { location, query } = splitUrl(input.url);
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (!OPTIONS.includes(name)) throw badUrl(input.url, `has the option ${name}, which SQLite sources do not know`);
  }
  if (location === '') throw badUrl(input.url, 'names no file');
  const timeout = parameters.get('timeout') ?? '10000';
  if (!/^\d{1,9}$/.test(timeout)) throw badUrl(input.url, 'has a timeout that is not a number of milliseconds');
  const path = resolve(location);
  const immutable = flag(parameters.get('immutable'), input.url);
  const options: SqliteOptions = { path, immutable, timeoutMs: Number(timeout) };
  return { driver: 'sqlite', displayUrl: `sqlite:${path}${immutable ? '?immutable=1' : ''}`, options: { ...options } };
}

export function sqliteOptions(config: SourceConfig): SqliteOptions {
  const { path, immutable, timeoutMs } = config.options;
  if (typeof path !== 'string' || typeof immutable !== 'boolean' || typeof timeoutMs !== 'number') {
    throw new Error('this is not the config of an SQLite source');
  }
  return { path, immutable, timeoutMs };
}

/** A plain path is taken literally, also one with `?` or `%` in it; only a URL has options. */
function splitUrl(url: string): { location: string; query: string } {
  const match = /^(sqlite|file):([^?#]*)(?:\?([^#]*))?$/is.exec(url);
  if (match === null) return { location: url, query: '' };
  const [, , rest = '', query = ''] = match;
  try {
    if (rest.startsWith('//')) return { location: fileURLToPath(`file:${rest}`), query };
    return { location: decodeURIComponent(rest), query };
  } catch {
    throw badUrl(url, 'is not a file of this machine');
  }
}

function flag(text: string | null, url: string): boolean {
  if (text === null || text === '0') return false;
  if (text === '1') return true;
  throw badUrl(url, 'has an immutable that is neither 0 nor 1');
}

function badUrl(url: string, why: string): SqlextractError {
  return new SqlextractError({
    code: 'SOURCE_URL_INVALID',
    message: `the source ${url} ${why}`,
    hint: 'write sqlite:path/to/file.db, optionally with ?immutable=1 or ?timeout=10000',
    fault: 'configuration',
  });
}
