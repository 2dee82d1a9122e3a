import { soakSuite } from './soak.suite.ts';

/** `npm run test:soak`: SOAK_MINUTES (5) of a shop. SEED makes the same choices again; when each of them comes, the machine decides. */
soakSuite({
  seed: Number(process.env['SEED'] ?? Date.now() % 1_000_000),
  milliseconds: Number(process.env['SOAK_MINUTES'] ?? 5) * 60_000,
  roundsBetweenQuietPoints: 6,
  writers: 4,
  say: (line) => void process.stderr.write(`${line}\n`),
});
