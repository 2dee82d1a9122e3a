import { Document, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { escapeReferences } from '../config/expand-references.ts';
import type { SourceReference } from '../config/source-reference.ts';
import type { IncrementalSuggestion, SuggestedTable } from '../engine/suggest-tables.ts';
import { displayName } from '../model/table.ts';
import { printable } from './printable.ts';
import { typedTable } from './typed-names.ts';

/** `source:` and `sources:` of a file. */
export function sourcesYaml(name: string, { url, password }: SourceReference): string {
  const of = password === null ? url : { url, password };
  return [{ source: name }, { sources: { [name]: of } }].map((part) => stringified(new Document(part))).join('\n');
}

/**
 * `tables:` of a file, each with what its incremental runs go by, or why it is read in full. What is read from others (views), or cannot be read
 * as it is, stands below as a comment. Names may hold anything: as keys and values they are YAML's to quote, in comments they are printable.
 */
export function tablesYaml(tables: readonly SuggestedTable[]): string {
  const [taken, left] = [tables.filter(isTaken), tables.filter((table) => !isTaken(table))];
  const map = new YAMLMap();
  for (const table of taken) map.items.push(entryOf(table));
  const text = taken.length === 0 ? '# tables:\n' : yaml(new Pair(new Scalar('tables'), map));
  return `${INTRODUCTION}${text}${left.map(commentOf).join('')}`;
}

const INTRODUCTION = `# The tables of \`sqlextract extract\` without --table. What their incremental runs go by was found by names, types and indexes alone:
# make sure that every write sets the column. Deleted rows stay in the target of an incremental table: only --detect-deletes finds them.
`;

/** Views are made of the tables that are there already; whoever wants one names it. */
export function isTaken({ kind, suggestion }: SuggestedTable): boolean {
  return suggestion !== null && kind !== 'view' && kind !== 'materialized view';
}

function entryOf(table: SuggestedTable): Pair {
  const { suggestion } = table;
  const key = new Scalar(typedTable(table));
  if (suggestion?.kind !== 'incremental') {
    const later = suggestion?.later ?? null;
    const grown = later === null ? [] : [`when it grows: ${flowText(later)}`];
    key.commentBefore = comment([`in full: ${suggestion?.reason ?? ''}`, ...grown]);
    return new Pair(key, new Scalar(null));
  }
  const cautions = suggestion.cautions.filter(({ about }) => about !== 'deletes').map(({ text }) => `! ${text}`);
  key.commentBefore = comment([suggestion.reason, ...cautions]);
  const settings = new YAMLMap();
  settings.items.push(new Pair(new Scalar('incremental'), flowOf(suggestion)));
  return new Pair(key, settings);
}

/** `{by: updated_at, strategy: merge, unique_key: [id]}` */
function flowOf({ by, strategy, uniqueKey }: IncrementalSuggestion): YAMLMap {
  const flow = new YAMLMap();
  flow.flow = true;
  flow.items.push(new Pair(new Scalar('by'), new Scalar(escapeReferences(by))));
  flow.items.push(new Pair(new Scalar('strategy'), new Scalar(strategy)));
  if (uniqueKey.length > 0) {
    const names = new YAMLSeq();
    names.flow = true;
    names.items.push(...uniqueKey.map((name) => new Scalar(escapeReferences(name))));
    flow.items.push(new Pair(new Scalar('unique_key'), names));
  }
  return flow;
}

function flowText(suggestion: IncrementalSuggestion): string {
  return yaml(new Pair(new Scalar('incremental'), flowOf(suggestion))).trimEnd();
}

function commentOf(table: SuggestedTable): string {
  const name = printable(displayName(table));
  const why =
    table.refused === null
      ? `a ${table.kind}, made of what is read already`
      : `${printable(table.refused.message)}${table.refused.hint === null ? '' : ` (${printable(table.refused.hint)})`}`;
  return `  # ${name}: left out: ${why}\n`;
}

function comment(lines: readonly string[]): string {
  return lines.map((line) => ` ${printable(line)}`).join('\n');
}

/** The one entry of a map, as a document. */
function yaml(entry: Pair): string {
  const document = new Document();
  const root = new YAMLMap();
  root.items.push(entry);
  document.contents = root;
  return stringified(document);
}

function stringified(document: Document): string {
  return document.toString({ lineWidth: 0, nullStr: '', flowCollectionPadding: false });
}
