import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TemplateDelegate } from 'handlebars';
import Handlebars from 'handlebars';
import { Quoted } from './quoted.ts';

/** What a template may be given. A plain string is not among it: see `Quoted`. */
export type ViewValue = Quoted | number | boolean | readonly ViewValue[] | { readonly [name: string]: ViewValue };

export type View = Readonly<Record<string, ViewValue>>;

/** The same two folders up from src/ingest and dist/program. */
const FOLDER = join(import.meta.dirname, '..', '..', 'templates');

/** An instance of our own: helpers and partials that another package registers do not reach our templates. */
const handlebars = Handlebars.create();
for (const name of Object.keys(handlebars.helpers)) {
  if (!['if', 'unless', 'each', 'with'].includes(name)) handlebars.unregisterHelper(name);
}

const compiled = new Map<string, TemplateDelegate>();

/**
 * Renders templates/<name> (`postgres/prepare.sql.hbs`; a name without folder is one that targets share). `{{> name}}` in a template is
 * the template of that name. Strict: a field that the view lacks is an error, not an empty text. Throws a plain Error for a field that is
 * no `Quoted`, number, boolean, list or record: a bug in a target.
 */
export function render(name: string, view: View): string {
  checkView(view, name);
  return template(name)(view, { partials: partialsOf(name) });
}

/** A field of a view that is a `Quoted`, as text: for statements that are put together of it. Throws a plain Error for any other. */
export function textOf(view: View, name: string): string {
  const value = view[name];
  if (value instanceof Quoted) return value.toString();
  throw new Error(`the view has no text called ${name}`);
}

function template(name: string): TemplateDelegate {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  // preventIndent: a partial is put in as it is, also where a text of several lines stands in it
  const made = handlebars.compile(readTemplate(name), { noEscape: true, strict: true, preventIndent: true });
  compiled.set(name, made);
  return made;
}

function readTemplate(name: string): string {
  return readFileSync(join(FOLDER, `${name}.hbs`), 'utf8');
}

/** The templates that a template names, and those that they name. */
function partialsOf(
  name: string,
  found: Record<string, TemplateDelegate> = {},
): Readonly<Record<string, TemplateDelegate>> {
  for (const [, partial = ''] of readTemplate(name).matchAll(/\{\{~?>\s*([a-z0-9./-]+)/g)) {
    if (Object.hasOwn(found, partial)) continue;
    found[partial] = template(partial);
    partialsOf(partial, found);
  }
  return found;
}

function checkView(value: unknown, path: string): void {
  if (value instanceof Quoted || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return;
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) checkView(each, `${path}[${index}]`);
    return;
  }
  if (isRecord(value)) {
    for (const [name, each] of Object.entries(value)) checkView(each, `${path}.${name}`);
    return;
  }
  throw new Error(`${path} is a ${typeof value}, which a template must not be given`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
