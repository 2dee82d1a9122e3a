import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/crash/long.test.ts'],
    globalSetup: ['tests/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
