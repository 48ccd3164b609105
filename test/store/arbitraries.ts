import fc from 'fast-check'
import type { Change, Rules } from '../../src/store/change.js'

export const RULES: Rules = { counters: new Set(['visits', 'clicks']), cappedLists: new Map([['trail', 20]]) }

const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>
const key = fc.constantFrom('a', 'b', 'c', 'constructor', 'übergröße', '', 'a\nb', '@ttl', ':a')
const entries = fc.array(json, { maxLength: 25 })

/** What a session may hold: anything under any key, counters and logs also as something else. */
export const anyData: fc.Arbitrary<Record<string, unknown>> = fc
  .record(
    {
      plain: fc.dictionary(key, json, { maxKeys: 4 }),
      visits: fc.oneof(fc.integer(), fc.maxSafeInteger(), json),
      clicks: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
      trail: fc.oneof(entries, json),
    },
    { requiredKeys: ['plain'] },
  )
  .map(({ plain, ...declared }) => ({ ...plain, ...declared }))

const text = json.map((value) => JSON.stringify(value))

/** Any change that one request may make. */
export const anyChange: fc.Arbitrary<Change> = fc
  .record({
    set: fc.dictionary(key, text, { maxKeys: 3 }),
    deleted: fc.uniqueArray(key, { maxLength: 3 }),
    added: fc.dictionary(fc.constantFrom('visits', 'clicks'), fc.integer({ min: -1000, max: 1000 })),
    appended: fc.dictionary(fc.constant('trail'), fc.array(text, { minLength: 1, maxLength: 25 })),
  })
  .map(({ set, deleted, added, appended }) => ({
    set: new Map(Object.entries(set)),
    deleted: new Set(deleted.filter((name) => !(name in set))),
    added: new Map(Object.entries(added).map(([name, by]) => [name, { by, total: by }])),
    appended: new Map(Object.entries(appended)),
  }))
