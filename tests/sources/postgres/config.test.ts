import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { parsePostgres, type PostgresOptions, postgresOptions } from '../../../src/sources/postgres/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'sqlextract-pgpass-'));
afterAll(() => rmSync(folder, { recursive: true }));

function parse(url: string, environment: Record<string, string> = {}): PostgresOptions & { shown: string } {
  const config = parsePostgres({ url, environment });
  return { ...postgresOptions(config), shown: config.displayUrl };
}

it.each([
  ['postgres://localhost/db', 'disable'],
  ['postgres://127.0.0.1/db', 'disable'],
  ['postgres://[::1]/db', 'disable'],
  ['postgres://u@/db?host=/run/postgresql', 'disable'],
  ['postgres://db.example.com/db', 'verify-full'],
  ['postgres://localhost.example.com/db', 'verify-full'],
  ['postgres://127.0.0.1.example.com/db', 'verify-full'],
  ['postgres://db.example.com/db?sslmode=require', 'require'],
  ['postgres://db.example.com/db?sslmode=allow', 'prefer'],
])('%s: TLS %s', (url, tls) => expect(parse(url).tls).toBe(tls));

it('takes what the URL says before the environment', () => {
  const environment = { PGHOST: 'env', PGPORT: '6000', PGUSER: 'envuser', PGDATABASE: 'envdb', PGPASSWORD: 'envpw' };
  expect(parse('postgres://', environment)).toMatchObject({
    host: 'env',
    port: 6000,
    user: 'envuser',
    database: 'envdb',
    password: 'envpw',
  });
  expect(parse('postgres://me:p%40ss@h:1/d%20b', environment)).toMatchObject({
    host: 'h',
    port: 1,
    user: 'me',
    database: 'd b',
    password: 'p@ss',
  });
  expect(parse('postgres://h', { PGUSER: 'x' }).database).toBe('x');
});

it('shows no password', () => {
  const shown = [
    parse('postgres://me:secret@h/d').shown,
    parse('postgres://me@h/d?password=secret').shown,
    parse('postgres://me:secret@/d?host=/tmp').shown,
  ];
  expect(shown).toEqual(['postgres://me@h:5432/d', 'postgres://me@h:5432/d', 'postgres://me@/d?host=/tmp&port=5432']);
});

function problemText(url: string): string {
  try {
    return parse(url).shown;
  } catch (error) {
    return JSON.stringify((error as { problem: unknown }).problem);
  }
}

it.each([
  'postgres://u:secret@h:99999/d',
  'postgres://u:secret@h:port/d',
  'postgres://u:secret@h1,h2/d',
  'postgres://u:secret@h/d?sslmode=maybe',
  'postgres://u:secret@h/d?nonsense=1',
  'postgres://u:secret@h/d?copy=perhaps',
  'postgres://u:secret@h/d?watchdog=0',
  'postgres://u:secret%@h/d',
])('refuses %s without showing the password', (url) => {
  const shown = problemText(url);
  expect(shown).toContain('SOURCE_URL_INVALID');
  expect(shown).not.toContain('secret');
});

it('reads the password file as libpq does', () => {
  const path = join(folder, 'pgpass');
  writeFileSync(path, '# comment\nother:*:*:*:no\nh:5432:d:u:a\\:b\\\\c\nlocalhost:*:*:*:socket\n*:*:*:*:any\n', {
    mode: 0o600,
  });
  const environment = { PGPASSFILE: path };
  expect(parse('postgres://u@h/d', environment).password).toBe('a:b\\c');
  expect(parse('postgres://u@h/e', environment).password).toBe('any');
  expect(parse('postgres://u@/d?host=/tmp', environment).password).toBe('socket');
  expect(parse('postgres://u@h/d', { ...environment, PGPASSWORD: 'first' }).password).toBe('first');
  chmodSync(path, 0o644);
  expect(parse('postgres://u@h/d', environment).password).toBeNull();
});
