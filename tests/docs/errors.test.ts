import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';

/** docs/errors.md against the code: every error code that src and bin can give out is explained, and nothing else is. */

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = readFileSync(join(ROOT, 'docs', 'errors.md'), 'utf8');

/** Words of the same shape in src that are no error codes: environment variables, and names that databases and drivers have. */
const NOT_CODES =
  /^(?:SQLEXTRACT_|ERR_|PG[A-Z]+_|MYSQL_|SQLCMD|INFORMATION_SCHEMA$|INNODB_|HANDSHAKE_|PROTOCOL_CONNECTION_LOST$|BYTE_ARRAY$)/;
const NAMES_OF_DATABASES = new Set(
  'ALLOW_INVALID_DATES ANSI_NULLS ASYNC_NETWORK_IO CHECK_CONSTRAINTS CONCAT_NULL_YIELDS_NULL NO_CHAIN ONLY_FULL_GROUP_BY QUOTED_IDENTIFIER READ_ONLY TABLE_NAME'.split(
    ' ',
  ),
);

/** Files of targets are full of other people's words (`TIMESTAMP_NTZ`): of them only what stands behind `code:` is a code. */
const WORDS_OF_TARGETS = /^(?:ingest\/targets|load\/loaders)\//;

function sources(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.[jt]s$/.test(path))
    .map((path) => {
      const text = readFileSync(join(ROOT, folder, path), 'utf8');
      if (!WORDS_OF_TARGETS.test(path)) return text;
      return [...text.matchAll(/code: '[A-Z_]+'/g)].map(([code]) => code).join('\n');
    });
}

/** `code: 'INTERNAL'`, and every other literal like `'USAGE_SIZE'`: codes are also handed to functions that make the error. */
function codesInSource(): ReadonlySet<string> {
  const text = sources('src').join('\n');
  const literals = [...text.matchAll(/'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'|\bcode: '([A-Z]+)'/g)];
  const launcher = [
    ...sources('bin')
      .join('\n')
      .matchAll(/code: ([A-Z]+(?:_[A-Z]+)*)/g),
  ].map(([, code = '']) => code);
  const codes = literals
    .map(([, word, single]) => word ?? single ?? '')
    .filter((code) => !NOT_CODES.test(code) && !NAMES_OF_DATABASES.has(code));
  return new Set([...codes, ...launcher]);
}

interface Explained {
  readonly code: string;
  readonly exits: readonly number[];
}

function explained(): readonly Explained[] {
  return [...PAGE.matchAll(/^\| `([A-Z0-9_]+)`\s*\| ([\d, ]+?)\s*\|/gm)].map(([, code = '', exits = '']) => ({
    code,
    exits: exits.split(',').map(Number),
  }));
}

test('every code of the program is explained once, and no other', () => {
  const codes = explained().map(({ code }) => code);
  expect(codes.length).toBeGreaterThan(80);
  expect(codes.toSorted()).toEqual([...codesInSource()].toSorted());
});

test('exit codes are those of cli/exit-codes.ts', () => {
  const listed = [...PAGE.matchAll(/^\| (\d+)\s*\|/gm)].map(([, code]) => Number(code));
  expect(listed).toEqual([0, ...Object.values(EXIT_CODES), 130, 143]);
  const known = new Set(Object.values(EXIT_CODES));
  expect(explained().filter(({ exits }) => !exits.every((exit) => known.has(exit)))).toEqual([]);
});

test('a code whose fault is written beside it has that exit code', () => {
  const exitsOf = new Map(explained().map(({ code, exits }) => [code, exits]));
  const pairs = sources('src').flatMap((text) =>
    [...text.matchAll(/\bcode: '([A-Z0-9_]+)',(?:(?!\bcode: )[^])*?\bfault: '(\w+)'/g)].map(
      ([, code = '', fault = '']) => ({
        code,
        exit: EXIT_CODES[fault as keyof typeof EXIT_CODES],
      }),
    ),
  );
  expect(pairs.length).toBeGreaterThan(60);
  expect(pairs.filter(({ code, exit }) => exitsOf.get(code)?.includes(exit) !== true)).toEqual([]);
});
