import { readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

/** The rules of the house (docs and CONTRIBUTING.md say why): read from the files themselves, so that they hold. */

interface SourceFile {
  /** `engine/run.ts`, below src/. */
  readonly path: string;
  readonly text: string;
  /** The text without comments. */
  readonly code: string;
  /** Paths below src/. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

const SRC = resolve(import.meta.dirname, '../src');
const FILES: readonly SourceFile[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .toSorted()
  .map(readSource);

function readSource(path: string): SourceFile {
  const text = readFileSync(join(SRC, path), 'utf8');
  const code = withoutComments(text);
  const named = [...code.matchAll(/(?:\bfrom|\bimport|\bimport\(|\bnew URL\()\s*(['"`])([^'"`]+)\1/g)].map(
    ([, , name = '']) => name,
  );
  const local = named.filter((name) => name.startsWith('.'));
  return {
    path,
    text,
    code,
    imports: local.map((name) => relative(SRC, resolve(SRC, dirname(path), name))),
    packages: named.filter((name) => !name.startsWith('.')),
  };
}

function withoutComments(text: string): string {
  return text.replaceAll(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[^]*?\*\/|\/\/.*/g,
    (_, literal?: string) => literal ?? '',
  );
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '.';
}

/** Files and what they break, as lines, so that a failure says all of it. */
function findings(check: (file: SourceFile) => readonly string[], files = FILES): readonly string[] {
  return files.flatMap((file) => check(file).map((finding) => `${file.path}: ${finding}`));
}

/** What is left when files that import nothing of what is left, and files that nothing left imports, are taken away again and again. */
function circles(files: readonly SourceFile[]): readonly string[] {
  const left = new Map(files.map(({ path, imports }) => [path, new Set(imports)]));
  for (let before = -1; before !== left.size; ) {
    before = left.size;
    const imported = new Set([...left.values()].flatMap((imports) => [...imports]));
    for (const [path, imports] of left) {
      if (!imported.has(path) || ![...imports].some((target) => left.has(target))) left.delete(path);
    }
  }
  return [...left.keys()];
}

/** Which folders, or single files of a folder, a folder may import besides its own and `model`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  '.': ['cli', 'commands', 'config'],
  commands: [
    'cli',
    'config',
    'engine',
    'verify',
    'deletes',
    'changes',
    'catch-up',
    'clean',
    'ingest',
    'load',
    'sync',
    'sample',
    'checkpoint',
    'sources/registry.ts',
    'formats/registry.ts',
  ],
  cli: [
    'config',
    'engine',
    'deletes',
    'changes',
    'catch-up',
    'verify',
    'clean',
    'ingest',
    'load',
    'sync',
    'checkpoint',
    'sample',
    'sources/registry.ts',
    'sources/source.ts',
    'formats/registry.ts',
    'formats/format.ts',
  ],
  config: [],
  engine: [
    'planner',
    'checkpoint',
    'workers',
    'sinks',
    'sources/registry.ts',
    'sources/source.ts',
    'sources/cursors.ts',
    'formats/registry.ts',
    'formats/format.ts',
  ],
  /** What sync remembers on disk is read in one place. */
  clean: ['checkpoint', 'sinks', 'sync/unloaded-runs.ts'],
  /** Key sets are compared by what reads and writes files elsewhere. */
  deletes: ['engine', 'checkpoint', 'sinks', 'verify', 'load'],
  changes: ['deletes', 'engine', 'checkpoint', 'sinks', 'verify', 'load', 'formats/registry.ts'],
  'catch-up': ['engine', 'checkpoint', 'deletes', 'sources/source.ts', 'sources/cursors.ts'],
  verify: [
    'checkpoint',
    'sinks',
    'sources/registry.ts',
    'sources/source.ts',
    'formats/registry.ts',
    'formats/format.ts',
  ],
  workers: ['sources/registry.ts', 'sources/source.ts', 'formats/registry.ts', 'formats/format.ts', 'sinks'],
  planner: [],
  sources: [],
  formats: [],
  sinks: [],
  checkpoint: [],
  sample: [],
  ingest: [],
  /** A target that is a source as well is connected to in the same way: TLS, password files, pinned sessions. */
  load: [
    'ingest',
    ...['postgres', 'mysql', 'sqlserver', 'sqlite'].flatMap((source) =>
      [
        'config.ts',
        'connect.ts',
        'connection.ts',
        'open-connection.ts',
        'tls.ts',
        'option-file.ts',
        'pgpass.ts',
        'quote.ts',
        'watchdog.ts',
      ].map((file) => `sources/${source}/${file}`),
    ),
  ],
  sync: ['changes', 'deletes', 'engine', 'checkpoint', 'verify', 'ingest', 'load'],
  model: [],
};

