// `src` to `dist/program`: few files, because a start of the program, and of each of its threads, pays for every file that it reads
// (docs/decisions/bundled-program.md). All in one folder, two below the package's as those of src are: a path from `import.meta` holds in both.
import { rmSync } from 'node:fs';
import { dirname, isAbsolute, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'dist');

/** What is started by the name of its file: the program, oclif's list of commands, a worker thread, the process that holds a snapshot. */
const ENTRIES = {
  main: 'main.ts',
  commands: 'commands/index.ts',
  'extract-chunk': 'workers/extract-chunk.ts',
  holder: 'sources/postgres/holder.ts',
};

/** Folders of which nearly every command reads most: one file each, else they would be many small ones. */
const WHOLE = ['model', 'config', 'checkpoint'];

const bundle = await rolldown({
  input: Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, join(root, 'src', path)])),
  platform: 'node',
  // packages stay what npm installs
  external: (id) => !id.startsWith('.') && !isAbsolute(id),
  onLog(level, log) {
    if (level === 'warn') throw new Error(log.message);
  },
});
rmSync(out, { recursive: true, force: true });
await bundle.write({
  dir: join(out, 'program'),
  format: 'esm',
  entryFileNames: '[name].js',
  // another version has other names: a program that is replaced while it runs does not go on with files of both
  chunkFileNames: '[name]-[hash].js',
  codeSplitting: { groups: WHOLE.map((folder) => ({ name: folder, test: join(root, 'src', folder) + sep })) },
  sourcemap: true,
});
await bundle.close();
