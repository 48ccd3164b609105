const store = (...names: readonly string[]) => names.map((name) => `test/store/${name}.test.ts`)

/** The tests of the store that a mutant of a script is tried with. */
export const LUA_TESTS: readonly string[] = [
  ...store('commit', 'connect-redis', 'encryption', 'lean-commits', 'merge', 'recent-extensions'),
  ...store('refusing-redis', 'small-scripts', 'torn-file', 'update'),
  'test/proof/marks.test.ts',
]

/** And those that a mutant of the store's TypeScript is tried with, too: with other clients, Clusters, replicas, faults. */
export const TESTS: readonly string[] = [
  ...LUA_TESTS,
  ...store(
    'change',
    'checked-options',
    'conformance',
    'crowd',
    'expiry',
    'express',
    'gathered-writes',
    'in-sync',
    'in-sync-wait',
    'log-out',
  ),
  ...store(
    'commit-queue',
    'confirmed-connection',
    'errors',
    'held-session',
    'keys',
    'odd-orders',
    'retrying-client',
    'store',
    'traces',
    'update-on-load',
    'wrapped',
  ),
  ...store('clients/ioredis', 'clients/node-redis', 'clients', 'cluster', 'durability', 'faults'),
  'test/proof/mutation/schedules.suite.ts',
]
