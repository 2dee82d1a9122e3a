import { basename } from 'node:path';
import type { LineCounter, Node, Scalar, YAMLMap } from 'yaml';
import { SqlextractError } from '../model/problem.ts';
import type { Shape } from './file-shape.ts';
import { nearestName } from '../model/nearest-names.ts';

/** A text of the file as written, before references are replaced. */
export interface Leaf {
  readonly kind: 'leaf';
  readonly text: string;
  /** For messages: `chunk_size in sqlextract.yaml, line 7`. */
  readonly where: string;
}

export type Tree =
  | Leaf
  | { readonly kind: 'list'; readonly items: readonly Leaf[] }
  | { readonly kind: 'map'; readonly entries: ReadonlyMap<string, Tree> };

interface Context {
  readonly yaml: typeof import('yaml');
  readonly document: import('yaml').Document;
  readonly file: string;
  readonly lines: LineCounter;
}

/** The YAML 1.2 text as a tree that has the shape; an empty text is an empty map. Throws CONFIG_SYNTAX, CONFIG_KEY, CONFIG_VALUE. */
export async function readTree(path: string, text: string, shape: Shape): Promise<Tree> {
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { version: '1.2', lineCounter: lines, prettyErrors: false });
  const context: Context = { yaml, document, file: basename(path), lines };
  const error = document.errors[0];
  if (error !== undefined) {
    throw problem('CONFIG_SYNTAX', `${place(context, error.pos[0])}: ${error.message}`, 'the file is YAML 1.2');
  }
  return read(context, document.contents, shape, 'the file') ?? { kind: 'map', entries: new Map() };
}

/** Undefined for a key without a value. */
function read(context: Context, found: unknown, shape: Shape, name: string): Tree | undefined {
  const { yaml, document } = context;
  const node = (yaml.isAlias(found) ? found.resolve(document) : found) as Node | null | undefined;
  if (node === null || node === undefined || (yaml.isScalar(node) && node.value === null)) return undefined;
  switch (shape.kind) {
    case 'scalar':
      if (yaml.isScalar(node)) return leaf(context, node, name);
      throw wrongKind(context, node, name, 'a text or a number');
    case 'names':
      if (yaml.isScalar(node)) return leaf(context, node, name);
      if (yaml.isSeq(node)) return { kind: 'list', items: node.items.map((item) => nameIn(context, node, item, name)) };
      throw wrongKind(context, node, name, 'a list of names');
    case 'either':
      if (yaml.isScalar(node)) return leaf(context, node, name);
      return read(context, node, shape.record, name);
    case 'record':
    case 'dictionary':
      if (yaml.isMap(node)) return map(context, node, shape, name);
      throw wrongKind(context, node, name, 'a mapping (key: value)');
    default:
      return shape satisfies never;
  }
}

function map(
  context: Context,
  node: YAMLMap,
  shape: Extract<Shape, { readonly kind: 'record' | 'dictionary' }>,
  name: string,
): Tree {
  const entries = new Map<string, Tree>();
  for (const pair of node.items) {
    const key = keyText(context, pair.key);
    const inner = shape.kind === 'dictionary' ? shape.of : shape.keys[key];
    if (inner === undefined || (shape.kind === 'record' && !Object.hasOwn(shape.keys, key))) {
      throw unknownKey(context, pair.key as Node, key, name, shape.kind === 'record' ? Object.keys(shape.keys) : []);
    }
    const value = read(context, pair.value, inner, key);
    if (value !== undefined) entries.set(key, value);
    else if (inner.kind === 'record') entries.set(key, { kind: 'map', entries: new Map() });
  }
  return { kind: 'map', entries };
}

/** A key as it is spelled: `null:` and `1:` are texts too. */
function keyText(context: Context, key: unknown): string {
  return context.yaml.isScalar(key) ? scalarText(key) : String(key);
}

function scalarText(scalar: Scalar): string {
  return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? String(scalar.value));
}

function leaf(context: Context, scalar: Scalar, name: string): Leaf {
  return { kind: 'leaf', text: scalarText(scalar), where: `${name} in ${place(context, scalar.range?.[0] ?? 0)}` };
}

function nameIn(context: Context, list: Node, item: unknown, name: string): Leaf {
  if (context.yaml.isScalar(item) && item.value !== null) return leaf(context, item, name);
  throw wrongKind(context, list, name, 'a list of names');
}

function place(context: Context, offset: number): string {
  return `${context.file}, line ${context.lines.linePos(offset).line}`;
}

function wrongKind(context: Context, node: Node, name: string, expected: string): SqlextractError {
  const where = place(context, node.range?.[0] ?? 0);
  return problem('CONFIG_VALUE', `${where}: ${name} must be ${expected}`, 'sqlextract init writes a commented example');
}

function unknownKey(
  context: Context,
  node: Node,
  key: string,
  parent: string,
  known: readonly string[],
): SqlextractError {
  const near = nearestName(key, known);
  const meant = near === null ? '' : `; did you mean ${near}?`;
  const message = `${place(context, node.range?.[0] ?? 0)}: ${parent} has no key ${key}${meant}`;
  return problem('CONFIG_KEY', message, `the keys are ${known.join(', ')}`);
}

function problem(code: string, message: string, hint: string): SqlextractError {
  return new SqlextractError({ code, message, hint, fault: 'configuration' });
}
