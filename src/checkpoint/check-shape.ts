/**
 * The part of JSON Schema (draft 7) that schema/manifest.schema.json uses, so that the published schema is also what the
 * program itself checks by. Any other keyword throws: a schema is never checked in part.
 */
export type Shape = Readonly<Record<string, unknown>>;

const ANNOTATIONS = new Set(['$schema', 'title', 'description', 'definitions']);

/** The first place where the value is not of the shape, in words (`files/3/rows must be an integer`); null when it is. */
export function misfit(value: unknown, shape: Shape, root: Shape = shape, at = ''): string | null {
  for (const [keyword, rule] of Object.entries(shape)) {
    if (ANNOTATIONS.has(keyword)) continue;
    const check = CHECKS[keyword];
    if (check === undefined) throw new Error(`the schema's keyword ${keyword} is not known`);
    const found = check(value, rule, root, at);
    if (found !== null) return found;
  }
  return null;
}

type Check = (value: unknown, rule: unknown, root: Shape, at: string) => string | null;

const CHECKS: Readonly<Record<string, Check>> = {
  $ref: (value, rule, root, at) => misfit(value, referred(root, String(rule)), root, at),
  type: (value, rule, _root, at) => {
    const types = (Array.isArray(rule) ? rule : [rule]) as readonly string[];
    return types.some((type) => hasType(value, type)) ? null : `${place(at)} must be ${types.join(' or ')}`;
  },
  const: (value, rule, _root, at) => (value === rule ? null : `${place(at)} must be ${JSON.stringify(rule)}`),
  enum: (value, rule, _root, at) =>
    (rule as readonly unknown[]).includes(value) ? null : `${place(at)} must be one of ${JSON.stringify(rule)}`,
  /** Counts UTF-16 units: the same as code points for the only bound that is used, 1. */
  minLength: (value, rule, _root, at) =>
    typeof value === 'string' && value.length < Number(rule) ? `${place(at)} is too short` : null,
  pattern: (value, rule, _root, at) =>
    typeof value === 'string' && !new RegExp(String(rule), 'u').test(value)
      ? `${place(at)} must match ${String(rule)}`
      : null,
  minimum: (value, rule, _root, at) =>
    typeof value === 'number' && value < Number(rule) ? `${place(at)} must be at least ${Number(rule)}` : null,
  maximum: (value, rule, _root, at) =>
    typeof value === 'number' && value > Number(rule) ? `${place(at)} must be at most ${Number(rule)}` : null,
  required: (value, rule, _root, at) => {
    if (!isRecord(value)) return null;
    const missing = (rule as readonly string[]).find((name) => !Object.hasOwn(value, name));
    return missing === undefined ? null : `${place(at)} lacks ${missing}`;
  },
  properties: (value, rule, root, at) => {
    if (!isRecord(value)) return null;
    const known = Object.entries(rule as Record<string, Shape>).filter(([name]) => Object.hasOwn(value, name));
    return first(known, ([name, shape]) => misfit(value[name], shape, root, `${at}/${name}`));
  },
  /** Beside `properties` it would mean something else; the schema has it only alone. */
  additionalProperties: (value, rule, root, at) =>
    isRecord(value)
      ? first(Object.entries(value), ([name, one]) => misfit(one, rule as Shape, root, `${at}/${name}`))
      : null,
  items: (value, rule, root, at) =>
    Array.isArray(value)
      ? first([...value.entries()], ([index, one]) => misfit(one, rule as Shape, root, `${at}/${index}`))
      : null,
  anyOf: (value, rule, root, at) => {
    const misfits = (rule as readonly Shape[]).map((shape) => misfit(value, shape, root, at));
    return misfits.includes(null) ? null : (misfits.find((found) => found !== null) ?? null);
  },
};

function first<T>(values: readonly T[], check: (value: T) => string | null): string | null {
  for (const value of values) {
    const found = check(value);
    if (found !== null) return found;
  }
  return null;
}

function hasType(value: unknown, type: string): boolean {
  switch (type) {
    case 'object':
      return isRecord(value);
    case 'array':
      return Array.isArray(value);
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function referred(root: Shape, reference: string): Shape {
  const name = reference.replace('#/definitions/', '');
  const shape = (root['definitions'] as Readonly<Record<string, Shape>> | undefined)?.[name];
  if (shape === undefined) throw new Error(`the schema has no ${reference}`);
  return shape;
}

function place(at: string): string {
  return at === '' ? 'the document' : at.slice(1);
}
