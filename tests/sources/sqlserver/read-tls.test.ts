import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { classifySqlServer } from '../../../src/sources/sqlserver/errors.ts';
import { readRange } from '../../../src/sources/sqlserver/read.ts';
import { TdsStandIn } from '../../support/tds-stand-in/server.ts';
import { type StandInTable, tableHandler } from '../../support/tds-stand-in/table-engine.ts';
import * as wire from '../../support/tds-stand-in/wire-types.ts';
import { type Reading, readCells, readingOf } from './stand-in-read.ts';

/* An encrypted connection is read through the messages that the driver puts together, a plain one straight from the socket (read.test.ts). */

const folder = mkdtempSync(join(tmpdir(), 'sqlextract-tds-tls-'));
const [keyPath, path] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
execFileSync(
  'openssl',
  [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyPath, '-out', path],
  ],
  { stdio: 'pipe' },
);
const certificate = { key: readFileSync(keyPath), cert: readFileSync(path), path };
afterAll(() => rmSync(folder, { recursive: true }));

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

function numbered(rows: number): StandInTable {
  return {
    name: 'numbered',
    columns: [
      { name: 'id', typeName: 'int', notNull: true, wire: wire.int },
      { name: 'v', typeName: 'nvarchar', maxLength: 800, wire: wire.nvarchar(400) },
    ],
    *rows() {
      for (let row = 0; row < rows; row++) yield [row, `text of row ${row}`];
    },
  };
}

async function start(rows: number): Promise<{ standIn: TdsStandIn; reading: Reading }> {
  const tables = [numbered(rows)];
  const standIn = await TdsStandIn.start(tableHandler(tables), certificate);
  open.push(standIn);
  const reading = await readingOf(standIn, tables);
  open.push({ [Symbol.asyncDispose]: () => reading.connection.close() });
  return { standIn, reading };
}

describe('an encrypted connection', () => {
  it('gives every row', async () => {
    const { reading } = await start(30_000);
    const cells = await readCells(reading, await reading.request('numbered'));
    expect(cells).toHaveLength(30_000);
    expect(cells.at(-1)).toEqual(['29999', 'text of row 29999']);
    expect(await reading.connection.rows('/* sqlextract:clock */ SELECT 1')).toHaveLength(1);
  });

  it('that is cut at any byte is a reason to connect again', async () => {
    for (const afterBytes of [20_004, 29_001, 90_003]) {
      const { standIn, reading } = await start(3000);
      const request = await reading.request('numbered');
      standIn.cut = { afterBytes, how: 'fin' };
      const problem = await readCells(reading, request).then(() => null, classifySqlServer);
      expect(problem, String(afterBytes)).toMatchObject({ verdict: 'reconnect' });
    }
  });

  it('goes on after a read that is left early', async () => {
    const { reading } = await start(400_000);
    for await (const batch of readRange(reading, await reading.request('numbered'))) {
      expect(batch.rowCount).toBe(1000);
      break;
    }
    expect(await reading.connection.rows('/* sqlextract:clock */ SELECT 1')).toHaveLength(1);
  });
});
