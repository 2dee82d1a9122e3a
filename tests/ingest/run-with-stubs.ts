import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Script } from '../../src/ingest/target.ts';

const run = promisify(execFile);

export interface Call {
  readonly folder: string;
  readonly words: readonly string[];
}

/**
 * Writes the scripts into `folder`/scripts and runs one of them with clients that only write down what they were called with. `answers`:
 * what a client prints, by its name.
 */
export async function runWithStubs(
  folder: string,
  scripts: readonly Script[],
  name: string,
  clients: readonly string[],
  options: {
    readonly words?: readonly string[];
    readonly answers?: Readonly<Record<string, string>>;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<{ readonly calls: readonly Call[]; readonly stdout: string }> {
  const place = join(folder, 'scripts');
  const bin = join(folder, 'bin');
  const log = join(folder, 'calls');
  await mkdir(place, { recursive: true });
  await mkdir(bin, { recursive: true });
  await writeFile(log, '');
  for (const script of scripts) await writeFile(join(place, script.name), script.text);
  for (const client of clients) {
    const answer = options.answers?.[client] ?? '';
    await writeFile(join(bin, `${client}.answer`), answer);
    // two clients at once must not write into each other's words
    const words = `{ printf '%s\\0' "$PWD" ${client} "$@"; printf '\\1\\0'; } >&9`;
    const text = `#!/bin/bash\nexec 9>>"$CALLS"\nflock 9\n${words}\nflock -u 9\ncat -- "$0.answer"\n`;
    await writeFile(join(bin, client), text);
    await chmod(join(bin, client), 0o755);
  }
  const path = `${bin}${delimiter}${process.env['PATH'] ?? ''}`;
  const { stdout } = await run('bash', [join(place, name), ...(options.words ?? [])], {
    cwd: dirname(folder),
    env: { ...process.env, ...options.env, PATH: path, CALLS: log },
  });
  const calls = (await readFile(log, 'utf8')).split('\u0001\0').filter((text) => text !== '');
  return {
    stdout,
    calls: calls.map((text) => {
      const [at = '', ...words] = text.split('\0').slice(0, -1);
      return { folder: at, words };
    }),
  };
}
