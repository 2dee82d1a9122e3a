import { soakSuite } from './soak.suite.ts';

soakSuite({
  seed: Number(process.env['SEED'] ?? 1),
  milliseconds: 5_000,
  roundsBetweenQuietPoints: 4,
  writers: 3,
  say: () => undefined,
});
