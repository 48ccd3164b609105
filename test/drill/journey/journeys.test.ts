import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { CouldNotRun } from '../../../src/drill/could-not-run.js'
import { checkApp, drill } from '../../../src/drill/drill.js'
import type { Journey } from '../../../src/drill/journey/journey.js'
import { readJourney, validJourney } from '../../../src/drill/journey/read-journey.js'
import { type App, Counter, cookieOf, json, routes, serve } from '../apps.js'

const folder = mkdtempSync(join(tmpdir(), 'journey-'))
afterAll(() => rmSync(folder, { recursive: true }))
const running: App[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.stop()))
})

interface Shopper {
  user: string
  token: string
  cart: string[]
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body
}

/**
 * A shop as frameworks make them: a login form with a CSRF token, a new session id after it, a token for each
 * session in a header, a cart as JSON and as a page.
 */
async function shop(
  options: { forgetsAfter?: number } = {},
): Promise<App & { users: Set<string>; opensFor(users: number): void }> {
  const users = new Set<string>()
  let [awaited, open] = [0, () => {}]
  let opened = Promise.resolve()
  const opensFor = (count: number) => {
    users.clear()
    awaited = count
    opened = new Promise((resolve) => {
      open = resolve
    })
  }
  const sessions = new Map<string, Shopper>()
  let adds = 0
  const redirect = (response: ServerResponse, location: string) =>
    void response.writeHead(302, { location }).end()
  const shopperOf = (request: IncomingMessage) => sessions.get(cookieOf(request, 'shop'))
  const begin = (response: ServerResponse, user: string) => {
    const [id, token] = [randomUUID(), randomUUID()]
    sessions.set(id, { user, token, cart: [] })
    response.setHeader('set-cookie', [`shop=${id}; Path=/; HttpOnly`, `csrf=${token}; Path=/`])
    return token
  }
  const app = await serve(
    routes({
      'GET /login'(_, response) {
        const token = begin(response, '')
        response.end(`<form><input type="hidden" name="_csrf" value="${token}"></form>`)
      },
      async 'POST /login'(request, response) {
        const form = new URLSearchParams(await bodyOf(request))
        const before = shopperOf(request)
        if (!before || form.get('_csrf') !== before.token || form.get('password') !== 'pä&=w') {
          response.writeHead(403).end('wrong token or password')
          return
        }
        sessions.delete(cookieOf(request, 'shop'))
        users.add(form.get('user') ?? '')
        if (users.size === awaited) open()
        begin(response, form.get('user') ?? '')
        redirect(response, '/cart')
      },
      async 'POST /cart/items'(request, response) {
        const shopper = shopperOf(request)
        const body = await bodyOf(request)
        await opened
        if (options.forgetsAfter !== undefined && ++adds === options.forgetsAfter) sessions.clear()
        if (!shopper || !sessions.has(cookieOf(request, 'shop'))) return redirect(response, '/login')
        if (request.headers['x-csrf'] !== shopper.token) return void response.writeHead(403).end()
        shopper.cart.push(JSON.parse(body).sku)
        json(response, { cart: shopper.cart })
      },
      'GET /cart'(request, response) {
        const shopper = shopperOf(request)
        if (!shopper) return redirect(response, '/login')
        response.end(`<ul>${shopper.cart.map((sku) => `<li>${sku}</li>`).join('')}</ul>`)
      },
      'POST /logout'(request, response) {
        sessions.delete(cookieOf(request, 'shop'))
        redirect(response, '/login')
      },
    }),
  )
  running.push(app)
  return Object.assign(app, { users, opensFor })
}

const JOURNEY: Journey = {
  name: 'shop',
  variables: { sku: 'tea "green"' },
  login: [
    { get: '/login', take: { token: 'css:input[name=_csrf]' } },
    {
      post: '/login',
      form: { user: 'drill{{browser}}', password: 'pä&=w', _csrf: '{{token}}' },
      take: { csrf: 'cookie:csrf' },
    },
  ],
  visit: { post: '/cart/items', json: { sku: '{{sku}}' }, headers: { 'X-CSRF': '{{csrf}}' } },
  number: '/cart',
  read: { get: '/cart' },
  readNumber: 'count:li',
  logout: { post: '/logout' },
}
const small = { browsers: 4, visits: 120, warmUpMs: 0, destroy: 2, destroyRounds: 2, seed: 1 }

test('logs in, counts what a cart holds, reads it from a page, logs out', async () => {
  const app = await shop()
  // Nobody adds an item before all are in: the first could make all the visits before the last begins.
  const onFound = () => app.opensFor(4)
  const report = await drill({ ...small, url: app.url, journey: JOURNEY, onFound })
  expect(report.sentence).toMatch(/^Held/)
  expect(report.visits).toMatchObject({ acknowledged: 120, stored: 120 })
  expect(report.destroyed).toMatchObject({ judged: 4, resurrected: 0 })
  expect(report.found.sessionCookie).toBe('shop')
  expect(report.exercised.instanceChanges).toBeNull()
  // A report may be published; a login may hold a password.
  expect(JSON.stringify(report)).not.toContain('pä&=w')
  expect([...app.users].sort()).toEqual(['drill0', 'drill1', 'drill2', 'drill3'])
})

