import { describe, expect, it } from 'vitest';
import { SqlextractError } from '../../../src/model/problem.ts';
import { parseSqlServer, sqlServerOptions } from '../../../src/sources/sqlserver/config.ts';

function parse(url: string, environment: Record<string, string> = {}) {
  const config = parseSqlServer({ url, environment });
  return { ...config, options: sqlServerOptions(config) };
}

function problemOf(url: string, environment: Record<string, string> = {}) {
  try {
    parse(url, environment);
  } catch (error) {
    return (error as SqlextractError).problem;
  }
  throw new Error('it was taken');
}

describe('the URL of an SQL Server', () => {
  it('gives host, port, database, user and password, and shows no password', () => {
    const { options, displayUrl } = parse('sqlserver://sa:p%40ss%2Fw%23rd@db.example:1444/Sales%20Data');
    expect(options).toMatchObject({
      host: 'db.example',
      port: 1444,
      instance: null,
      database: 'Sales Data',
      authentication: { kind: 'sql', user: 'sa', password: 'p@ss/w#rd' },
    });
    expect(displayUrl).toBe('sqlserver://sa@db.example:1444/Sales%20Data');
  });

  it('encrypts and verifies, but does not verify this machine', () => {
    expect(parse('mssql://u:p@db.example/d').options).toMatchObject({ encrypt: true, trustServerCertificate: false });
    for (const host of ['localhost', '127.0.0.1', '[::1]'])
      expect(parse(`mssql://u:p@${host}/d`).options).toMatchObject({ encrypt: true, trustServerCertificate: true });
    expect(parse('mssql://u:p@localhost/d?encrypt=strict').options.trustServerCertificate).toBe(false);
    expect(parse('mssql://u:p@db.example/d?encrypt=false').options.encrypt).toBe(false);
  });

  it('takes what it leaves out from the variables of sqlcmd', () => {
    const environment = {
      SQLCMDSERVER: 'tcp:db.example,1555',
      SQLCMDUSER: 'me',
      SQLCMDPASSWORD: 'pw',
      SQLCMDDBNAME: 'd',
    };
    expect(parse('sqlserver://', environment).options).toMatchObject({
      host: 'db.example',
      port: 1555,
      database: 'd',
      authentication: { kind: 'sql', user: 'me', password: 'pw' },
    });
    expect(parse('sqlserver:///other', { ...environment, SQLCMDSERVER: 'box\\SQL2019' }).options).toMatchObject({
      host: 'box',
      instance: 'SQL2019',
      database: 'other',
    });
    expect(parse('sqlserver://you:own@here/d', environment).options.authentication).toEqual({
      kind: 'sql',
      user: 'you',
      password: 'own',
    });
  });

  it('knows the ways to log in, and refuses others', () => {
    expect(parse('mssql://u:p@h/d?domain=CORP').options.authentication.kind).toBe('ntlm');
    expect(
      parse('mssql://h/d?authentication=access-token', { SQLCMDACCESSTOKEN: 'ey' }).options.authentication,
    ).toEqual({
      kind: 'access-token',
      token: 'ey',
    });
    expect(parse('mssql://h/d?authentication=azure-default').options.authentication.kind).toBe('azure-default');
    expect(problemOf('mssql://u@h/d?authentication=kerberos').message).toContain('kerberos');
    expect(problemOf('mssql://h/d?authentication=access-token').message).toContain('SQLCMDACCESSTOKEN');
  });

  it('refuses what it does not understand, without showing the password', () => {
    const secret = 'sEcReT';
    for (const rest of [
      '@h:99999/d',
      '@h/d?encrypt=maybe',
      '@h/d?nonsense=1',
      '@h:1433/d?instance=X',
      '@h/d?watchdog=0',
      '@h/d?encrypt=strict&trustServerCertificate=true',
      '@h/%zz',
      '@a b/d',
    ]) {
      const problem = problemOf(`sqlserver://u:${secret}${rest}`);
      expect(problem.code, rest).toBe('SOURCE_URL_INVALID');
      expect(JSON.stringify(problem)).not.toContain(secret);
    }
  });
});
