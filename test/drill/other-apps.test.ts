import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, type TestContext, test, vi } from 'vitest'
import { CouldNotRun } from '../../src/drill/could-not-run.js'
import { checkApp, type DrillOptions, drill } from '../../src/drill/drill.js'
import { exitCodeOf } from '../../src/drill/exit-code.js'
import { junitOf } from '../../src/drill/report/junit.js'
import { tableOf } from '../../src/drill/report/table.js'
import { until } from '../support/until.js'
import {
  type App,
  behindStickyBalancer,
  breaksInLogoutRace,
  Counter,
  cookieOf,
  Freezable,
  json,
  losesOverlapping,
  routes,
  serve,
} from './apps.js'

const running: App[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.stop()))
})

async function start(listener: Parameters<typeof serve>[0]): Promise<App> {
  const app = await serve(listener)
  running.push(app)
  return app
}

/** For tests that mostly wait and run at the same time: the app ends with its own test. */
async function startFor(
  { onTestFinished }: TestContext,
  listener: Parameters<typeof serve>[0],
): Promise<App> {
  const app = await serve(listener)
  onTestFinished(() => app.stop())
  return app
}

const small = {
  browsers: 5,
  visits: 200,
  durationMs: 20_000,
  warmUpMs: 0,
  destroy: 3,
  destroyRounds: 2,
  seed: 1,
}
const drillOf = (app: App, changes: Partial<DrillOptions> = {}) =>
  drill({ url: app.url, ...small, ...changes })

describe('cookies, as a browser keeps them', () => {
  test.each(['sessionid', 'JSESSIONID', 'SESSION', '_shop_session', 'PHPSESSID', '__Host-id'])(
    'the session cookie %s is found among others',
    async (cookie) => {
      const others = ['theme=dark; Path=/', 'csrftoken=abc; Path=/; SameSite=Lax']
      const attributes = cookie.startsWith('__Host-') ? 'Path=/; Secure' : 'Path=/; HttpOnly'
      const app = await start(new Counter({ cookie, others, attributes }).listener)
      const report = await drillOf(app, { logout: '/logout' })
      expect(report.sentence).toMatch(/^Held/)
      expect(report.found.sessionCookie).toBe(cookie)
      expect(report.found.cookies).toContainEqual({ name: 'theme', needed: false })
    },
  )

  test('a sticky balancer before sessions in memory is right for any browser', async () => {
    const app = await start(behindStickyBalancer())
    const report = await drillOf(app, { logout: '/logout' })
    expect(report.sentence).toMatch(/^Held/)
    expect(report.found.cookies.map(({ name }) => name).sort()).toEqual(['AWSALB', 'sid'])
  })

  test.each([
    ['an old path is cleaned up', ['sid=; Path=/old; Max-Age=0']],
    ['an old path is cleaned up by date', ['sid=; Path=/old; Expires=Thu, 01 Jan 1970 00:00:00 GMT']],
    ['another path has a cookie of that name', ['sid=other; Path=/elsewhere']],
    ['another domain is refused', ['sid=other; Domain=example.com; Path=/']],
    ['another name ends like it', ['xsid=other; Path=/']],
  ])('several of one name: %s', async (_, others) => {
    const app = await start(new Counter({ others }).listener)
    expect((await drillOf(app)).sentence).toMatch(/^Held/)
    const after = new Counter({ others })
    const reversed = await start((request, response) => {
      const { setHeader } = response
      response.setHeader = (name, value) =>
        setHeader.call(response, name, name === 'set-cookie' ? [value].flat().map(String).reverse() : value)
      after.listener(request, response)
    })
    expect((await drillOf(reversed)).sentence).toMatch(/^Held/)
  })

  test('a session in another value with each answer is the same session', async () => {
    const counter = new Counter()
    const app = await start(
      routes({
        'GET /'(request, response) {
          const id = cookieOf(request, 'sid').split('.')[0] ?? ''
          request.headers.cookie = `sid=${id}`
          const current = counter.idOf(request, response)
          const visits = (counter.sessions.get(current) ?? 0) + 1
          counter.sessions.set(current, visits)
          response.setHeader('set-cookie', `sid=${current}.${Math.random()}; Path=/`)
          json(response, { visits })
        },
      }),
    )
    expect((await drillOf(app)).sentence).toMatch(/^Held/)
  })

  test.each([
    ['sid=x; Secure; Path=/', /would not keep the cookie sid: .*Secure/],
    ['sid=x; Domain=example.com', /would not keep the cookie sid/],
    [undefined, /no cookie was set, so there is no session/],
  ])('a cookie that no browser would send back is named: %s', async (header, message) => {
    const app = await start((_, response) => {
      if (header) response.setHeader('set-cookie', header)
      json(response, { visits: 1 })
    })
    const url = new URL(`http://drill.localhost:${app.url.port}`)
    const secure = header?.includes('Secure') ? { headers: { host: 'shop.example' } } : {}
    await expect(checkApp({ url, number: '/visits', ...secure })).rejects.toThrow(message)
  })

  test('cookies that do not make the count go on are named', async () => {
    const app = await start((_, response) => {
      response.setHeader('set-cookie', ['a=1; Path=/', 'b=2; Path=/'])
      json(response, { visits: 1 })
    })
    const wrong = checkApp({ url: app.url, number: '/visits' })
    await expect(wrong).rejects.toThrow(/does not go on although its cookies were sent back \(a, b\)/)
    await expect(checkApp({ url: app.url, cookie: 'sid', number: '/visits' })).rejects.toThrow(
      /no cookie sid was set; there are a, b$/,
    )
  })
})

