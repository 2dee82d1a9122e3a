import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const HEAD = '# Measured\n\n`npm run bench`: whole processes, wall time.\n';

/** Replaces the section of this name, or adds it at the end; the others stay as an earlier run wrote them. */
export function writeSection(path: string, name: string, text: string): void {
  const now = existsSync(path) ? readFileSync(path, 'utf8') : HEAD;
  const [head = HEAD, ...sections] = now.split(/^(?=## )/m);
  const mine = `## ${name}\n\n${text}\n`;
  const kept = sections.map((section) => (section.startsWith(`## ${name}\n`) ? mine : section));
  const all = kept.includes(mine) ? kept : [...kept, mine];
  writeFileSync(path, `${[head, ...all].map((part) => part.trimEnd()).join('\n\n')}\n`);
}
