import fc from 'fast-check';

/** What opens, closes and escapes quotes and comments in any dialect, and what would be an attack outside of them. */
const FRAGMENTS = [
  ...'\'"`[]()$;\\/*-#\r\n '.split(''),
  "''",
  '""',
  '--',
  '-- ',
  '/*',
  '*/',
  '/*!',
  '$$',
  '$a$',
  'E',
  'e',
  "E'",
  "\\'",
  "n'",
  '1',
  'x',
  ') OR (1 = 1',
  ') OR 1 = 1 --',
  ') UNION ALL SELECT 7 --',
  'OR 1 = 1',
  "'a'",
  '"one"',
  'one',
  ' = ',
  ' AND ',
  '\n',
];

/** Short texts of such pieces; most are no SQL at all, some are. */
export function sqlSoup(): fc.Arbitrary<string> {
  const free = fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 14 }).map((parts) => parts.join(''));
  const begun = fc.tuple(fc.constantFrom('1 = 1 ', "'a' = 'a' ", 'TRUE ', "E'' = '' "), free);
  return fc.oneof(
    free,
    begun.map((parts) => parts.join('')),
  );
}