describe('sessions as apps have them', () => {
  const ids = () => new Map<string, number>()

  test.each([
    ['Path=/admin', /no cookie is sent there; the cookie sid is for \/admin$/],
    ['Path=/; Domain=shop.example', /a browser would not keep the cookie sid: .*domain/],
  ])(
    'a cookie that is not sent back is named although no number was given: %s',
    async (attributes, message) => {
      const app = await start(new Counter({ attributes }).listener)
      await expect(checkApp({ url: app.url })).rejects.toThrow(message)
    },
  )

  test('an app that counts whatever the path is not taken for our counter', async () => {
    const counter = new Counter()
    const app = await start((request, response) => void counter.visit(request, response))
    expect((await drillOf(app)).sentence).toMatch(/^Held/)
  })

  test('the session cookie is found behind many others', async () => {
    const others = Array.from({ length: 9 }, (_, index) => `c${index}=x; Path=/`)
    const app = await start(new Counter({ others }).listener)
    expect((await checkApp({ url: app.url })).sessionCookie).toBe('sid')
  })

  test('a session whose cookie expires while the browsers visit is not accused', async () => {
    const app = await start(new Counter({ attributes: 'Path=/; Max-Age=1' }).listener)
    const seenTwice = new AbortController()
    const expired: string[] = []
    const report = await drillOf(app, {
      visits: 1_000_000,
      thinkMs: 50,
      destroy: 0,
      stop: seenTwice.signal,
      onEvent({ text }) {
        expired.push(text)
        if (expired.filter((one) => one === text).length === 2) seenTwice.abort()
      },
    })
    expect(report).toMatchObject({ verdict: 'unknown', anomalies: { lost: 0, reset: 0, wentBack: 0 } })
    expect(expired).toContain('browser 0: its session could not be read: its cookie had expired')
  })

  test('an id that changes with each answer is the same session', async () => {
    const sessions = new Map<string, { visits: number; over: boolean }>()
    const sessionOf = (request: Parameters<typeof cookieOf>[0]) => sessions.get(cookieOf(request, 'sid'))
    const app = await start(
      routes({
        'GET /'(request, response) {
          const known = sessionOf(request)
          const session = known && !known.over ? known : { visits: 0, over: false }
          const id = `id-${sessions.size}`
          sessions.set(id, session)
          response.setHeader('set-cookie', `sid=${id}; Path=/`)
          json(response, { visits: ++session.visits })
        },
        'POST /logout'(request, response) {
          Object.assign(sessionOf(request) ?? {}, { over: true })
          response.writeHead(204).end()
        },
      }),
    )
    expect((await drillOf(app, { logout: '/logout' })).sentence).toMatch(/^Held/)
  })

  test('a session that is in the cookie itself loses overlapping visits, and no logout destroys it', async () => {
    const app = await start(
      routes({
        async 'GET /'(request, response) {
          const [, count = 0] = /^x\.(\d+)\.sig$/.exec(cookieOf(request, 'jwt')) ?? []
          const visits = Number(count) + 1
          await sleep(2)
          response.setHeader('set-cookie', `jwt=x.${visits}.sig; Path=/`)
          json(response, { visits })
        },
        'POST /logout': (_, response) =>
          void response.writeHead(204, { 'set-cookie': 'jwt=; Path=/; Max-Age=0' }).end(),
      }),
    )
    const report = await drillOf(app)
    expect(report.anomalies.lost).toBeGreaterThan(100)
    expect(report.anomalies.reset).toBe(0)
    await expect(checkApp({ url: app.url, logout: '/logout' })).rejects.toThrow(/does not destroy a session/)
  })

  test('a token that a login gives is a session, too', async () => {
    const sessions = ids()
    const tokenOf = (request: Parameters<typeof cookieOf>[0]) => String(request.headers.authorization)
    let logins = 0
    const app = await start(
      routes({
        'POST /login'(_, response) {
          const token = `Bearer ${++logins}`
          sessions.set(token, 0)
          json(response, { token })
        },
        'GET /hits'(request, response) {
          const visits = sessions.get(tokenOf(request))
          if (visits === undefined) return void response.writeHead(401).end()
          sessions.set(tokenOf(request), visits + 1)
          json(response, { visits: visits + 1 })
        },
        'POST /logout'(request, response) {
          sessions.delete(tokenOf(request))
          response.writeHead(204).end()
        },
      }),
    )
    const headers = { authorization: '{{token}}' }
    const journey = {
      login: { post: '/login', take: { token: '/token' } },
      visit: { get: '/hits', headers },
      number: '/visits',
      logout: { post: '/logout', headers },
    }
    const report = await drillOf(app, { journey })
    expect(report.sentence).toMatch(/^Held: .* 6 destroys in flight/)
    expect(report.found.lines).toContainEqual(['session', 'no cookie; the login gives it'])
  })

  test('a number that stays the same is no session that starts over, whatever changes besides', async () => {
    const counter = new Counter({ answer: (to, visits) => to.end(`<h1>Shop v1</h1> ${visits} visits`) })
    const app = await start((request, response) => {
      const { setHeader } = response
      const balancer = () => `AWSALB=${Math.random()}; Path=/`
      setHeader.call(response, 'set-cookie', [balancer()])
      response.setHeader = (name, value) =>
        setHeader.call(response, name, [balancer(), value].flat().map(String))
      counter.listener(request, response)
    })
    const wrong = drillOf(app, { number: 're:(\\d+)' })
    await expect(wrong).rejects.toThrow(/number 1 and 1\. The session does not go on .* or the number at/)
    expect((await drillOf(app, { number: 're:(\\d+) visits' })).sentence).toMatch(/^Held/)
  })

  test('sessions in the memory of each of four instances start over', async () => {
    const instances = Array.from({ length: 4 }, () => new Counter())
    let turn = 0
    const app = await start((request, response) => instances[turn++ % 4]?.listener(request, response))
    expect((await drillOf(app, { number: '/visits' })).anomalies.reset).toBeGreaterThan(0)
  })
})

