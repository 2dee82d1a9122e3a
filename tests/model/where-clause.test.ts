import { expect, it } from 'vitest';
import { checkWhereClause } from '../../src/model/where-clause.ts';

it.each([
  "status = 'paid' AND amount > 10",
  'a = 1 -- and no more',
  "name = 'O''Brien; DROP'",
  'x = ";" AND "a""b" = 1',
  'id IN (SELECT id FROM (SELECT 1) x)',
  "a = $$;)$$ OR b = $tag$ ' ) $tag$",
  "a = E'it\\'s ; ok'",
  "a = '\\' AND b = 1",
  'a /* ; ) */ = 1',
  "type'x' = 1",
  'a$b = 1 AND price$ > 2',
  "a = '`;'",
])('takes %s', (text) => expect(checkWhereClause(text)).toBeNull());

it.each([
  ['', 'empty'],
  ['  \n', 'empty'],
  ['a = 1; DROP TABLE t', 'semicolon'],
  ['a = 1) OR (1 = 1', 'closes'],
  ['(a = 1', 'does not close'],
  ['a = 1)', 'closes'],
  ["a = 'open", 'text constant'],
  ['a = "open', 'quoted name'],
  ['a /* open', 'comment'],
  ['a /* one /* two */ = 1', 'comment'],
  ['a = $x$ open', 'dollar'],
  ["a = E'it\\' ; DROP", 'text constant'],
  ["a = '\\'; DROP TABLE t --'", 'semicolon'],
  ["nameE'\\'; DROP --'", 'semicolon'],
  ['a = $1$ ; $1$', 'semicolon'],
  ['a\0b', 'NUL'],
  ['1 = 1 `) TO STDOUT; DROP TABLE t; (`', 'backtick'],
])('refuses %j', (text, reason) => expect(checkWhereClause(text)).toContain(reason));
