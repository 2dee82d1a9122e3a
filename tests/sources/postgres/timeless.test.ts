import { expect, it } from 'vitest';
import { isTimeless } from '../../../src/model/timeless.ts';

it.each([
  ["a = 1 and (b in ('x', 'it''s') or not c is null)", true],
  ['"select" >= 1.5 and price * -2 <> 4', true],
  ["day between '2024-01-01' and '2024-02-01'::date", true],
  ["day > 'today'", false],
  ["at > now() - interval '1 day'", false],
  ['day = CURRENT_DATE', false],
  ['id in (select id from u)', false],
  ['"now" () > at', false],
  ['größe(a) = 1', false],
  ['t.recent', false],
  ['a = 1 -- b', false],
  ['a = $$x$$', false],
  ["a = U&'\\006eow'", false],
  ["a = E'\\''", false],
])('%s picks the same rows for ever: %s', (where, expected) => {
  expect(isTimeless(where)).toBe(expected);
});