describe('an app that is busy', () => {
  test('or starting is asked again, when it says so', async () => {
    let asked = 0
    const counter = new Counter()
    const app = await start(
      routes({
        'GET /'(request, response) {
          asked++
          if (asked <= 3) response.writeHead(503).end('starting')
          else if (asked === 5) response.writeHead(429, { 'retry-after': '1' }).end('slow down')
          else return counter.visit(request, response)
        },
      }),
    )
    const began = performance.now()
    expect((await checkApp({ url: app.url })).first).toBe(1)
    expect(performance.now() - began).toBeGreaterThan(1000)
  })

  test('and limits requests fails visits, and the report says what helps', async () => {
    let requests = 0
    let logouts = 0
    const counter = new Counter()
    const app = await start(
      routes({
        'GET /'(request, response) {
          if (++requests > 20 && requests < 30) response.writeHead(429).end()
          else return counter.visit(request, response)
        },
        'POST /logout'(request, response) {
          if (++logouts % 2 === 1) response.writeHead(429).end()
          else return counter.logout(request, response)
        },
      }),
    )
    const report = await drillOf(app, { visits: 60, logout: '/logout', maxFailed: 1000, destroyRounds: 1 })
    expect(report.sentence).toMatch(/^Held: .* 9 visits failed, as allowed.* 3 destroys in flight/)
    expect(tableOf(report)).toContain('(the app limits requests: --rate N stays below its limit)')
  })
})

