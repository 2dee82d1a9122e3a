import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/soak/long.test.ts'],
    globalSetup: ['tests/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 1,
    hookTimeout: 180_000,
  },
});
