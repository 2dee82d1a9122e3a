import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commaList, commentText, Quoted, shellWord, sql, word } from '../../src/ingest/quoted.ts';

/** Texts of what shells and SQL give a meaning to, among others of any kind. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      '$',
      '(',
      ')',
      '`',
      "'",
      '"',
      '\\',
      '\n',
      ' ',
      ';',
      '&',
      '|',
      '*',
      '~',
      '#',
      '!',
      '-',
      '{',
      '}',
      '😀',
      'a',
    ),
  }),
);

/** What a real shell makes of a word: its own bytes, with a mark after them, so that line ends at the end are not lost. */
function throughShell(shell: string, text: string): string {
  return execFileSync(shell, ['-c', `printf '%s|' ${String(shellWord(text))}`], { encoding: 'utf8' });
}

describe('words of a shell', () => {
  test.each(['sh', 'bash'])('come out of %s as they went in, whatever is in them', (shell) => {
    fc.assert(
      fc.property(hostile, (text) => {
        const plain = text.replaceAll('\0', '').toWellFormed();
        expect(throughShell(shell, plain)).toBe(`${plain}|`);
      }),
      { numRuns: 60 },
    );
  });

  test.each(['', "'", "it's", '$(id)', '`id`', '-rf', '~', 'a b', '*', '{{x}}', 'a\nb', '\\', "'; id #"])(
    '%j',
    (text) => {
      expect(throughShell('sh', text)).toBe(`${text}|`);
    },
  );

  test('plain words stay readable, and a NUL cannot be written', () => {
    expect(String(shellWord('export/users/part-000001.csv.gz'))).toBe('export/users/part-000001.csv.gz');
    expect(() => shellWord('a\0b')).toThrow('NUL');
  });
});

describe('texts inside comments', () => {
  test('end neither a line nor a comment, whatever is in them', () => {
    fc.assert(
      fc.property(
        fc.oneof(hostile, fc.string({ unit: fc.constantFrom('*', '/', '-', '\r', '\n', '\u2028', '\u0085') })),
        (text) => {
          const shown = String(commentText(text));
          expect(shown).not.toMatch(/[\n\r\u0085\u2028\u2029\0]/);
          expect(shown).not.toContain('*/');
          expect(shown).not.toContain('/*');
        },
      ),
    );
  });

  test('directions of writing are not changed by them', () => {
    expect(String(commentText('a\u202eb'))).toBe('a?b');
  });
});

test('parts are put between words as they are', () => {
  const name = new Quoted('"a${b}"');
  expect(String(sql`unhex(${name}, ${3})`)).toBe('unhex("a${b}", 3)');
  expect(String(sql`${name}`)).toBe('"a${b}"');
  expect(String(commaList([word('a'), name]))).toBe('a, "a${b}"');
  expect(String(commaList([]))).toBe('');
});