describe('what destroys a session is tried at rest first', () => {
  test.each([
    [400, {}],
    [401, {}],
    [404, {}],
    [419, {}],
    [302, { location: 'https://idp.example/authorize' }],
    [302, { location: '/login' }],
  ])('an old cookie that is then answered with %i %j is a session that is gone', async (status, headers) => {
    const counter = new Counter()
    const gone = new Set<string>()
    const app = await start(
      routes({
        'GET /'(request, response) {
          if (gone.has(cookieOf(request, 'sid'))) response.writeHead(status, headers).end()
          else return counter.visit(request, response)
        },
        'GET /login': (_, response) => void response.end('<form>Who are you?</form>'),
        'POST /logout'(request, response) {
          gone.add(cookieOf(request, 'sid'))
          counter.logout(request, response)
        },
      }),
    )
    const report = await drillOf(app, { visits: 30, logout: '/logout' })
    expect(report.sentence).toMatch(/^Held: .* 6 destroys in flight/)
  })

  test('a logout that answers 401 and destroys is one', async () => {
    const counter = new Counter()
    const app = await start(
      routes({
        'GET /': counter.visit,
        'POST /logout'(request, response) {
          counter.sessions.delete(cookieOf(request, 'sid'))
          response.writeHead(401).end()
        },
      }),
    )
    const report = await drillOf(app, { visits: 30, logout: '/logout' })
    expect(report.sentence).toMatch(/^Held: .* 6 destroys in flight/)
  })

  test('a session that comes back a moment later is found', async () => {
    const counter = new Counter()
    let atRest = true
    const app = await start(
      routes({
        'GET /'(request, response) {
          counter.visit(request, response)
          const id = cookieOf(request, 'sid')
          const visits = counter.sessions.get(id)
          // An app that saves after it has answered. Not at rest: there the check would see it.
          if (visits !== undefined && !atRest)
            setTimeout(() => counter.sessions.set(id, Math.max(visits, counter.sessions.get(id) ?? 0)), 60)
        },
        'POST /logout': counter.logout,
      }),
    )
    const onFound = () => {
      atRest = false
    }
    const report = await drillOf(app, { visits: 30, logout: '/logout', onFound })
    expect(report.anomalies.resurrected).toBeGreaterThan(0)
  })

  test.each([
    ['a path that is not there', 'POST /bye', /POST .*\/bye, which should destroy a session, fails: 404/],
    ['a page that only asks', 'GET /logout', /does not destroy a session: it answers 200/],
  ])('%s', async (_, logout, message) => {
    const counter = new Counter()
    const asks = routes({
      'GET /': counter.visit,
      'GET /logout': (__, response) => void response.end('<h1>Really log out?</h1>'),
    })
    const app = await start(asks)
    const wrong = drillOf(app, { logout })
    await expect(wrong).rejects.toThrow(CouldNotRun)
    await expect(wrong).rejects.toThrow(message)
    expect((await drillOf(app, { logout, destroy: 0 })).verdict).toBe('held')
  })

  test('a session whose old cookie is answered with 500 afterwards cannot be judged: unknown', async () => {
    const app = await start(breaksInLogoutRace())
    const report = await drillOf(app, { logout: '/logout', destroy: 5, destroyRounds: 5 })
    expect(report.verdict).toBe('unknown')
    expect(report.unjudged.destroys).toBeGreaterThan(0)
    expect(report.destroyed?.problems).toEqual({ 500: report.unjudged.destroys })
    expect(report.sentence).toMatch(/^Unknown: \d+ destroyed sessions? could not be judged; otherwise/)
    expect(exitCodeOf(report)).toBe(3)
    expect(junitOf(report)).toContain(
      `<error message="${report.unjudged.destroys} could not be judged: 500"/>`,
    )
  })

  test('a proxy that says 404 for a moment has lost no session', async () => {
    const counter = new Counter()
    const looked = new Set<string | undefined>()
    const app = await start(
      routes({
        'GET /': counter.visit,
        'GET /look'(request, response) {
          const sid = cookieOf(request, 'sid')
          // The first is the check's, before the load.
          const isMissed = looked.size > 0 && !looked.has(sid)
          looked.add(sid)
          if (isMissed) response.writeHead(404).end('no backend')
          else json(response, { visits: counter.sessions.get(sid) })
        },
      }),
    )
    const report = await drillOf(app, { visits: 60, visit: '/', number: '/visits', read: '/look' })
    expect(report.sentence).toMatch(/^Held/)
  })

  test('a session that cannot be read at the end is unknown', async () => {
    const counter = new Counter()
    let reads = 0
    const app = await start(
      routes({
        'GET /': counter.visit,
        'GET /look'(request, response) {
          if (++reads > 1) response.writeHead(500).end()
          else json(response, { visits: counter.sessions.get(cookieOf(request, 'sid')) })
        },
      }),
    )
    const report = await drillOf(app, { visit: '/', number: '/visits', read: '/look', patienceMs: 300 })
    expect(report).toMatchObject({ verdict: 'unknown', anomalies: { lost: 0 } })
    // On a fast machine some browsers start when all visits were made.
    expect(report.unjudged.sessions).toBeGreaterThan(0)
  })
})

