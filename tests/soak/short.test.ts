import { soakSuite } from './soak.suite.ts';

soakSuite({
  seed: Number(process.env['SEED'] ?? 1),
  milliseconds: Number(process.env['SOAK_SECONDS'] ?? 15) * 1000,
  roundsBetweenQuietPoints: 4,
  writers: 3,
  say: (line) => void process.stderr.write(`${line}\n`),
});
