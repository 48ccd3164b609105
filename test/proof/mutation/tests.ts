const store = (...names: readonly string[]) => names.map((name) => `test/store/${name}.test.ts`)

/** The tests of the store that a mutant of a script is tried with: those that are quick to notice it come first. */
export const LUA_TESTS: readonly string[] = [
  ...store(
    'commit',
    'connect-redis',
    'encryption',
    'expiry',
    'express',
    'lean-commits',
    'merge',
    'recent-extensions',
    'refusing-redis',
    'store',
    'torn-file',
    'update',
    'update-on-load',
    'wrapped',
  ),
  'test/proof/marks.test.ts',
  'test/proof/mutation/schedules.suite.ts',
]

/** And those that a mutant of the store's TypeScript is tried with, too: with other clients, Clusters, replicas, faults. */
export const TESTS: readonly string[] = [
  ...LUA_TESTS,
  ...store('change', 'checked-options', 'crowd', 'gathered-writes', 'in-sync', 'log-out', 'traces'),
  ...store('clients', 'cluster', 'durability', 'faults'),
]
