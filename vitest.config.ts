import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/crash/long.test.ts', 'tests/soak/long.test.ts'],
    globalSetup: ['tests/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 3,
    // A busy machine with two cores takes several times as long as a quiet one.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