describe('overlapping visits', () => {
  test('the defaults find a server that loses them', async () => {
    const app = await start(losesOverlapping())
    const report = await drill({ url: app.url, visits: 600, durationMs: 20_000, seed: 1 })
    expect(report.verdict).toBe('broken')
    expect(report.anomalies.lost).toBeGreaterThan(report.visits.acknowledged / 4)
    expect(report.anomalies.lost).toBeLessThanOrEqual(report.visits.acknowledged)
  })

  test('a rate does not spread a burst', async () => {
    const app = await start(losesOverlapping())
    const report = await drill({
      url: app.url,
      browsers: 2,
      visits: 100,
      rate: 60,
      durationMs: 20_000,
      seed: 1,
    })
    // Those that wait for their turn when the last is taken are made, too.
    expect(report.visits.acknowledged).toBe(100)
    expect(report.anomalies.lost).toBeGreaterThan(report.visits.acknowledged / 4)
  })

  test('visits that wait for their turn are made before their end ends the faults', async () => {
    const app = await start(losesOverlapping())
    const run = vi.fn(async () => {})
    const scenario = { name: 'wait', intent: 'nothing', at: 600, run }
    const load = { browsers: 10, visits: 60, rate: 60, burst: 6, warmUpMs: 0, destroy: 0, seed: 1 }
    const report = await drill({ ...load, url: app.url, scenarios: [scenario] })
    expect(report.visits.acknowledged).toBe(60)
    expect(run).toHaveBeenCalledOnce()
  })

  test('the verdict says what was exercised', async () => {
    const app = await start(
      new Counter({ answer: (to, visits) => json(to, { visits, pod: visits % 3 }) }).listener,
    )
    const bursts = await drillOf(app, { visit: '/', number: '/visits', instance: '/pod', logout: '/logout' })
    expect(bursts.exercised.overlappingVisits).toBeGreaterThan(100)
    expect(bursts.exercised.instanceChanges).toBeGreaterThan(0)
    expect(bursts.exercised.destroysInFlight).toBe(6)
    expect(bursts.sentence).toMatch(
      /Exercised: \d+ overlapping visits, 6 destroys in flight, \d+ changes of instance, 0 outages\.$/,
    )
    const single = await drillOf(app, { visit: '/', number: '/visits', instance: '/pod', burst: 1 })
    expect(single.sentence).toContain('Exercised: 0 overlapping visits, 0 destroys in flight')
    // One after the other each is another instance's, but for the first of each browser.
    expect(single.exercised.instanceChanges).toBeGreaterThanOrEqual(200 - 5)
  })
})

