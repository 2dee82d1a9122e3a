import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/commands/index.ts';

const SNAPSHOT = new URL('./surface.snapshot.json', import.meta.url);

interface FlagFacts {
  readonly type: string;
  readonly char?: string;
  readonly multiple?: boolean;
  readonly allowNo?: boolean;
  readonly required?: boolean;
}

function surface(): Readonly<Record<string, Readonly<Record<string, FlagFacts>>>> {
  const facts = (flag: FlagFacts): FlagFacts => ({
    type: flag.type,
    ...(flag.char === undefined ? {} : { char: flag.char }),
    ...(flag.multiple === true ? { multiple: true } : {}),
    ...(flag.allowNo === true ? { allowNo: true } : {}),
    ...(flag.required === true ? { required: true } : {}),
  });
  return Object.fromEntries(
    Object.entries(COMMANDS)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, command]) => {
        const flags = Object.entries(command.flags as unknown as Readonly<Record<string, FlagFacts>>);
        return [
          name,
          Object.fromEntries(
            flags.toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([flag, is]) => [flag, facts(is)]),
          ),
        ];
      }),
  );
}

/** Removing or renaming a flag breaks somebody's cron line: whoever means it updates the snapshot (`npm test -- -u`) and the changelog. */
test('commands and flags are those of the committed snapshot', async () => {
  await expect(`${JSON.stringify(surface(), null, 2)}\n`).toMatchFileSnapshot(SNAPSHOT.pathname);
});

test('the snapshot is committed and not empty', async () => {
  const committed = JSON.parse(await readFile(SNAPSHOT, 'utf8')) as object;
  expect(Object.keys(committed)).toEqual(expect.arrayContaining(['init', 'inspect', 'status']));
});

describe.each(Object.entries(COMMANDS))('%s', (_, command) => {
  test('says what it is for and shows how', () => {
    expect(command.summary).toMatch(/^[A-Z].+[.]$/);
    expect(command.description?.length).toBeGreaterThan(20);
    expect(command.examples?.length).toBeGreaterThanOrEqual(1);
  });

  test('every flag has a summary', () => {
    const flags = Object.entries(command.flags as Readonly<Record<string, { readonly summary?: string }>>);
    expect(flags.filter(([, { summary = '' }]) => !summary.endsWith('.')).map(([name]) => name)).toEqual([]);
  });
});