describe('imports run one way', () => {
  test('the files were found', () => {
    expect(FILES.length).toBeGreaterThan(100);
    expect(FILES.find(({ path }) => path === 'main.ts')?.imports).toContain('cli/exit-codes.ts');
  });

  test('every folder imports only what is below it', () => {
    const broken = findings(({ path, imports }) => {
      const folder = folderOf(path);
      const allowed = MAY_IMPORT[folder];
      if (allowed === undefined) return ['this folder is not in the layout'];
      return imports.filter((target) => {
        const other = folderOf(target);
        const always = other === folder || (other === 'model' && folder !== 'model');
        return !always && !allowed.includes(other) && !allowed.includes(target);
      });
    });
    expect(broken).toEqual([]);
  });

  test('model imports nothing but itself', () => {
    const model = FILES.filter(({ path }) => folderOf(path) === 'model');
    expect(model.length).toBeGreaterThan(5);
    expect(
      findings(
        ({ imports, packages }) => [...imports.filter((target) => folderOf(target) !== 'model'), ...packages],
        model,
      ),
    ).toEqual([]);
  });

  test('no files need each other in a circle, types included', () => {
    expect(circles(FILES)).toEqual([]);
  });

  test('one source knows nothing of another', () => {
    const broken = findings(({ path, imports }) => {
      const [folder, source] = path.split('/');
      if (folder !== 'sources' || path.split('/').length < 3) return [];
      return imports.filter(
        (target) => target.split('/').length > 2 && target.split('/')[1] !== source && folderOf(target) === 'sources',
      );
    });
    expect(broken).toEqual([]);
  });

  test('no file imports itself in a circle over folders', () => {
    const edges = new Map<string, Set<string>>();
    for (const { path, imports } of FILES) {
      for (const target of imports) {
        const [from, to] = [folderOf(path), folderOf(target)];
        if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to));
      }
    }
    const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
      [...(edges.get(from) ?? [])].some(
        (next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))),
      );
    expect([...edges.keys()].filter((folder) => reaches(folder, folder))).toEqual([]);
  });

  test('a command file reads only what --help needs; the rest is imported when it runs', () => {
    const commands = FILES.filter(({ path }) => folderOf(path) === 'commands' && path !== 'commands/index.ts');
    const broken = findings(({ code }) => {
      const atTop = [...code.matchAll(/^import (?!type\b)[^]*?from\s*'([^']+)'/gm)].map(([, name = '']) => name);
      const quick = [
        ...['base-command', 'flags', 'incremental-flags', 'load-flags', 'location-flags', 'watermark-flags'].map(
          (name) => `../cli/${name}.ts`,
        ),
        '@oclif/core/flags',
        '@oclif/core/args',
      ];
      return atTop.filter((name) => !quick.includes(name));
    }, commands);
    expect(commands.length).toBeGreaterThanOrEqual(5);
    expect(broken).toEqual([]);
  });
});

