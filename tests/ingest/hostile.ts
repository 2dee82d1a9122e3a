import fc from 'fast-check';

export const HOSTILE: readonly string[] = [
  `a"b`,
  'a`b',
  '[a]]',
  ' a b ',
  'a\nb',
  '😀'.repeat(64),
  '$(id)',
  '{{x}}',
  '*/ DROP TABLE x; /*',
  ';--',
  `'; DROP TABLE x; --`,
  'a\\',
  `\\'`,
  '\\"',
  '$$; DROP TABLE x; $$',
  '$a$',
  '&{x}',
  '<% x %>',
  ':id',
  '!source x',
  '\n!source x\n',
  '\n\\! id\n',
  '-rf',
  '%s',
];

/** Pieces that mean something to some client or server, and anything else. */
export const hostileText = fc
  .array(fc.oneof(fc.constantFrom(...HOSTILE, "'", '"', '`', '\\', '\n', '$', ';'), fc.string({ unit: 'grapheme' })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join(''))
  .filter((text) => text.isWellFormed() && !text.includes('\0') && text !== '');
