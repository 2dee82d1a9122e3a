import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { CONFIG_FILE_NAME } from '../config/find-config-file.ts';
import { requireSource } from '../config/resolve-source.ts';
import type { Settings, SourceSetting } from '../config/settings.ts';
import { referenceSource, type SourceReference } from '../config/source-reference.ts';
import type { SuggestedTable } from '../engine/suggest-tables.ts';
import { formatCounted } from './amounts.ts';
import { configOfSource, schemaReference } from './config-template.ts';
import { printLine } from './print.ts';
import { type InitOptions, refuseExisting } from './run-init.ts';
import { suggestAll } from './suggest-source.ts';
import { isTaken, sourcesYaml, tablesYaml } from './suggested-config.ts';

/** A sqlextract.yaml for all tables of a source. Throws FILE_EXISTS before anything is read. */
export async function runInitFrom(settings: Settings, options: Omit<InitOptions, 'sample'>): Promise<void> {
  const folder = resolve(options.folder);
  const path = join(folder, CONFIG_FILE_NAME);
  if (!options.force) refuseExisting(path);
  const source = requireSource(settings.source);
  const tables = await suggestAll(settings);
  const name = sourceName(source);
  const reference = referenceSource(besideFile(source.url, folder), name);
  const schema = schemaReference(folder, join(options.packageRoot, 'schema', 'config.schema.json'));
  await mkdir(folder, { recursive: true });
  await writeFile(path, configOfSource({ schema, sources: sourcesYaml(name, reference), tables: tablesYaml(tables) }));
  printLine(`wrote ${path}: ${summary(tables)}`);
  sayVariables(reference);
  printLine();
  printLine('Next: read what it says of each table, then: sqlextract plan');
}

/** Of the database or the file; it is also what the variables of the file begin with. */
function sourceName({ name, url }: SourceSetting): string {
  if (name !== null) return name;
  const path = URL.canParse(url) ? decoded(new URL(url).pathname) : url;
  const plain = basename(path)
    .replace(/\.[a-z0-9]+$/i, '')
    .replaceAll(/[^\p{L}\p{N}_-]+/gu, '_');
  return /[\p{L}\p{N}]/u.test(plain) ? plain : 'source';
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone % is a legal character of a name that was typed without encoding
  }
}

/** Paths are meant beside the file: it can go elsewhere with what it names. A URL stays. */
function besideFile(url: string, folder: string): string {
  if (/^[a-z][a-z0-9+.-]+:/i.test(url)) return url;
  const path = relative(folder, url).split(sep).join('/');
  return path.startsWith('../') ? path : `./${path}`;
}

function summary(tables: readonly SuggestedTable[]): string {
  const taken = tables.filter(isTaken);
  const incremental = taken.filter(({ suggestion }) => suggestion?.kind === 'incremental').length;
  const left = tables.length - taken.length;
  const all = `${formatCounted(incremental, 'table')} incremental, ${taken.length - incremental} in full`;
  return left === 0 ? all : `${all}, ${left} left out`;
}

function sayVariables({ variables }: SourceReference): void {
  if (variables.length === 0) return;
  printLine();
  printLine(
    'What could be secret is not in the file, which refers to the environment for it. Set before the next command:',
  );
  for (const { name, of } of variables) printLine(`  ${name}  ${of}`);
}
