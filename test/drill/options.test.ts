import { expect, test } from 'vitest'
import { CouldNotRun } from '../../src/drill/could-not-run.js'
import { readCommandLine } from '../../src/drill/options/command-line.js'
import { briefHelp, fullHelp } from '../../src/drill/options/help.js'
import { DEFAULTS, OPTION_LIST } from '../../src/drill/options/table.js'
import { connectionOptionsOf, planOf, proxyFor, targetOf } from '../../src/drill/plan.js'

const read = (...args: string[]) => {
  const line = readCommandLine(args)
  if (!('url' in line)) throw new Error('no URL')
  return planOf({ url: line.url, ...line.settings })
}

test('a URL is enough', async () => {
  const plan = await read('http://127.0.0.1:8080')
  expect(plan).toMatchObject({ browsers: 50, burst: 6, durationMs: 30_000, retry: false, maxFailed: 0 })
  expect(plan.url.href).toBe('http://127.0.0.1:8080/')
  expect(plan.journey.visit).toMatchObject({ get: '/' })
  expect(plan).toMatchObject({ json: false, scenarioNames: [] })
})

test('times, numbers, headers', async () => {
  const words = '--browsers 2000 --duration 1.5m --think 250ms --timeout 4 --seed 7 --max-failed any'
  const headers = ['--header', 'Host: b.test', '--header', 'x-y: 1:2']
  const plan = await read('https://a.test', ...words.split(' '), ...headers)
  expect(plan).toMatchObject({ browsers: 2000, durationMs: 90_000, thinkMs: 250, timeoutMs: 4000, seed: 7 })
  expect(plan.maxFailed).toBe(Number.POSITIVE_INFINITY)
  expect(plan.headers).toEqual({ host: 'b.test', 'x-y': '1:2' })
})

test('retried visits go where an Idempotency-Key is understood', async () => {
  expect((await read('http://a.test', '--retry')).journey.visit).toEqual({ post: '/api/visits' })
})

test('the path of the URL is what is visited, or goes before the paths of a journey', async () => {
  const itself = await read('http://a.test/cart/count?x=1', '--number', '/items', '--logout', '/bye')
  expect(itself).toMatchObject({
    base: '',
    journey: { visit: { get: '/cart/count?x=1' }, logout: { post: '/bye' } },
  })
  const before = await read('http://a.test/shop/', '--visit', 'PUT /hit', '--number', '/n')
  expect(before).toMatchObject({ base: '/shop', journey: { visit: { put: '/hit' } } })
  expect(await read('http://a.test/sub')).toMatchObject({
    base: '/sub',
    fallback: { visit: { get: '/sub' } },
  })
})

