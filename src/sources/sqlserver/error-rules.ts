import type { Problem } from '../../model/problem.ts';

export type Rule = Pick<Problem, 'code' | 'fault' | 'verdict' | 'hint'>;

const BUSY: Rule = {
  code: 'SOURCE_BUSY',
  fault: 'source',
  verdict: 'reconnect',
  hint: 'the server is at a limit, moving, or not ready; run the same command again, with fewer --workers to ask less of it',
};
const LOST: Rule = {
  code: 'SOURCE_CONNECTION_LOST',
  fault: 'source',
  verdict: 'reconnect',
  hint: 'look for what cut it (the server, a proxy, the network), then run the same command again',
};
const CONFLICT: Rule = {
  code: 'SOURCE_CONFLICT',
  fault: 'source',
  verdict: 'retry',
  hint: 'other sessions changed the same rows at the same time; run the same command again',
};
const SNAPSHOT: Rule = {
  code: 'SNAPSHOT_LOST',
  fault: 'source',
  verdict: 'epoch-lost',
  hint: 'the snapshot ended on the server (a changed table, or a full version store); the rest can only be read from a newer one',
};
/** A view or a query with a memory-optimized table in it; the tables themselves are read otherwise (memory-optimized.ts). */
const IN_MEMORY: Rule = {
  code: 'SNAPSHOT_UNAVAILABLE',
  fault: 'configuration',
  verdict: 'fatal',
  hint: 'a memory-optimized table cannot be read in a snapshot transaction: use --consistency chunk for this view or query, or read its tables by themselves',
};
const LOCKED: Rule = {
  code: 'SOURCE_LOCKED',
  fault: 'source',
  verdict: 'smaller',
  hint: 'another session holds locks on the table: see sys.dm_tran_locks; READ_COMMITTED_SNAPSHOT or snapshot isolation would read past them',
};
const MEMORY: Rule = {
  code: 'SOURCE_OUT_OF_MEMORY',
  fault: 'source',
  verdict: 'smaller',
  hint: 'the server has no memory for the query; a smaller piece is tried. Fewer --workers ask less of it',
};
const TIMEOUT: Rule = {
  code: 'SOURCE_TIMEOUT',
  fault: 'source',
  verdict: 'smaller',
  hint: 'the request took longer than the server lets it; a smaller piece is tried',
};
const AUTH: Rule = {
  code: 'SOURCE_AUTH',
  fault: 'configuration',
  verdict: 'fatal',
  hint: 'check user and password (SQLCMDPASSWORD), that the server takes SQL logins, and ?authentication=',
};
const DATABASE: Rule = {
  code: 'SOURCE_DATABASE_NOT_FOUND',
  fault: 'configuration',
  verdict: 'fatal',
  hint: 'check the database name at the end of the source URL, and that the login has a user in it',
};
const FIREWALL: Rule = {
  code: 'SOURCE_UNREACHABLE',
  fault: 'configuration',
  verdict: 'fatal',
  hint: 'a firewall rule of the server has to let this address in',
};
const PERMISSION: Rule = {
  code: 'SOURCE_PERMISSION',
  fault: 'configuration',
  verdict: 'fatal',
  hint: 'GRANT SELECT on the table to this login',
};
const CHANGED: Rule = {
  code: 'SOURCE_CHANGED',
  fault: 'source',
  verdict: 'fatal',
  hint: 'the table was changed since the plan was made, or a name in --where is wrong; run again with --fresh',
};
const BROKEN: Rule = {
  code: 'SOURCE_BROKEN',
  fault: 'source',
  verdict: 'fatal',
  hint: 'the server reports an I/O error or a damaged page: look into its log, run DBCC CHECKDB',
};
const NO_SNAPSHOT: Rule = {
  code: 'SNAPSHOT_UNAVAILABLE',
  fault: 'configuration',
  verdict: 'fatal',
  hint: 'ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON, or point the source URL at a database snapshot',
};

function each(rule: Rule, ...numbers: number[]): [number, Rule][] {
  return numbers.map((number) => [number, rule]);
}

/**
 * By the server's error number. Transient ones as Entity Framework Core has them (SqlServerTransientExceptionDetector.cs);
 * https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors for the others.
 */
const BY_NUMBER: ReadonlyMap<number, Rule> = new Map([
  ...each(
    BUSY,
    49_920,
    42_109,
    42_108,
    40_540,
    40_143,
    4221,
    983,
    978,
    615,
    49_919,
    49_918,
    41_839,
    40_613,
    40_501,
    40_197,
    10_929,
    10_928,
    10_936,
    17_187,
    17_809,
  ),
  ...each(LOST, 10_060, 10_054, 10_053, 997, 233, 121, 64, 20, 596, 6005, 6006),
  ...each(CONFLICT, 1205, 41_325, 41_305, 41_302, 41_301),
  ...each(SNAPSHOT, 3957, 3958, 3959, 3960, 3961, 3966, 3967),
  ...each(NO_SNAPSHOT, 3952, 3953),
  ...each(IN_MEMORY, 41_332, 41_333, 41_368),
  ...each(LOCKED, 1222),
  ...each(MEMORY, 701, 802, 1204, 8645, 8651),
  ...each(TIMEOUT, -2, 3617),
  ...each(AUTH, 18_456, 18_452, 18_470, 18_486, 18_487, 18_488),
  ...each(DATABASE, 4060, 911, 916),
  ...each(FIREWALL, 40_615, 40_914),
  ...each(PERMISSION, 229, 230, 262, 297, 300),
  ...each(CHANGED, 207, 208, 213, 4104, 2801, 16_943),
  ...each(BROKEN, 823, 824, 825, 605, 5242, 5243, 1101, 1105, 9002),
]);

/** What Babelfish says under one number for all that it has no other number for. */
const BABELFISH = 33_557_097;

/** Null when the number says nothing by itself. */
export function ruleForNumber(number: number, message: string): Rule | null {
  return BY_NUMBER.get(number) ?? (number === BABELFISH ? ruleForMessage(message) : null);
}

/** Words of PostgreSQL under Babelfish, and of a refused login, whose number the driver drops. */
const BY_MESSAGE: readonly (readonly [RegExp, Rule])[] = [
  [/(relation|column) .* does not exist|invalid object name|invalid column name/i, CHANGED],
  [/permission denied/i, PERMISSION],
  [/lock timeout/i, LOCKED],
  [/deadlock detected/i, CONFLICT],
  [/could not serialize access|snapshot too old/i, SNAPSHOT],
  [/current transaction is aborted|terminating connection|the database system is (starting|shutting)/i, LOST],
  [/statement timeout|user request/i, TIMEOUT],
  [/out of memory/i, MEMORY],
  [/could not read block|invalid page/i, BROKEN],
  [/database .* (does not exist|is not currently available)|cannot open database/i, DATABASE],
  [/client with ip address|is not allowed to access the server/i, FIREWALL],
];

export function ruleForMessage(message: string): Rule | null {
  if (/is not currently available/i.test(message)) return BUSY;
  return BY_MESSAGE.find(([pattern]) => pattern.test(message))?.[1] ?? null;
}
