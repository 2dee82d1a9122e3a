import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { describe, expect, test } from 'vitest';
import { Quoted, word } from '../../src/ingest/quoted.ts';
import type { View } from '../../src/ingest/render.ts';
import { render } from '../../src/ingest/render.ts';

const TEMPLATES = join(import.meta.dirname, '..', '..', 'templates');
const README_VIEW = { tables: [{ scriptText: word('01-a-load.sql'), title: word('a (replace)'), rows: 3 }] };

describe('views', () => {
  test('hold quoted texts, numbers, booleans, lists and records', () => {
    expect(render('duckdb/readme.md', README_VIEW)).toContain('- 01-a-load.sql: a (replace), 3 rows\n');
  });

  test.each([
    ['a plain text', 'users', 'string'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'object'],
    ['a fraction', 1.5, 'number'],
    ['a bigint', 1n, 'bigint'],
    ['a function', () => 'users', 'function'],
    ['an object of another class', new Map(), 'object'],
  ])('%s is refused, with its place', (_, value, type) => {
    const view = { tables: [{ ...README_VIEW.tables[0], title: value }] } as unknown as View;
    expect(() => render('duckdb/readme.md', view)).toThrow(
      `duckdb/readme.md.tables[0].title is a ${type}, which a template must not be given`,
    );
  });

  test('a field that is missing is an error and no empty text', () => {
    expect(() => render('duckdb/readme.md', { tables: [{ title: word('a'), rows: 3 }] })).toThrow('scriptText');
  });
});

describe('rendering', () => {
  test('puts texts in as they are: no HTML, no helpers, no templates inside of values', () => {
    const title = new Quoted('<a href="x">&\'{{rows}}{{> duckdb/header.sql}}$1');
    const text = render('duckdb/header.sql', { title, source: word('s') });
    expect(text).toContain(`-- ${String(title)}, from s.`);
  });

  test('knows nothing that somebody else registered', () => {
    Handlebars.registerPartial('duckdb/same-key.sql', 'somebody else');
    Handlebars.registerHelper('each', () => 'somebody else');
    try {
      expect(render('duckdb/readme.md', README_VIEW)).not.toContain('somebody else');
    } finally {
      Handlebars.unregisterPartial('duckdb/same-key.sql');
      Handlebars.unregisterHelper('each');
    }
  });

  test('takes partials of partials, each as it is, without indenting what is in them', () => {
    const column = { first: true, name: new Quoted('"a\nb"'), type: word('INTEGER'), notNull: true };
    const view = { table: word('"t"'), columns: [column], hasKey: false };
    expect(render('duckdb/table.sql', view)).toBe('"t" (\n  "a\nb" INTEGER NOT NULL\n)\n');
  });
});

describe('templates', () => {
  const files = readdirSync(TEMPLATES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.hbs'));

  test('were found', () => expect(files.length).toBeGreaterThan(5));

  test.each(files)('%s uses only if, unless, each, with and partials, and escapes nothing', (name) => {
    const text = readFileSync(join(TEMPLATES, name), 'utf8');
    const words = [...text.matchAll(/\{\{~?#([a-z]+)/g)].map(([, helper]) => helper);
    expect(words.filter((helper) => !['if', 'unless', 'each', 'with'].includes(helper ?? ''))).toEqual([]);
    expect(text).not.toContain('{{{');
    expect(text).not.toContain('{{&');
  });
});
