const store = (...names: readonly string[]) => names.map((name) => `test/store/${name}.test.ts`)

/** The tests of the store that a mutant of a script is tried with. */
export const LUA_TESTS: readonly string[] = [
  ...store('commit', 'connect-redis', 'encryption', 'lean-commits', 'merge', 'recent-extensions'),
  ...store('refusing-redis', 'small-scripts', 'torn-file', 'update'),
  'test/proof/marks.test.ts',
]

/** Many clients, Clusters, connections that are lost: the tests of the adapters notice most of what these would. */
const SLOW_TESTS: readonly string[] = [
  ...store('clients', 'cluster', 'connect-redis', 'durability', 'faults', 'gathered-writes', 'torn-file'),
  'test/proof/mutation/schedules.suite.ts',
]

/** And those that a mutant of the store's TypeScript is tried with, too: with other clients, Clusters, replicas, faults. */
const ALL: readonly string[] = [
  ...LUA_TESTS,
  ...store(
    'change',
    'checked-options',
    'conformance',
    'crowd',
    'expiry',
    'express',
    'in-sync',
    'in-sync-wait',
    'log-out',
  ),
  ...store(
    'commit-queue',
    'confirmed-connection',
    'errors',
    'held-session',
    'loaded-data',
    'object-slot',
    'record-commits',
    'sentinels',
    'server-clock',
    'session-codec',
    'session-repository',
    'store-answers',
    'keys',
    'odd-orders',
    'retrying-client',
    'store',
    'traces',
    'update-on-load',
    'wrapped',
  ),
  ...store('clients/detect', 'clients/ioredis', 'clients/node-redis'),
  ...SLOW_TESTS,
]
export const TESTS: readonly string[] = [...new Set(ALL)]

/** What most mutants are noticed by. */
export const QUICK_TESTS: readonly string[] = TESTS.filter((path) => !SLOW_TESTS.includes(path))
