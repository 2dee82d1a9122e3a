import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { SqlextractError } from '../../model/problem.ts';
import type { PostgresOptions } from './config.ts';

/** What node-postgres and `tls.connect` are given; false is no TLS at all. */
export function tlsOptions(options: PostgresOptions): ConnectionOptions | false {
  if (options.tls === 'disable' || options.host.startsWith('/')) return false;
  const files = {
    ...pem('ca', options.rootCertificate === 'system' ? null : options.rootCertificate),
    ...pem('cert', options.clientCertificate),
    ...pem('key', options.clientKey),
  };
  switch (options.tls) {
    case 'prefer':
    case 'require':
      return { ...files, rejectUnauthorized: false };
    case 'verify-ca':
      return { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined };
    case 'verify-full':
      return { ...files, rejectUnauthorized: true };
    default:
      return options.tls satisfies never;
  }
}

function pem(name: 'ca' | 'cert' | 'key', path: string | null): ConnectionOptions {
  if (path === null) return {};
  try {
    return { [name]: readFileSync(path, 'utf8') };
  } catch (error) {
    throw new SqlextractError(
      {
        code: 'SOURCE_TLS',
        message: `the TLS file ${path} cannot be read`,
        hint: 'check sslrootcert, sslcert and sslkey of the source URL',
        fault: 'configuration',
      },
      error,
    );
  }
}
