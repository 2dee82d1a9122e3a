#!/usr/bin/env node
// What npm installs as `sqlextract`: runs dist. Node 12 must be able to parse this file, see hand-over.js.
import { existsSync } from 'fs';
import module from 'module';
import { join } from 'path';
import { pathToFileURL } from 'url';
import { onNode24, root } from './hand-over.js';

onNode24(import.meta.url, function () {
  const entry = join(root, 'dist', 'program', 'main.js');
  process.exitCode = 1;
  if (!existsSync(entry)) {
    process.stderr.write('Error: sqlextract is not built yet\n    code: NOT_BUILT\n    hint: npm run build\n');
    process.exitCode = 3;
    return;
  }
  module.enableCompileCache();
  import(pathToFileURL(entry).href)
    .then(function (program) {
      return program.main(process.argv.slice(2), { root: root });
    })
    .catch(function (error) {
      process.stderr.write(String(error && error.stack) + '\n');
    });
});