describe('who may do what', () => {
  /** The files outside of the folders whose code, comments left out, has the pattern. */
  function usersOutside(folders: readonly string[], pattern: RegExp): readonly string[] {
    return FILES.filter(({ path, code }) => !folders.includes(folderOf(path)) && pattern.test(code)).map(
      ({ path }) => path,
    );
  }

  /** Exceptions are named with their reason; one that is no longer needed fails as well. */
  function named(exceptions: Readonly<Record<string, string>>): readonly string[] {
    return Object.keys(exceptions).toSorted();
  }

  test('only commands and cli print', () => {
    const exceptions = {
      'main.ts': 'listens for closed pipes, writes nothing',
      'sources/postgres/holder.ts': 'a process of its own, whose stdout is a pipe to the run',
    };
    expect(usersOutside(['commands', 'cli'], /\bconsole\.|\bprocess\.std(?:out|err)\b/)).toEqual(named(exceptions));
  });

  test('only config reads the environment', () => {
    expect(usersOutside(['config'], /\bprocess\.env\b/)).toEqual([]);
  });

  test('only workers knows threads', () => {
    expect(usersOutside(['workers'], /['"](?:piscina|node:worker_threads)['"]/)).toEqual([]);
  });

  test('only sources and what loads into databases know a database’s name', () => {
    const exceptions = {
      'cli/config-template.ts': 'an example URL in the file that init writes',
      'cli/flags.ts': 'what one source alone can tell, in --help',
      'cli/incremental-flags.ts': 'a cursor that one source alone has, in --help',
      'cli/load-flags.ts': 'a flavor of a target in --help',
      'cli/location-flags.ts': 'what a target needs to know, in --help',
      'cli/run-load.ts': 'an example URL in a hint',
      'commands/generate-ingest.ts': 'examples in --help',
      'commands/init.ts': 'an example URL in --help',
      'commands/inspect.ts': 'an example URL in --help',
      'commands/load.ts': 'an example URL in --help',
      'commands/sync.ts': 'an example URL in --help',
      'commands/types.ts': 'examples in --help',
    };
    const users = usersOutside(['sources', 'ingest', 'load'], /postgres|mysql|mariadb|redshift|sqlserver|mssql/i);
    expect(users).toEqual(named(exceptions));
  });

  test('SQLite is a source, the store of the state, and the sample; elsewhere it is not known', () => {
    const exceptions = {
      'clean/carry-out.ts': 'opens a state',
      'cli/config-template.ts': 'an example in the file that init writes',
      'cli/run-init.ts': 'the name of the sample’s file',
      'commands/init.ts': 'the name of the sample’s file',
    };
    expect(usersOutside(['sources', 'checkpoint', 'sample', 'ingest', 'load'], /sqlite/i)).toEqual(named(exceptions));
  });
});

describe('the shape of files', () => {
  const ALL = ['src', 'tests', 'bin', 'scripts', 'bench'].flatMap((folder) =>
    filesBelow(resolve(import.meta.dirname, '..', folder)),
  );

  function filesBelow(folder: string): readonly string[] {
    try {
      return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && ['.ts', '.js'].includes(extname(entry.name)))
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((path) => !path.includes('node_modules') && !path.includes('.cache'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  const shown = (path: string): string => relative(resolve(import.meta.dirname, '..'), path);

  test('300 lines are a warning, 400 too many', () => {
    const long = ALL.map((path) => ({
      path: shown(path),
      lines: readFileSync(path, 'utf8').split('\n').length,
    })).filter(({ lines }) => lines > 300);
    for (const { path, lines } of long) console.warn(`${path} has ${lines} lines: split it`);
    expect(long.filter(({ lines }) => lines > 400)).toEqual([]);
  });

  test('names are kebab-case and say what is inside', () => {
    expect(ALL.length).toBeGreaterThan(150);
    const parts = ALL.flatMap((path) =>
      shown(path)
        .split('/')
        .map((part) => ({ path: shown(path), part })),
    );
    expect(parts.filter(({ part }) => !/^[a-z0-9]+(?:[-.][a-z0-9]+)*$/.test(part)).map(({ path }) => path)).toEqual([]);
    const vague = /^(?:utils?|common|helpers?|core|misc|shared|lib)(?:\.ts|\.js)?$/;
    expect(parts.filter(({ part }) => vague.test(part)).map(({ path }) => path)).toEqual([]);
  });

  test('no error is swallowed by an empty catch', () => {
    const empty = /catch\s*(?:\([^)]*\))?\s*\{\s*\}|\.catch\(\(\)\s*=>\s*\{\s*\}\)/;
    expect(findings(({ text }) => (empty.test(text) ? ['an empty catch'] : []))).toEqual([]);
  });

  test('nothing is left to do later', () => {
    expect(findings(({ text }) => text.match(/\b(?:TODO|FIXME|XXX)\b/g) ?? [])).toEqual([]);
  });
});
