import { resolve, sep } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { folderNameOf } from '../../src/sinks/folder-name.ts';

const named = (name: string, schema = '') => folderNameOf({ schema, name });

describe('folderNameOf', () => {
  it('leaves simple names as they are', () => {
    expect(named('users', 'public')).toBe('public.users');
    expect(named('users')).toBe('users');
    expect(named('order-items_2', 'sales')).toBe('sales.order-items_2');
  });

  it('keeps other names readable and marks them', () => {
    expect(named('Users')).toMatch(/^Users~[0-9a-f]{12}$/);
    expect(named('order items', 'public')).toMatch(/^public\.order%20items~[0-9a-f]{12}$/);
    expect(named('a/b')).toMatch(/^a%2Fb~/);
    expect(named('../x')).toMatch(/^%2E%2E%2Fx~/);
    expect(named('CON')).toMatch(/^%43ON~/);
    expect(named('nul', '')).toMatch(/^%6Eul~/);
    expect(named('users', 'con')).toMatch(/^%63on\.users~/);
    expect(named('-rf')).toMatch(/^%2Drf~/);
    expect(named('')).toMatch(/^_~/);
    expect(named('b.c', 'a')).not.toBe(named('c', 'a.b'));
  });

  it('gives hostile names distinct folders inside the root', () => {
    const hostile = [
      '../x',
      'a/b',
      'A',
      'a',
      'CON',
      'con',
      'x"; DROP',
      '$(id)',
      '😀'.repeat(64),
      '😀'.repeat(65),
      '.',
      '..',
      '',
      '~',
      'a~b',
    ];
    const all = [
      ...hostile,
      '\u00e9',
      'e\u0301',
      'a ',
      'a.',
      'x'.repeat(300),
      'x'.repeat(301),
      'nul.txt',
      'a\u0000',
      'a\nb',
      '-rf',
      '%2e',
      '%2E',
    ];
    const names = all.flatMap((name) => [named(name), named(name, 'public'), named('t', name)]);
    // named('t', '') is the one table that two of the calls mean.
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length);
    for (const name of names) expectSafe(name);
  });

  it('is injective, also where case does not count, and safe for any two tables', () => {
    const part = fc.oneof(
      fc.string({ maxLength: 300, unit: 'binary' }),
      fc.string({ maxLength: 8 }),
      fc.constantFrom(
        'a',
        'A',
        'aa',
        'aA',
        'Aa',
        '.',
        '..',
        '',
        'con',
        'COM1',
        '\ud800',
        '\udbff',
        '\ufffd',
        '%41',
        'a.b',
      ),
      fc.stringMatching(/^[a-z0-9_-]{1,210}$/),
    );
    const table = fc.record({ schema: part, name: part });
    fc.assert(
      fc.property(table, table, (one, other) => {
        const names = [folderNameOf(one), folderNameOf(other)] as const;
        names.forEach(expectSafe);
        const same = one.schema === other.schema && one.name === other.name;
        expect(names[0].toLowerCase() === names[1].toLowerCase()).toBe(same);
      }),
      { numRuns: 3000 },
    );
  });

  it('is injective between names that differ by case only', () => {
    const letters = fc.stringMatching(/^[a-zA-Z]{1,12}$/);
    fc.assert(
      fc.property(letters, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), (name, flips) => {
        const other = Array.from(name, (letter, index) => (flips[index] === true ? swapCase(letter) : letter)).join('');
        expect(named(name).toLowerCase() === named(other).toLowerCase()).toBe(name === other);
      }),
      { numRuns: 2000 },
    );
  });
});

function swapCase(letter: string): string {
  return letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
}

function expectSafe(name: string): void {
  expect(name).toMatch(/^[A-Za-z0-9_%][A-Za-z0-9_%~.-]*$/);
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
  expect(name).not.toMatch(/[. ]$/);
  expect(name.split('.')[0]).not.toMatch(/^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/i);
  const root = resolve('/out');
  expect(resolve(root, name).startsWith(root + sep)).toBe(true);
}
