import { expect, test } from 'vitest'
import { CouldNotRun } from '../../src/drill/could-not-run.js'
import { HELP, readOptions } from '../../src/drill/options.js'

const read = (...args: string[]) => {
  const options = readOptions(args)
  if (!options) throw new Error('help')
  return options
}

test('a URL is enough', () => {
  const { plan, json, scenarios } = read('http://127.0.0.1:8080')
  expect(plan).toMatchObject({ browsers: 50, concurrency: 1, durationMs: 30_000, retry: false, maxFailed: 0 })
  expect(plan.url.href).toBe('http://127.0.0.1:8080/')
  expect(plan.adapter.visit).toEqual({ method: 'GET', path: '/' })
  expect({ json, scenarios }).toEqual({ json: false, scenarios: [] })
})

test('times, numbers, headers', () => {
  const words = '--browsers 2000 --duration 1.5m --think 250ms --timeout 4 --seed 7 --max-failed any'
  const { plan } = read(
    'https://a.test',
    ...words.split(' '),
    '--header',
    'Host: b.test',
    '--header',
    'x-y: 1:2',
  )
  expect(plan).toMatchObject({ browsers: 2000, durationMs: 90_000, thinkMs: 250, timeoutMs: 4000, seed: 7 })
  expect(plan.maxFailed).toBe(Number.POSITIVE_INFINITY)
  expect(plan.headers).toEqual({ host: 'b.test', 'x-y': '1:2' })
})

test('repeated visits go where an Idempotency-Key is understood', () => {
  expect(read('http://a.test', '--retry').plan.adapter.visit).toEqual({ method: 'POST', path: '/api/visits' })
})

test('with scenarios the load lasts as long as they do', () => {
  expect(read('http://a.test', '--scenario', 'kill', '--scenario', 'restart')).toMatchObject({
    scenarios: ['kill', 'restart'],
    plan: { durationMs: 0 },
  })
})

test.each([
  [[], /one URL is needed/],
  [['a', 'b'], /one URL is needed/],
  [['ftp://a.test'], /ftp:\/\/a.test is no http/],
  [['http://a.test', '--browsers', '0'], /--browsers takes a whole number from 1 to 20000, not 0/],
  [['http://a.test', '--duration', 'soon'], /--duration takes a time such as .*, not soon/],
  [['http://a.test', '--header', 'nothing'], /--header takes 'NAME: VALUE', not nothing/],
  [['http://a.test', '--adapter', 'count'], /--adapter takes/],
  [['http://a.test', '--adapter', '/ re:('], /--adapter takes/],
  [['http://a.test', '--adapter-destroy', '/bye'], /go with --adapter/],
  [['http://a.test', '--colour'], /--colour/],
])('%j says what is wrong', (args, message) => {
  expect(() => readOptions(args)).toThrow(CouldNotRun)
  expect(() => readOptions(args)).toThrow(message)
})

test('the help names every option and stays in 120 columns', () => {
  expect(readOptions(['--help'])).toBeUndefined()
  for (const line of HELP.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
})
