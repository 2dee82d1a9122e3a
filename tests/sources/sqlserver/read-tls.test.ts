import { readFileSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { parseSqlServer } from '../../../src/sources/sqlserver/config.ts';
import { connect } from '../../../src/sources/sqlserver/connect.ts';
import { classifySqlServer } from '../../../src/sources/sqlserver/errors.ts';
import { readRange } from '../../../src/sources/sqlserver/read.ts';
import { Certificates } from '../../support/certificates.ts';
import { TdsStandIn } from '../../support/tds-stand-in/server.ts';
import { type StandInTable, tableHandler } from '../../support/tds-stand-in/table-engine.ts';
import * as wire from '../../support/tds-stand-in/wire-types.ts';
import { type Reading, readCells, readingOf } from './stand-in-read.ts';

/* An encrypted connection is read through the messages that the driver puts together, a plain one straight from the socket (read.test.ts). */

const certificates = new Certificates();
certificates.authority('trusted');
certificates.authority('stranger');
certificates.certificate('numbered', 'IP:127.0.0.1', 'trusted');
certificates.certificate('elsewhere', 'DNS:db.example.org', 'trusted');
afterAll(() => certificates[Symbol.dispose]());

const shown = (name: string) => ({
  key: readFileSync(certificates.file(`${name}.key`)),
  cert: readFileSync(certificates.file(`${name}.crt`)),
  path: certificates.file('trusted.pem'),
});

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
  const standIn = await TdsStandIn.start(tableHandler(tables), shown('numbered'));
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

describe('a certificate', () => {
  /** 'in', or what is said. */
  async function attempt(name: string, options: string): Promise<string> {
    const standIn = await TdsStandIn.start(tableHandler([]), shown(name));
    open.push(standIn);
    const url = standIn.url.replace('secret', 'never-said').replace(/&ca=.*/, options);
    try {
      await (await connect(parseSqlServer({ url, environment: {} }), 'test')).close();
      return 'in';
    } catch (error) {
      const { code, message, causes } = classifySqlServer(error);
      expect(standIn.logins).toBe(0);
      expect(JSON.stringify([message, causes])).not.toContain('never-said');
      return `${code}: ${message}`;
    }
  }
  const ca = (name: string) => `&ca=${encodeURIComponent(certificates.file(`${name}.pem`))}`;

  it('is taken for the host it names, from an authority that is trusted', async () => {
    expect(await attempt('numbered', ca('trusted'))).toBe('in');
    expect(await attempt('numbered', ca('stranger'))).toMatch(/^SOURCE_TLS: .*127\.0\.0\.1/);
    expect(await attempt('numbered', '')).toMatch(/^SOURCE_TLS/);
  });

  it('of another host is refused before anything is said, and taken where that name is given', async () => {
    expect(await attempt('elsewhere', ca('trusted'))).toMatch(/^SOURCE_TLS: .*127\.0\.0\.1/);
    expect(await attempt('elsewhere', `${ca('trusted')}&hostNameInCertificate=db.example.org`)).toBe('in');
    expect(await attempt('numbered', `${ca('trusted')}&hostNameInCertificate=db.example.org`)).toMatch(/^SOURCE_TLS/);
  });
});
