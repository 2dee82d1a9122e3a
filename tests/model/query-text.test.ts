import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkQuery, normalizeQuery } from '../../src/model/query-text.ts';
import { ANSI_RULES, type LexicalRules, tokenizeSql } from '../../src/model/sql-lexis.ts';
import { checkWhereClause } from '../../src/model/where-clause.ts';
import { SQLITE_RULES } from '../../src/sources/sqlite/lexis.ts';
import { sqlSoup } from '../support/sql-fragments.ts';

const MYSQL: LexicalRules = {
  ...ANSI_RULES,
  backslashEscapes: true,
  doubleQuotes: 'text',
  backticks: 'name',
  hashComments: true,
  dashesNeedBlank: true,
  executableComments: 'refused',
  dollars: 'character',
  escapeTexts: false,
};
const BRACKETS: LexicalRules = { ...ANSI_RULES, brackets: 'doubled name', dollars: 'character', escapeTexts: false };

describe('a query', () => {
  it.each([
    'SELECT 1',
    'select 1;',
    'SELECT 1 ; ; -- end\n ;',
    ' ( SELECT 1 ) UNION SELECT 2',
    '((SELECT 1))',
    'WITH a AS (SELECT 1) SELECT * FROM a',
    'VALUES (1), (2)',
    'TABLE t',
    '/* ; */ SELECT 1 -- ;',
    'SELECT \'DELETE; \' || ";" FROM t',
    'SELECT substring(a FOR 3), "INTO" FROM t',
    'SELECT update, delete FROM (update)',
    'SELECT a FROM t WINDOW w AS (PARTITION BY b)',
    'SELECT $$;$$, $1',
  ])('takes %s', (text) => expect(checkQuery(text)).toBeNull());

  it.each([
    ['', 'empty'],
    ['-- SELECT 1', 'empty'],
    [';', 'empty'],
    ['SELECT 1; SELECT 2', 'semicolon'],
    ['SELECT 1) x, (SELECT 2', 'closes'],
    ['SELECT (1', 'does not close'],
    ['UPDATE t SET a = 1', 'begins with UPDATE'],
    ['(DELETE FROM t)', 'begins with DELETE'],
    ['EXPLAIN SELECT 1', 'begins with EXPLAIN'],
    ["'SELECT'", "begins with 'SELECT'"],
    ['"SELECT" 1', 'begins with "SELECT"'],
    ['SELECT 1 INTO t', 'INTO'],
    ['SELECT 1 into outfile "x"', 'INTO'],
    ['SELECT 1 FROM t FOR UPDATE', 'FOR UPDATE'],
    ['SELECT 1 FROM t for no key update', 'FOR NO KEY UPDATE'],
    ['SELECT 1 FROM t LOCK IN SHARE MODE', 'LOCK IN SHARE MODE'],
    ['WITH a AS (DELETE FROM t RETURNING 1) SELECT * FROM a', 'DELETE'],
    ['WITH a AS NOT MATERIALIZED (update t SET a = 1 RETURNING 1) SELECT * FROM a', 'UPDATE'],
    ["SELECT E'a'\n'\\'' ) ; --'", "E'…'"],
    ['SELECT 1 -- a\rSELECT 2', 'carriage return'],
    ['SELECT 1 \0', 'NUL'],
  ])('refuses %j', (text, reason) => expect(checkQuery(text)).toContain(reason));

  it.each([
    ['SELECT 1', 'SELECT 1'],
    ['\n SELECT 1 ;\n', 'SELECT 1'],
    ['SELECT 1 -- one\n', 'SELECT 1'],
    ['SELECT 1 /* one */ ; -- two', 'SELECT 1'],
    ['SELECT 1 ;\n -- end\n ;', 'SELECT 1'],
    ["SELECT ';' -- x", "SELECT ';'"],
    ['/*+ hint */ SELECT /* in */ 1;', '/*+ hint */ SELECT /* in */ 1'],
  ])('%j becomes %j', (text, normal) => expect(normalizeQuery(text)).toBe(normal));
});

