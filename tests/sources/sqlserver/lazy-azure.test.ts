import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import '../../../src/sources/sqlserver/open-connection.ts';

const requireHere = createRequire(import.meta.url);
const requireOfTedious = createRequire(requireHere.resolve('tedious'));

function loadedOf(name: string): readonly string[] {
  return Object.keys(requireHere.cache).filter((path) => path.includes(`/node_modules/${name}/`));
}

it('the packages of Azure are loaded when something of them is used, and not before', () => {
  expect(loadedOf('tedious').length).toBeGreaterThan(10);
  for (const name of ['@azure/identity', '@azure/keyvault-keys']) expect(loadedOf(name)).toHaveLength(1);
  const identity = requireOfTedious('@azure/identity') as {
    readonly ClientSecretCredential: new (...names: string[]) => { readonly getToken: unknown };
  };
  expect(new identity.ClientSecretCredential('tenant', 'client', 'secret').getToken).toBeTypeOf('function');
  expect(loadedOf('@azure/identity').length).toBeGreaterThan(10);
});
