import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sourceTypes } from '../src/cli/source-types.ts';
import { driverByName, SOURCE_NAMES } from '../src/sources/registry.ts';
import { typesPage } from './support/types-page.ts';

/** TYPES.md of every source says what its code does: `vitest -u` after a change. docs/types.md has a link to each. */

const ROOT = join(import.meta.dirname, '..');

describe.each(SOURCE_NAMES)('the types of %s', (name) => {
  const path = join(ROOT, 'src', 'sources', name, 'TYPES.md');

  it('are on its page, with what each format writes', async () => {
    const types = await sourceTypes(await driverByName(name));
    expect(types.types.length).toBeGreaterThan(5);
    await expect(typesPage(path, types)).toMatchFileSnapshot(path);
  });

  it('have one line each, and a note where nothing is written', async () => {
    const { types } = await sourceTypes(await driverByName(name));
    const natives = types.map(({ native }) => native);
    expect(natives.filter((native, index) => natives.indexOf(native) !== index)).toEqual([]);
    const silent = types.filter(({ note, written }) => note === null && Object.values(written).includes(null));
    expect(silent).toEqual([]);
  });

  it('begin with the caveat of the source, when it has one', async () => {
    const { caveat } = await driverByName(name);
    const [, , first = ''] = readFileSync(path, 'utf8').split('\n');
    expect(caveat === undefined || first === caveat).toBe(true);
  });

  it('are linked from docs/types.md', () => {
    expect(readFileSync(join(ROOT, 'docs', 'types.md'), 'utf8')).toContain(`](../src/sources/${name}/TYPES.md)`);
  });
});
