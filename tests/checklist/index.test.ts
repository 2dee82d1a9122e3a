import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/*
 * The conformance checklist: what a tool that copies tables is found out by, one number an item, and the files whose tests carry it in their title. Numbers that are missing here belong to the tests of
 * crashes, files and security, which are whole folders (tests/crash, tests/formats, tests/sinks, tests/cli).
 */
const WHERE: Readonly<Record<number, readonly [item: string, ...files: string[]]>> = {
  1: ['keys at the ends of bigint, every one once', 'checklist/postgres.test.ts'],
  2: ['a sparse key makes no more files than rows', 'checklist/postgres.test.ts'],
  3: ['NULLs of a nullable unique key are in exactly one range', 'checklist/postgres.test.ts'],
  4: ['a text key under an ICU collation, split at every value', 'checklist/postgres.test.ts'],
  5: ['a key of a non-deterministic collation', 'sources/postgres/relations.test.ts'],
  6: ['a collation of another version than the index was built with', 'checklist/postgres.test.ts'],
  7: ['both bounds of a composite key are index conditions', 'checklist/postgres.test.ts'],
  8: ['partitions of three levels, an empty and a foreign leaf', 'checklist/postgres.test.ts'],
  9: ['a parent of inheritance', 'sources/postgres/relations.test.ts'],
  14: ['row-level security', 'checklist/postgres.test.ts'],
  15: ['generated and dropped columns', 'sources/postgres/relations.test.ts'],
  16: ['hostile settings of the role', 'sources/postgres/values.test.ts'],
  17: ['the zoo of values equals the server', 'sources/postgres/values.test.ts'],
  21: ['the ends of BIGINT, signed and unsigned', 'checklist/mariadb.test.ts'],
  22: ['100 000 random DOUBLEs and FLOATs', 'checklist/mariadb.test.ts'],
  23: ['zero and partial dates, TIME beyond 24 hours', 'checklist/mariadb.test.ts'],
  24: ['a text key under utf8mb4_general_ci, split at every value', 'checklist/mariadb.test.ts'],
  25: ['a key of three columns: a range of the full key length', 'checklist/mariadb.test.ts'],
  26: ['no RELOAD and no BACKUP_ADMIN', 'checklist/mariadb-snapshots.test.ts'],
  27: ['a default of READ COMMITTED', 'checklist/mariadb-snapshots.test.ts'],
  28: ['MyISAM is not covered', 'checklist/mariadb-snapshots.test.ts'],
  29: ['TRUNCATE during the run', 'checklist/mariadb-snapshots.test.ts'],
  30: ['the server drops the connection', 'checklist/mariadb-snapshots.test.ts'],
  31: ['JSON with numbers of 20 digits', 'checklist/mariadb.test.ts'],
  32: ['the SRID of a POINT; byte 0x80 of latin1', 'checklist/mariadb.test.ts'],
  33: ['ADD COLUMN during the run', 'checklist/mariadb-snapshots.test.ts'],
  34: ['__proto__, and two columns of one name', 'checklist/mariadb.test.ts'],
  35: ['decimal, money, smallmoney', 'checklist/sqlserver.test.ts', 'sources/sqlserver/decode.test.ts'],
  36: ['the offset of datetimeoffset', 'checklist/sqlserver.test.ts', 'sources/sqlserver/decode.test.ts'],
  37: ['the milliseconds of datetime', 'checklist/sqlserver.test.ts', 'sources/sqlserver/decode.test.ts'],
  38: ['uniqueidentifier keys', 'checklist/sqlserver.test.ts'],
  39: ['varchar keys under a collation of words', 'checklist/sqlserver.test.ts'],
  40: ['another code page', 'checklist/sqlserver.test.ts'],
  41: ['SNAPSHOT isolation off', 'sources/sqlserver/snapshot.test.ts'],
  42: ['errors 3961 and 3966', 'sources/sqlserver/errors.test.ts'],
  43: ['a lone surrogate', 'checklist/sqlserver.test.ts'],
  44: [
    'rowversions of a transaction that is open',
    'sources/sqlserver/cursors.test.ts',
    'sources/sqlserver/cursors-rowversion.test.ts',
  ],
  45: ['cells of every storage class in an INTEGER column', 'sources/sqlite/values.test.ts'],
  46: ['invalid UTF-8 and NUL', 'sources/sqlite/values.test.ts'],
  47: ['WITHOUT ROWID, shadowed row ids, NULLs in a primary key', 'sources/sqlite/keys.test.ts'],
  48: ['a writer in WAL mode', 'engine/consistency-sqlite.test.ts'],
  49: ['a stamp that is committed after the run', 'checklist/incremental.test.ts'],
  50: ['1000 rows with one stamp', 'checklist/incremental.test.ts'],
  51: ['the smallest steps, and runs without changes', 'checklist/incremental.test.ts'],
};

const TESTS = join(import.meta.dirname, '..');

it.each(Object.entries(WHERE))('item %s has its tests: %s', (number, [, ...files]) => {
  for (const file of files) {
    const text = readFileSync(join(TESTS, file), 'utf8');
    // At the beginning of a title of `it`, `test` or `describe` (with `.each(…)` or not), or named at its end.
    const first = new RegExp(String.raw`\b(?:it|test|describe)(?:\.\w+\([\s\S]{0,1500}?\))?\(\s*['"\`]${number}\. `);
    const last = new RegExp(String.raw`\(checklist (?:\d+, )*${number}\b[^)]*\)`);
    expect(first.test(text) || last.test(text), `no test in tests/${file} is of item ${number}`).toBe(true);
    expect(text, `tests/${file} leaves tests out`).not.toMatch(/\b(?:it|test|describe)\.(?:skip|todo|only)\b/);
  }
});