describe('rules of other servers', () => {
  it.each<[string, LexicalRules]>([
    ['SELECT \'it\\\'s ; )\', "a\\"b ; )", `a``; )`', MYSQL],
    ["SELECT 1 # it's ; )", MYSQL],
    ["SELECT 1--1, 'a' -- it's", MYSQL],
    ['SELECT a$b$ FROM t', MYSQL],
    ['SELECT 1 --', MYSQL],
    ['SELECT [a;)]] x], 1 FROM t', BRACKETS],
    ["SELECT [it's], `a)`, E'\\' FROM t", SQLITE_RULES],
    ['SELECT 1 /* a /* b */ ; */', { ...ANSI_RULES, nestedComments: 'nested' }],
  ])('take %s', (text, rules) => expect(checkQuery(text, rules)).toBeNull());

  it.each<[string, LexicalRules, string]>([
    ["SELECT 'a\\'; DELETE FROM t", MYSQL, 'unterminated'],
    ['SELECT 1 --1; DELETE FROM t', MYSQL, 'semicolon'],
    ['SELECT 1 /*!50000 INTO OUTFILE */', MYSQL, 'would execute'],
    ['SELECT 1 /*M! ; */', MYSQL, 'would execute'],
    ['SELECT $$ ; $$', MYSQL, 'semicolon'],
    ['SELECT [a', BRACKETS, 'unterminated'],
    ['SELECT [a]] ; FROM t', BRACKETS, 'unterminated'],
    ['SELECT [a]; [b]', BRACKETS, 'semicolon'],
    ['SELECT $a$ ; $a$', SQLITE_RULES, '$'],
    ["SELECT E'\\' ; SELECT 2 --'", SQLITE_RULES, 'semicolon'],
    ['SELECT 1 /* a /* b */', { ...ANSI_RULES, nestedComments: 'nested' }, 'unterminated'],
    ['SELECT 1 /* a /* b */ */', ANSI_RULES, 'within a comment'],
  ])('refuse %s', (text, rules, reason) => expect(checkQuery(text, rules)).toContain(reason));
});

describe('whatever passes', () => {
  it('is covered by tokens without a gap, and is the same after it was normalized', () => {
    fc.assert(
      fc.property(sqlSoup(), fc.constantFrom(ANSI_RULES, MYSQL, BRACKETS, SQLITE_RULES), (text, rules) => {
        const found = tokenizeSql(text, rules);
        if (found.refused === null) {
          expect(found.tokens.map(({ start, end }) => text.slice(start, end)).join('')).toBe(text);
          expect(found.tokens.every(({ start, end }) => end > start)).toBe(true);
        }
        const query = `SELECT ${text}`;
        if (checkQuery(query, rules) !== null) return;
        const normal = normalizeQuery(query, rules);
        expect(checkQuery(normal, rules)).toBeNull();
        // Two minus signs become a comment when nothing follows them any more.
        if (!rules.dashesNeedBlank) expect(normalizeQuery(normal, rules)).toBe(normal);
      }),
      { numRuns: 5000 },
    );
  });

  // SQLite is the judge: a text that closed the parentheses around it could bring back rows, or leave something behind it to be prepared.
  it('does not leave its parentheses', () => {
    using database = new DatabaseSync(':memory:');
    let prepared = 0;
    const rowsOf = (sql: string): unknown[] | null => {
      try {
        const statement = database.prepare(sql);
        expect(statement.sourceSQL).toBe(sql);
        prepared++;
        return statement.all();
      } catch (error) {
        if ((error as { code?: string }).code === 'ERR_SQLITE_ERROR') return null;
        throw error;
      }
    };
    fc.assert(
      fc.property(sqlSoup(), (text) => {
        if (checkWhereClause(text, SQLITE_RULES) === null) {
          const rows = rowsOf(`SELECT one FROM (SELECT 1 AS one) WHERE one = 2 AND (${text}\n)`);
          expect(rows ?? []).toEqual([]);
        }
        const query = `SELECT ${text}`;
        if (checkQuery(query, SQLITE_RULES) !== null) return;
        const rows = rowsOf(`SELECT 3 AS three FROM (${normalizeQuery(query, SQLITE_RULES)}\n) AS q WHERE 1 = 2`);
        expect(rows ?? []).toEqual([]);
      }),
      { numRuns: 30_000 },
    );
    expect(prepared, 'enough of them are SQL').toBeGreaterThan(300);
  });
});