test('an app that asks for a new login has reset its sessions', async () => {
  const app = await shop({ forgetsAfter: 60 })
  // One browser: others would use up the visits on a fast machine, before it is asked again whether it is refused.
  const report = await drill({
    ...small,
    browsers: 1,
    url: app.url,
    journey: JOURNEY,
    destroy: 0,
    maxFailed: 120,
  })
  expect(report.anomalies.reset).toBe(1)
  expect(report.anomalies.lost).toBeGreaterThan(0)
  expect(report.failures['logged out']).toBeGreaterThan(0)
  expect(report.verdict).toBe('broken')
})

test('a token that another visit of the burst has used up is a failed visit, no reset', async () => {
  const sessions = new Map<string, { visits: number; token: string }>()
  const app = await serve(
    routes({
      'GET /login'(_, response) {
        const [id, token] = [randomUUID(), randomUUID()]
        sessions.set(id, { visits: 0, token })
        response.setHeader('set-cookie', `sid=${id}; Path=/`)
        json(response, { token })
      },
      async 'POST /hit'(request, response) {
        const session = sessions.get(cookieOf(request, 'sid'))
        const fits = (await bodyOf(request)) === `token=${session?.token}`
        if (!session || !fits) return void response.writeHead(403).end('expired token')
        session.visits++
        session.token = randomUUID()
        json(response, session)
      },
    }),
  )
  running.push(app)
  const journey: Journey = {
    login: { get: '/login', take: { token: '/token' } },
    visit: { post: '/hit', form: { token: '{{token}}' }, take: { token: '/token' } },
    number: '/visits',
  }
  const report = await drill({ ...small, url: app.url, journey, maxFailed: 120 })
  expect(report.failures['403']).toBeGreaterThan(0)
  expect(report.anomalies).toMatchObject({ reset: 0, lost: 0 })
  expect(report.verdict).toBe('held')
})

test('an app that repeats what it was sent gives no secret away', async () => {
  const app = await serve(
    routes({
      async 'POST /login'(request, response) {
        response.writeHead(422).end(`{"input":${await bodyOf(request)}}`)
      },
    }),
  )
  running.push(app)
  process.env.DRILL_SECRET = 'from-the-environment'
  const json = { user: 'ann', password: 'from-the-file', pin: '{{env.DRILL_SECRET}}' }
  const checking = checkApp({ url: app.url, journey: { ...JOURNEY, login: { post: '/login', json } } })
  await expect(checking).rejects.toThrow(/422\. .*"user":"ann","password":"…","pin":"…"/)
  delete process.env.DRILL_SECRET
})

test('what is wrong with a login is said', async () => {
  const app = await shop()
  const [form] = Array.isArray(JOURNEY.login) ? JOURNEY.login : []
  const without = { ...JOURNEY, login: { post: '/login', form: { user: 'a' } } }
  await expect(checkApp({ url: app.url, journey: without })).rejects.toThrow(
    /the login fails: POST http.*\/login: 403\. The text that was read: wrong token or password/,
  )
  // A login that redirects: the status that counts is that of the page.
  const redirected = {
    ...JOURNEY,
    login: (Array.isArray(JOURNEY.login) ? JOURNEY.login : []).map((step) =>
      'post' in step ? { ...step, expect: [303] } : step,
    ),
  }
  await expect(checkApp({ url: app.url, journey: redirected })).rejects.toThrow(
    /the login fails: POST http.*\/login: 200 after a redirect to \/cart, not 303\. The text/,
  )
  const misspelt = { ...JOURNEY, login: { ...form, get: '/login', take: { token: 'css:input[name=csrf]' } } }
  await expect(checkApp({ url: app.url, journey: misspelt })).rejects.toThrow(
    /no token at css:input\[name=csrf\]/,
  )
  const unset = { ...JOURNEY, login: { get: '/login', headers: { 'x-key': '{{env.DRILL_UNSET}}' } } }
  await expect(checkApp({ url: app.url, journey: unset })).rejects.toThrow(
    /the login fails: GET http.*\/login: the environment variable DRILL_UNSET is not set/,
  )
})

test('a check tells a login from a login form that comes again', async () => {
  const lineOf = async (url: URL, journey: Journey) => {
    const { lines } = await checkApp({ url, journey })
    return lines.find(([name]) => name === 'login')?.[1].replaceAll(url.origin, '')
  }
  expect(await lineOf((await shop()).url, JOURNEY)).toBe('POST /login: 200, to /cart')
  const counter = new Counter()
  const form = (_: IncomingMessage, response: ServerResponse) =>
    void response.end('<form><input name="_csrf" value="x"></form>')
  const refusing = await serve(routes({ 'GET /': counter.visit, 'GET /login': form, 'POST /login': form }))
  running.push(refusing)
  const { login } = JOURNEY
  const steps = Array.isArray(login)
    ? login.map(({ take, ...step }, index) => (index === 0 ? { take, ...step } : step))
    : []
  expect(await lineOf(refusing.url, { login: steps, visit: { get: '/' }, number: '/visits' })).toBe(
    'POST /login: 200: the login form again. Was it refused?',
  )
})

