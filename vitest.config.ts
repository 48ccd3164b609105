import { defineConfig } from 'vitest/config'
import { SlowestTests } from './test/support/slowest-tests.js'

/** Longer than a contributor waits for: faults and failovers, whole tours of the page and of the demo, other people's apps. */
const LONG = [
  'test/examples.test.ts',
  'test/store/faults/**',
  'test/store/durability.test.ts',
  'test/counter/{connections,instances,rotate-secrets}.test.ts',
  'test/counter/page/{experiments,live,story}.test.ts',
  'test/counter/redis/tls.test.ts',
  'test/counter/tracing/**',
  'test/demo/demo.test.ts',
  'test/drill/{honesty,other-apps}.test.ts',
  'test/drill/scenarios/**',
  'test/helm/monitoring.test.ts',
  'test/league/express.test.ts',
  'test/packages.test.ts',
  'test/proof/schedules/**',
]
const CLUSTER = 'test/cluster/**'

export default defineConfig({
  test: {
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    reporters: ['default', new SlowestTests()],
    projects: [
      // `npm test`
      {
        extends: true,
        test: { name: 'quick', include: ['test/**/*.test.ts'], exclude: [...LONG, CLUSTER] },
      },
      // With the above: `npm run test:all`
      {
        extends: true,
        test: {
          name: 'long',
          include: LONG.map((path) => (path.endsWith('**') ? `${path}/*.test.ts` : path)),
        },
      },
      // `npm run test:cluster`
      {
        extends: true,
        test: {
          name: 'cluster',
          include: [`${CLUSTER}/*.test.ts`],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
