import { defineConfig } from 'vitest/config'
import { SCRIPTS_FILE, withMutant } from './test/proof/mutation/lua-mutants.js'
import type { Mutant } from './test/proof/mutation/mutate-lua.js'

const { LUA_MUTANT } = process.env

/** What is run for each mutant of the exact store: the tests that can notice one, a Redis for each file. */
export default defineConfig({
  plugins: [
    {
      name: 'lua-mutant',
      transform(source, id) {
        if (LUA_MUTANT === undefined || !id.endsWith(SCRIPTS_FILE)) return undefined
        return { code: withMutant(source, JSON.parse(LUA_MUTANT) as Mutant), map: null }
      },
      enforce: 'pre',
    },
  ],
  test: {
    include: [
      'test/store/{change,merge,update,update-on-load,store,express,in-sync,durability,expiry}.test.ts',
    ],
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