test('a check shows the names of variables, not their values', async () => {
  const app = await shop()
  const visit = { ...JOURNEY.visit, post: '/cart/items?for={{uuid}}&key={{csrf}}' }
  const { lines } = await checkApp({ url: app.url, journey: { ...JOURNEY, visit } })
  const [, line] = lines.find(([name]) => name === 'visit') ?? []
  expect(line).toContain(`POST ${app.url.origin}/cart/items?for={{uuid}}&key={{csrf}}: 200, number 1`)
})

test('comes from YAML, JSON or a module', async () => {
  const files: [string, string][] = [
    [
      'a.yaml',
      'visit: { get: /hits }\nnumber: /hits\nlogin:\n  - post: /login\n    form: { user: "{{browser}}" }\n',
    ],
    [
      'a.json',
      '{"visit":{"get":"/hits"},"number":"/hits","login":[{"post":"/login","form":{"user":"{{browser}}"}}]}',
    ],
    [
      'a.mjs',
      "export const journey = { visit: { get: '/hits' }, number: '/hits', login: [{ post: '/login', form: { user: '{{browser}}' } }] }",
    ],
  ]
  for (const [name, text] of files) {
    writeFileSync(join(folder, name), text)
    expect(await readJourney(join(folder, name))).toEqual({
      visit: { get: '/hits' },
      number: '/hits',
      login: [{ post: '/login', form: { user: '{{browser}}' } }],
    })
  }
})

test('TypeScript runs in a Node that can read it; an older one says so', async () => {
  const app = await shop()
  const file = join(folder, 'shop.ts')
  writeFileSync(
    file,
    `import type { Journey } from 'session-drill'\nexport const journey: Journey = ${JSON.stringify(JOURNEY)}`,
  )
  const command = ['dist/drill/main.js', app.url.href, '--journey', file, '--check']
  const { code, out } = await new Promise<{ code: number; out: string }>((resolve) => {
    const child = execFile(process.execPath, command, (_, output, errors) =>
      resolve({ code: child.exitCode ?? -1, out: output + errors }),
    )
  })
  if (process.features.typescript)
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/POST .* number 1, then 2/) })
  else
    expect({ code, out }).toEqual({
      code: 2,
      out: expect.stringMatching(/shop.ts: TypeScript needs Node 22.18 or later/),
    })
})

test.each([
  [{}, /^journey: visit: is missing; number: is missing$/],
  [{ visit: { get: 'hits' }, number: '/n' }, /visit.get: takes a path that begins with \//],
  [{ visit: { get: '/a', post: '/b' }, number: '/n' }, /visit.*: takes exactly one of get, post/],
  [{ visit: { get: '/a' }, number: 'visits' }, /number: takes a JSON pointer/],
  [{ visit: { get: '/a' }, number: '/n', logut: { post: '/x' } }, /^journey: logut: no such field$/],
  [{ visit: [{ get: '/a' }, { get: '/b', by: 1 }], number: '/n' }, /: visit.1.by: no such field$/],
  [{ visit: [], number: '/n' }, /: visit: takes at least one step$/],
  [{ visit: [1], number: '/n' }, /: visit.0: takes fields$/],
  [{ visit: { get: '/a', expect: 303 }, number: '/n' }, /: visit.expect: takes a list$/],
  [{ visit: { get: '/a', expect: [99] }, number: '/n' }, /: visit.expect.0: takes a status from 100 to 599$/],
  [
    { visit: { post: '/a', form: { pin: 1234 } }, number: '/n' },
    /: visit.form.pin: takes a text \(in quotes\)$/,
  ],
  ['visit', /^journey: it: takes fields$/],
  [
    { visit: [{ get: '/a' }, { get: '/b', form: {}, body: '' }], number: '/n' },
    /visit.*: takes one of form, json and body/,
  ],
])('a journey that is wrong is said so: %j', (value, message) => {
  expect(() => validJourney(value)).toThrow(CouldNotRun)
  expect(() => validJourney(value)).toThrow(message)
})

test('a file that is wrong is said so', async () => {
  await expect(readJourney(join(folder, 'none.yaml'))).rejects.toThrow(/none.yaml: ENOENT/)
  writeFileSync(join(folder, 'b.yaml'), 'visit: [')
  await expect(readJourney(join(folder, 'b.yaml'))).rejects.toThrow(CouldNotRun)
  await expect(readJourney(join(folder, 'b.txt'))).rejects.toThrow(/a journey is a .yaml/)
})
