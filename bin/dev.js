#!/usr/bin/env node
// Runs src/*.ts as it is, without a build: npm run dev -- extract --table users
import { readFileSync } from 'fs';
import { join } from 'path';
import { pathToFileURL } from 'url';
import { onNode24, root } from './hand-over.js';

onNode24(import.meta.url, function () {
  process.exitCode = 1;
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  pjson.oclif.commands.target = './src/commands/index.ts';
  import(pathToFileURL(join(root, 'src', 'main.ts')).href)
    .then(function (program) {
      return program.main(process.argv.slice(2), { root: root, pjson: pjson });
    })
    .catch(function (error) {
      process.stderr.write(String(error && error.stack) + '\n');
    });
});
