import { describe, expect, test } from 'vitest';
import type { Quoted } from '../../src/ingest/quoted.ts';
import { duckdbTarget } from '../../src/ingest/targets/duckdb.ts';
import { guardError } from '../../src/load/guard-error.ts';
import { planned, planOf } from '../ingest/load-example.ts';

/** The sentences of our guards, as literals of the view. */
function messages(): readonly string[] {
  const load = planned();
  const view = duckdbTarget.view(load, planOf(load));
  return Object.entries(view)
    .filter(([name]) => name.startsWith('message'))
    .map(([, value]) => (value as Quoted).toString().slice(1, -1).replaceAll("''", "'"));
}

describe('what a target answers', () => {
  test('the guards were found', () => {
    expect(messages().length).toBeGreaterThanOrEqual(5);
  });

  test.each(messages())('is our own refusal: %s', (message) => {
    for (const answer of [`ERROR: ${message}`, `Invalid Input Error: ${message}\nLINE 3`, `(1644) ${message}`]) {
      const { problem } = guardError(new Error(answer), 'DuckDB');
      const code = message.includes('--max-delete-fraction') ? 'LOAD_DELETES' : 'LOAD_REFUSED';
      expect(problem).toMatchObject({ code, fault: 'data' });
      expect(problem.message).toBe(message.slice('sqlextract: '.length));
    }
  });

  test('is our own refusal also where the name of the table has a line end', () => {
    const message = 'main.a\nb: a later run is loaded already; nothing was changed';
    expect(guardError(new Error(`ERROR: sqlextract: ${message}\nLINE 3`), 'DuckDB').problem.message).toBe(message);
  });

  test("is the target's own, with all of its words as the cause", () => {
    const { problem } = guardError(new Error('value too long\nDETAIL: more'), 'PostgreSQL');
    expect(problem).toMatchObject({
      code: 'LOAD_FAILED',
      message: 'PostgreSQL did not take a statement: value too long',
      causes: ['value too long\nDETAIL: more'],
      hint: 'nothing was changed; mend what the cause names, then the same command tries again',
    });
    expect(guardError('no Error', 'DuckDB').problem.message).toContain('no Error');
  });
});