test('credentials of the URL, a Cookie and an Accept header are sent', async () => {
  const plan = await read(
    'http://me:p%40ss@a.test',
    '--header',
    'Cookie: a=1; b=2',
    '--header',
    'Accept: text/html',
  )
  const target = targetOf(plan, () => undefined)
  expect(target.defaults.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
  expect(target.cookies).toBe('a=1; b=2')
  expect(target.headers).toEqual({ accept: 'text/html' })
  expect(target.origin).toBe('http://a.test')
})

test('a password alone, a lone %, and cookies of several headers are sent', async () => {
  const cookies = ['--header', 'Cookie: a=1', '--header', 'cookie: b=2']
  const target = targetOf(await read('http://:100%@a.test', ...cookies), () => undefined)
  expect(target.defaults.authorization).toBe(`Basic ${Buffer.from(':100%').toString('base64')}`)
  expect(target.cookies).toBe('a=1; b=2')
})

test('a proxy of the environment is used, but for hosts that are excepted', () => {
  const env = {
    http_proxy: 'proxy.test:3128',
    HTTPS_PROXY: 'http://secure.test',
    NO_PROXY: 'localhost,.b.test',
  }
  expect(proxyFor(new URL('http://a.test'), env)).toBe('http://proxy.test:3128')
  expect(proxyFor(new URL('https://a.test'), env)).toBe('http://secure.test')
  expect(proxyFor(new URL('http://localhost:1'), env)).toBeUndefined()
  expect(proxyFor(new URL('http://c.b.test'), env)).toBeUndefined()
  expect(proxyFor(new URL('http://a.test'), {})).toBeUndefined()
})

test.each([
  [[], /one URL is needed/],
  [['a', 'b'], /one URL is needed/],
  [['ftp://a.test'], /ftp:\/\/a.test is not an http/],
  [['http://a.test', '--browsers', '0'], /--browsers takes a whole number from 1 to 20000, not 0/],
  [['http://a.test', '--duration', 'soon'], /--duration takes a time such as .*, not soon/],
  [['http://a.test', '--header', 'nothing'], /--header takes 'NAME: VALUE', not nothing/],
  [
    ['http://a.test', '--header', 'X-A: 1', '--header', 'x-a: 2'],
    /--header x-a is given twice: give it once/,
  ],
  [['http://a.test', '--header', 'Content-Length: 3'], /--header cannot set Content-Length/],
  [
    ['http://a.test', '--visit', 'count'],
    /--visit takes a path, or a method and a path such as 'POST \/path', not count/,
  ],
  [['http://a.test', '--number', 're:('], /--number takes a JSON pointer/],
  [['http://a.test?x=1', '--visit', '/n'], /the query \?x=1 goes into the paths/],
  [['http://a.test', '--preset', 'cobol'], /--preset cobol: there are express/],
  [['http://a.test', '--ca', ''], /--ca takes FILE/],
  [['http://a.test', '--adapter', '/ /n'], /--adapter is now --visit/],
  [['http://a.test', '--colour'], /^--colour is not an option; --help shows all$/],
  [['http://a.test', '-q'], /^-q is not an option; --help shows all$/],
  [['http://a.test', '--browsers'], /^--browsers takes N$/],
  [['http://a.test', '--seed', '-1'], /^--seed takes N; what begins with a dash is given as --seed=…$/],
  [['http://a.test', '--check=1'], /^--check takes no value$/],
])('%j says what is wrong', async (args, message) => {
  const reading = (async () => read(...args))()
  await expect(reading).rejects.toThrow(CouldNotRun)
  await expect(reading).rejects.toThrow(message)
})

test('what does not fit together is refused', async () => {
  const connection = async (...args: string[]) => connectionOptionsOf(await read(...args))
  await expect(connection('http://a.test', '--http2')).rejects.toThrow(/^--http2 needs an https: URL$/)
  await expect(connection('https://a.test', '--cert', 'a')).rejects.toThrow(/^--cert and --key go together$/)
  const target = async (...args: string[]) => targetOf(await read(...args), () => undefined)
  await expect(target('http://a.test', '--header', 'Host: a b')).rejects.toThrow(
    /^--header Host takes NAME or NAME:PORT, not a b$/,
  )
})

test('a program gets the same checks', async () => {
  await expect(planOf({ url: 'http://a.test', browsers: 0 })).rejects.toThrow(/browsers takes a whole number/)
  const misspelt = { url: 'http://a.test', browser: 3 }
  await expect(planOf(misspelt)).rejects.toThrow(/browser is not an option/)
})

test('the full help names every option and stays in 120 columns; the brief help fits a screen', () => {
  expect(readCommandLine(['--help'])).toEqual({ help: 'full' })
  expect(readCommandLine(['-h'])).toEqual({ help: 'brief' })
  for (const [, { flag }] of OPTION_LIST) expect(fullHelp()).toContain(`--${flag}`)
  for (const line of fullHelp().split('\n')) expect(line.length).toBeLessThanOrEqual(120)
  const lines = briefHelp().trimEnd().split('\n')
  expect(lines.length).toBeLessThanOrEqual(40)
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
  expect(DEFAULTS.burst).toBe(6)
})
