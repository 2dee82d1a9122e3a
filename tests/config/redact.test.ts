import { check, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { displayCommandLine } from '../../src/config/process-environment.ts';
import { displayUrl, holdsPassword, scrubSecrets, secretsOfUrl } from '../../src/config/redact.ts';

describe('a URL for people', () => {
  test.each([
    ['postgres://u:secret@h:5432/db', 'postgres://u@h:5432/db'],
    ['postgres://u:p%40ss@h/db?sslmode=require&password=x&sslkey=/k', 'postgres://u@h/db?sslmode=require'],
    ['postgres://u@h/db', 'postgres://u@h/db'],
    ['postgres://u:a/b@h/db', 'postgres://***'],
    ['postgres:///db?password=secret', 'postgres:///db'],
    ['sqlite:/data/x.sqlite?key=secret', 'sqlite:/data/x.sqlite'],
    ['/data/with @ sign.sqlite', '/data/with @ sign.sqlite'],
    ['u:secret@h/db', '***'],
  ])('%s', (url, shown) => {
    expect(displayUrl(url)).toBe(shown);
  });

  test('no password of any kind is ever in it', () => {
    // letters of `postgres://u@h/d` and of the sign for what is hidden would be found by chance
    const password = string({ minLength: 4, unit: 'grapheme' }).filter((text) => /^[^posterguhd:/@*?#]+$/.test(text));
    const shownOf = (text: string): boolean =>
      [encodeURIComponent(text), text].some((typed) => displayUrl(`postgres://u:${typed}@h/d`).includes(typed));
    expect(check(property(password, (text) => !shownOf(text)))).toMatchObject({ failed: false });
    expect(check(property(password, (text) => !displayUrl(`postgres://u:a/${text}@h/d`).includes(text)))).toMatchObject(
      { failed: false },
    );
  });
});

test('secrets of a URL in every spelling', () => {
  expect(secretsOfUrl('postgres://u:p%40ss@h/d?password=other')).toEqual(
    expect.arrayContaining(['p%40ss', 'p@ss', 'other']),
  );
  expect(secretsOfUrl('postgres://u:a/b%@h/d')).toContain('a/b%');
  expect(holdsPassword('postgres://u@h/d?sslmode=require')).toBe(false);
  expect(holdsPassword('/data/x.sqlite')).toBe(false);
});

test('secrets are scrubbed, longer ones first, short ones as words only', () => {
  expect(scrubSecrets('auth secret-long failed for secret', ['secret', 'secret-long'])).toBe('auth *** failed for ***');
  expect(scrubSecrets('a table, password a.', ['a'])).toBe('*** table, password ***.');
  expect(scrubSecrets('x$&(y', ['$&(y'])).toBe('x***');
  expect(scrubSecrets('same', [''])).toBe('same');
});

test('the command line for the state holds no password and can be pasted', () => {
  const argv = ['extract', '--source', 'postgres://u:secret@h/d', '--table', "it's", '--where', 'x > 1'];
  expect(displayCommandLine(argv, ['secret'])).toBe(
    "sqlextract extract --source postgres://u@h/d --table 'it'\\''s' --where 'x > 1'",
  );
  expect(displayCommandLine(['extract', '--source=postgres://u:secret@h/d'], [])).toBe(
    'sqlextract extract --source=postgres://u@h/d',
  );
});