describe('numbers', () => {
  const html = (start: number) =>
    new Counter({
      start,
      answer: (to, visits) => to.end(`<p>${visits.toLocaleString('en')} visits since 2012</p>`),
    })

  test('with a space before the thousands, from one on', async () => {
    const grouped = (count: number) => String(count).replace(/\B(?=(\d{3})+(?!\d))/g, '&nbsp;')
    const page = new Counter({ answer: (to, visits) => to.end(`<p>${grouped(visits)} visits</p>`) })
    const app = await start(page.listener)
    expect((await drillOf(app, { browsers: 1, visits: 1050 })).sentence).toMatch(/^Held: 1,050/)
  })

  test('that are shortened end the drill with the text that was read', async () => {
    const short = (count: number) => (count > 999 ? `${(count / 1000).toFixed(1)}K` : String(count))
    const page = new Counter({ start: 980, answer: (to, visits) => to.end(`<p>${short(visits)} visits</p>`) })
    await expect(drillOf(await start(page.listener))).rejects.toThrow(/1\.0K, which is no whole number/)
  })

  test.each([1, 990, 999_990])('with thousands separators, from %i on', async (from) => {
    const app = await start(html(from).listener)
    const report = await drillOf(app, { number: 're:(\\d+) visits' })
    expect(report.sentence).toMatch(/^Held/)
    expect(report.visits.stored).toBe(report.visits.acknowledged)
  })

  test('are found in a page and in JSON', async () => {
    const page = await start(html(1).listener)
    expect((await drillOf(page)).found.journey.number).toMatch(/^re:/)
    const deep = new Counter({
      answer: (to, n) => json(to, { at: Date.now(), data: { cart: Array(n).fill('x') } }),
    })
    const list = await start(deep.listener)
    expect((await drillOf(list)).found.journey.number).toBe('/data/cart')
  })

  test('that fit no history end the drill with the text that was read', async () => {
    let visits = 0
    const answer: ConstructorParameters<typeof Counter>[0] = {
      answer: (to, number) => json(to, { visits: ++visits > 60 ? 90_210 : number, city: 'Beverly Hills' }),
    }
    const app = await start(new Counter(answer).listener)
    const wrong = drillOf(app, { number: '/visits' })
    await expect(wrong).rejects.toThrow(CouldNotRun)
    await expect(wrong).rejects.toThrow(/says 90210, which no such session can count.*Beverly Hills/)
  })

  test('lost never exceeds what was acknowledged', async () => {
    let visits = 0
    const counter = new Counter({ answer: (to, number) => json(to, { visits: ++visits > 60 ? 1 : number }) })
    const app = await start(counter.listener)
    const { anomalies, visits: counted } = await drillOf(app, { number: '/visits' })
    expect(anomalies.lost).toBeLessThanOrEqual(counted.acknowledged)
  })

  test('that are read after a redirect may be the same for overlapping visits', async () => {
    const counter = new Counter()
    const app = await start(
      routes({
        'POST /hit'(request, response) {
          const id = counter.idOf(request, response)
          counter.sessions.set(id, (counter.sessions.get(id) ?? 0) + 1)
          response.writeHead(303, { location: '/count' }).end()
        },
        async 'GET /count'(request, response) {
          await sleep(Math.random() * 5)
          json(response, { visits: counter.sessions.get(cookieOf(request, 'sid')) })
        },
      }),
    )
    const report = await drillOf(app, { visit: 'POST /hit', number: '/visits', read: '/count' })
    expect(report.sentence).toMatch(/^Held/)
    expect(report.exercised.overlappingVisits).toBeGreaterThan(100)
  })
})

describe('requests', () => {
  test('path, query, credentials, Accept and Cookie are sent', async () => {
    const counter = new Counter()
    const app = await start((request, response) => {
      const { authorization, accept } = request.headers
      const right =
        request.url === '/sub/hits?lang=en' &&
        authorization === `Basic ${Buffer.from('ann:pw').toString('base64')}` &&
        accept === 'application/vnd.count+json' &&
        cookieOf(request, 'gate') === 'open'
      if (right) void counter.visit(request, response)
      else response.writeHead(400).end()
    })
    const url = new URL('/sub/hits?lang=en', app.url)
    url.username = 'ann'
    url.password = 'pw'
    const headers = { accept: 'application/vnd.count+json', cookie: 'gate=open' }
    const report = await drill({ ...small, url, headers })
    expect(report.sentence).toMatch(/^Held/)
    expect(report.url).not.toContain('pw')
  })

  test('all of them keep the rate, also while sessions are read and destroyed', async () => {
    const times: number[] = []
    const counter = new Counter()
    const app = await start((request, response) => {
      times.push(performance.now())
      counter.listener(request, response)
    })
    const [rate, burst] = [60, 4]
    const began = performance.now()
    const load = { browsers: 20, visits: 60, rate, burst }
    const report = await drillOf(app, { ...load, logout: '/logout', destroy: 4, destroyRounds: 1 })
    expect(report.visits.acknowledged).toBe(60)
    // A burst goes at once. A busy machine may send late, but none may send what is not due yet.
    const early = times.filter((at, index) => at - began < ((index - burst) / rate) * 1000 - 5)
    expect(times.length).toBeGreaterThan(60)
    expect(early).toEqual([])
  })
})

