import { defineConfig } from 'vitest/config'

/** What `npm run mutation` runs for each mutant of the exact store: its quick tests, a Redis for each file. */
export default defineConfig({
  test: {
    include: ['test/store/{change,merge,store,express}.test.ts'],
    maxWorkers: 1,
    testTimeout: 10_000,
    hookTimeout: 30_000,
  },
})
