import { FILE_SHAPE, type INCREMENTAL_KEYS, type QUERY_KEYS, type TABLE_KEYS, type TARGET_KEYS } from './file-shape.ts';
import { expandReferences, type Environment } from './expand-references.ts';
import { type Leaf, type Tree, readTree } from './read-tree.ts';
import { parseNames } from './parse-names.ts';
import type { ValuePlace } from './value-place.ts';

/** A value of the file with the place to name in messages. */
export interface FileValue {
  readonly text: string;
  readonly place: ValuePlace;
}

export type TableKey = Exclude<keyof typeof TABLE_KEYS, 'incremental'>;
export type QueryKey = Exclude<keyof typeof QUERY_KEYS, 'incremental'>;
export type IncrementalKey = keyof typeof INCREMENTAL_KEYS;
export type TargetKey = keyof typeof TARGET_KEYS;

/** sqlextract.yaml, read. References are replaced when a value is asked for: a source that is not used needs no variables. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  /** `out`, `source`, `state_dir`; null when it is not there. */
  top(key: string): FileValue | null;
  defaults(key: string): FileValue | null;
  excludeTables(): readonly string[];
  sourceNames(): readonly string[];
  source(name: string): { readonly url: FileValue; readonly password: FileValue | null } | null;
  /** The keys of `tables:`, in their order: names or globs. */
  tableNames(): readonly string[];
  table(name: string, key: TableKey): FileValue | null;
  tableColumns(name: string, key: 'columns' | 'exclude_columns' | 'as_text'): readonly string[] | null;
  /** The keys of `queries:`, in their order. */
  queryNames(): readonly string[];
  query(name: string, key: QueryKey): FileValue | null;
  queryColumns(name: string, key: 'columns' | 'exclude_columns' | 'as_text'): readonly string[] | null;
  /** The `incremental:` block of a table or query. */
  incremental(section: 'tables' | 'queries', name: string, key: IncrementalKey): FileValue | null;
  uniqueKey(section: 'tables' | 'queries', name: string): readonly string[] | null;
  /** Some table or query has such a block. */
  hasIncremental(): boolean;
  targetNames(): readonly string[];
  /** A target that is written as one text has that as its `url`. */
  target(name: string, key: TargetKey): FileValue | null;
}

/** Throws CONFIG_SYNTAX, CONFIG_KEY, CONFIG_VALUE, each naming the line. */
export async function parseConfigFile(path: string, text: string, environment: Environment): Promise<ConfigFile> {
  const root = await readTree(path, text, FILE_SHAPE);
  const place = (leaf: Leaf): ValuePlace => ({ label: leaf.where, fault: 'configuration' });
  const value = (tree: Tree | undefined): FileValue | null =>
    tree?.kind === 'leaf' ? { text: expandReferences(tree.text, environment, tree.where), place: place(tree) } : null;
  const names = (tree: Tree | undefined): readonly string[] | null => {
    if (tree?.kind === 'list') return tree.items.map((leaf) => expandReferences(leaf.text, environment, leaf.where));
    const one = value(tree);
    return one === null ? null : parseNames(one.text, one.place);
  };
  const sourceOf = (tree: Tree | undefined): ReturnType<ConfigFile['source']> => {
    const url = value(tree?.kind === 'map' ? entry(tree, 'url') : tree);
    return url === null ? null : { url, password: value(entry(tree, 'password')) };
  };
  const table = (name: string, key: TableKey): Tree | undefined => entry(entry(entry(root, 'tables'), name), key);
  const query = (name: string, key: QueryKey): Tree | undefined => entry(entry(entry(root, 'queries'), name), key);
  const block = (section: 'tables' | 'queries', name: string): Tree | undefined =>
    entry(entry(entry(root, section), name), 'incremental');
  return {
    path,
    top: (key) => value(entry(root, key)),
    defaults: (key) => value(entry(entry(root, 'defaults'), key)),
    excludeTables: () => names(entry(root, 'exclude_tables')) ?? [],
    sourceNames: () => keysOf(entry(root, 'sources')),
    source: (name) => sourceOf(entry(entry(root, 'sources'), name)),
    tableNames: () => keysOf(entry(root, 'tables')),
    table: (name, key) => value(table(name, key)),
    tableColumns: (name, key) => names(table(name, key)),
    queryNames: () => keysOf(entry(root, 'queries')),
    query: (name, key) => value(query(name, key)),
    queryColumns: (name, key) => names(query(name, key)),
    incremental: (section, name, key) => value(entry(block(section, name), key)),
    uniqueKey: (section, name) => names(entry(block(section, name), 'unique_key')),
    hasIncremental: () =>
      (['tables', 'queries'] as const).some((section) =>
        keysOf(entry(root, section)).some((name) => block(section, name) !== undefined),
      ),
    targetNames: () => keysOf(entry(root, 'targets')),
    target: (name, key) => {
      const tree = entry(entry(root, 'targets'), name);
      if (tree?.kind === 'leaf') return key === 'url' ? value(tree) : null;
      return value(entry(tree, key));
    },
  };
}

function entry(tree: Tree | undefined, key: string): Tree | undefined {
  return tree?.kind === 'map' ? tree.entries.get(key) : undefined;
}

function keysOf(tree: Tree | undefined): readonly string[] {
  return tree?.kind === 'map' ? [...tree.entries.keys()] : [];
}