describe('time', () => {
  test('latencies count from when a visit was due', { timeout: 60_000 }, async () => {
    const frozen = new Freezable(new Counter().listener)
    const app = await start(frozen.listener)
    const scenario = {
      name: 'freeze',
      intent: 'stops answering for 2 s',
      async run() {
        await sleep(1000)
        frozen.freeze(2000)
        await sleep(2500)
      },
    }
    const report = await drill({
      ...small,
      url: app.url,
      visits: 1_000_000,
      durationMs: 0,
      thinkMs: 20,
      destroy: 0,
      scenarios: [scenario],
    })
    // 2 s of some 9 s: a fifth of all visits that were due had to wait.
    expect(report.latencyMs?.p90).toBeGreaterThan(300)
    expect(report.latencyMs?.p99).toBeGreaterThan(1500)
    expect(report.exercised.outages).toBeGreaterThan(0)
  })

  test.concurrent('an instance that never comes back is a silence to the end', async (context) => {
    let gone = false
    const app = await startFor(
      context,
      new Counter({ answer: (to, visits) => json(to, { visits, pod: gone || visits % 2 ? 'a' : 'b' }) })
        .listener,
    )
    const scenario = {
      name: 'stop b',
      intent: 'stops b',
      async run() {
        gone = true
        await sleep(1500)
      },
    }
    const changes = {
      visits: 1_000_000,
      durationMs: 0,
      thinkMs: 20,
      instance: '/pod',
      number: '/visits',
      destroy: 0,
    }
    const report = await drill({ ...small, url: app.url, ...changes, scenarios: [scenario] })
    // A busy machine may make others silent for a moment.
    const silences = report.instances.map(({ id, silences }) => [id, silences.at(-1)?.open])
    expect(Object.fromEntries(silences)).toEqual({ a: undefined, b: true })
  })
})

describe('connections', () => {
  interface Pinned extends App {
    scaleTo(count: number): void
    /** How many sessions have had that many connections. */
    sessionsWith(connections: number): number
  }

  /** Each connection belongs to one instance, as a Service has it; `instances` may grow. */
  async function pinned(context: TestContext): Promise<Pinned> {
    const counter = new Counter()
    const owners = new WeakMap<object, number>()
    const sockets = new Map<string, Set<object>>()
    let instances = 1
    let next = 0
    const app = await startFor(context, (request, response) => {
      const pod = owners.get(request.socket) ?? next++ % instances
      owners.set(request.socket, pod)
      const session = cookieOf(request, 'sid')
      sockets.set(session, (sockets.get(session) ?? new Set()).add(request.socket))
      response.setHeader('x-pod', `web-${pod}`)
      counter.visit(request, response)
    })
    const scaleTo = (count: number) => {
      instances = count
    }
    const sessionsWith = (connections: number) =>
      [...sockets].filter(([session, { size }]) => session !== '' && size >= connections).length
    return Object.assign(app, { scaleTo, sessionsWith })
  }

  function scaleOut(app: Pinned) {
    return {
      name: 'scale',
      intent: 'scales 1 → 4',
      async run(_: unknown, fleet: { instanceReady(id: string): void }) {
        await until(() => app.sessionsWith(load.burst) >= load.browsers)
        app.scaleTo(4)
        for (const pod of [0, 1, 2, 3]) fleet.instanceReady(`web-${pod}`)
        await sleep(2500)
      },
    }
  }
  const load = { browsers: 5, burst: 2, thinkMs: 20, warmUpMs: 0, destroy: 0, durationMs: 0, seed: 1 }
  const seen = { number: '/visits', instance: 'header:x-pod' }

  test.concurrent('that are kept leave new instances idle: named, and broken if that is asked for', async (context) => {
    const app = await pinned(context)
    const report = await drill({ ...load, ...seen, url: app.url, failIdle: true, scenarios: [scaleOut(app)] })
    expect(report.instances.filter(({ idle }) => idle).map(({ id }) => id)).toEqual([
      'web-1',
      'web-2',
      'web-3',
    ])
    expect(report.sentence).toBe('Broken: 3 instances idle.')
    expect(tableOf(report)).toContain(
      '3 of 4 instances answered less than a tenth of their share: connections are pinned to the others',
    )
  })

  test.concurrent('that are fresh for each request reach all instances', async (context) => {
    const app = await pinned(context)
    const report = await drill({
      ...load,
      ...seen,
      url: app.url,
      reconnect: 1,
      failIdle: true,
      scenarios: [scaleOut(app)],
    })
    expect(report.sentence).toMatch(/^Held/)
    expect(report.instances).toHaveLength(4)
  })
})
