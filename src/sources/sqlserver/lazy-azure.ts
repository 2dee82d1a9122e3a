import { createRequire, Module } from 'node:module';

/**
 * `tedious` loads these whenever it is loaded itself; they serve logins by Entra ID and column keys in Azure Key Vault, and are half of all that
 * it loads: a quarter of a second in each thread. Loaded here when something of them is used. To be imported before `tedious`.
 */
const RARELY_USED = ['@azure/identity', '@azure/keyvault-keys'];

const requireHere = createRequire(import.meta.url);
const requireOfTedious = createRequire(requireHere.resolve('tedious'));

for (const name of RARELY_USED) {
  const path = requireOfTedious.resolve(name);
  requireHere.cache[path] ??= standIn(name, path);
}

function standIn(name: string, path: string): NodeJS.Module {
  const module = new Module(path);
  module.filename = path;
  module.loaded = true;
  let real: object | null = null;
  const load = (): object => {
    if (real !== null) return real;
    delete requireHere.cache[path];
    return (real = requireOfTedious(name) as object);
  };
  module.exports = new Proxy({}, { get: (_, member) => Reflect.get(load(), member) as unknown });
  return module;
}
