import { readdirSync, readFileSync } from 'node:fs'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { exercisedWords } from '../../../src/drill/books/verdict.js'

const FOLDER = 'src/drill/books'

test('the books import nothing but themselves', () => {
  for (const file of readdirSync(FOLDER)) {
    const text = readFileSync(`${FOLDER}/${file}`, 'utf8')
    for (const [, name] of text.matchAll(/(?:from|import)\s*\(?'([^']+)'/g))
      expect(name).toMatch(/^\.\/[\w-]+\.js$/)
  }
})

test('bundled to one file, they run where there is nothing but the language, as in k6', async () => {
  const { outputFiles } = await build({
    entryPoints: [`${FOLDER}/index.ts`],
    bundle: true,
    format: 'iife',
    globalName: 'books',
    platform: 'neutral',
    write: false,
  })
  const script = `${outputFiles[0]?.text}
    const book = new books.SessionBook()
    const found = [1, 2, 2].flatMap((number) => book.acknowledge(book.attempt(), number))
    found.push(...book.settle(2))
    const anomalies = books.noAnomalies()
    for (const { anomaly, count } of found) anomalies[anomaly] += count
    books.judge({
      browsers: 1, anomalies, maxFailed: 0,
      visits: { acknowledged: 3, failed: 0 },
      unjudged: { sessions: 0, destroys: 0 },
      exercised: { overlappingVisits: 0, instanceChanges: 0, destroysInFlight: 0, outages: 0 },
    }).sentence`
  expect(runInContext(script, createContext(Object.create(null)))).toBe(
    'Broken: 1 acknowledged visit lost, 1 duplicate number, 1 count went back.',
  )
})

test('changes of instance are unknown if no answer names an instance', () => {
  const exercised = { overlappingVisits: 2, instanceChanges: 0, destroysInFlight: 1, outages: 0 }
  expect(exercisedWords(exercised)).toBe(
    '2 overlapping visits, 1 destroy in flight, 0 changes of instance, 0 outages',
  )
  expect(exercisedWords({ ...exercised, instanceChanges: null })).toBe(
    '2 overlapping visits, 1 destroy in flight, changes of instance unknown, 0 outages',
  )
})
