import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { CouldNotRun } from '../../src/drill/could-not-run.js'
import { type DrillOptions, drill } from '../../src/drill/drill.js'
import { closedPort } from '../support/free-port.js'
import { type Fate, TcpProxy } from '../support/tcp-proxy.js'
import { type CounterOptions, CounterServer } from './counter-server.js'

const running: { stop(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()))
})

async function counter(options?: CounterOptions): Promise<CounterServer> {
  const server = await CounterServer.start(options)
  running.push(server)
  return server
}

/** A drill of so many visits; the time limit is for a drill gone wrong. */
function drillFor(visits: number, server: { url: URL }, changes: Partial<DrillOptions> = {}) {
  return drill(plan(server.url, { durationMs: 25_000, visits, ...changes }))
}

function plan(url: URL, changes: Partial<DrillOptions> = {}): DrillOptions {
  return {
    url,
    browsers: 10,
    burst: 1,
    warmUpMs: 0,
    destroy: 0,
    seed: 1,
    ...changes,
  }
}

const every = (n: number, fault: 'lose' | 'twice' | 'reset' | 'hang' | 'wrong' | 'overload') => ({
  // Beyond the visits of the check.
  fault: (nth: number) => (nth > 20 && nth % n === 0 ? fault : undefined),
})

async function resetDelayOrLose(): Promise<Fate> {
  if (Math.random() < 0.01) return 'reset'
  if (Math.random() < 0.05) await pause(Math.random() * 30)
  return Math.random() < 0.003 ? 'silence' : 'pass'
}

test('a correct server holds', async () => {
  const server = await counter()
  const report = await drillFor(500, server, { destroy: 10 })
  expect(report.sentence).toMatch(/^Held: [\d,]+ visits of 10 browsers, 0 failed, 0 lost/)
  expect(report.visits.stored).toBe(report.visits.acknowledged)
  expect(report.visits.acknowledged).toBe(500)
  expect(report.destroyed).toEqual({ tried: 50, judged: 50, resurrected: 0, problems: {} })
  expect(report.instances.map(({ id }) => id).sort()).toEqual(['instance-0', 'instance-1'])
  expect(report.instances.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
})

test('a correct server holds for browsers that visit in parallel', async () => {
  const server = await counter()
  const report = await drillFor(500, server, { burst: 10, destroy: 5 })
  expect(report.sentence).toMatch(/^Held/)
})

test('every lost visit is found', async () => {
  const server = await counter(every(100, 'lose'))
  const report = await drillFor(500, server)
  expect(server.faultCount('lose')).toBeGreaterThan(0)
  expect(report.anomalies.lost).toBe(server.faultCount('lose'))
  expect(report.sentence).toContain(`${report.anomalies.lost} acknowledged visit`)
  const record = report.anomalyRecords.find(({ anomaly, before }) => anomaly === 'lost' && before?.instance)
  expect(record?.before?.at).toBeLessThanOrEqual(record?.at ?? 0)
})

test('every double-counted visit is found', async () => {
  const server = await counter(every(100, 'twice'))
  const report = await drillFor(500, server)
  expect(server.faultCount('twice')).toBeGreaterThan(0)
  expect(report.anomalies.doubleCounted).toBe(server.faultCount('twice'))
})

test('every reset is found', async () => {
  const server = await counter(every(50, 'reset'))
  const report = await drillFor(600, server)
  expect(server.faultCount('reset')).toBeGreaterThan(0)
  expect(report.anomalies.reset).toBe(server.faultCount('reset'))
  expect(report.anomalies.lost).toBeGreaterThan(0)
})

test('a server that saves what it loaded loses parallel visits, and brings destroyed sessions back', async () => {
  const server = await counter({ savesCopies: true })
  const report = await drillFor(500, server, { burst: 8, destroy: 10 })
  expect(report.anomalies.lost).toBeGreaterThan(0)
  expect(report.anomalies.duplicateNumber).toBeGreaterThan(0)
  expect(report.anomalies.resurrected).toBeGreaterThan(0)
  expect(report.destroyed?.resurrected).toBe(report.anomalies.resurrected)
  expect(report.verdict).toBe('broken')
})

test('a server that hangs is found, and its sessions are not accused', async () => {
  const server = await counter(every(50, 'hang'))
  const report = await drillFor(500, server, { timeoutMs: 1000 })
  // On a busy machine others may take longer than the limit, too.
  const { timeout = 0, ...others } = report.failures
  expect(others).toEqual({})
  expect(server.faultCount('hang')).toBeGreaterThan(0)
  expect(timeout).toBeGreaterThanOrEqual(server.faultCount('hang'))
  expect(report.visits.failed).toBe(timeout)
  expect(report.sentence).toMatch(/^Broken: \d+ visits? failed\.$/)
  expect(report.outages.length).toBeGreaterThan(0)
})

test('wrong JSON and errors are found, by class', async () => {
  const wrong = await counter(every(50, 'wrong'))
  const first = await drillFor(500, wrong)
  expect(first.failures).toEqual({ 'wrong answer': wrong.faultCount('wrong') })
  expect(first.verdict).toBe('broken')
  const overloaded = await counter(every(50, 'overload'))
  const second = await drillFor(500, overloaded, { maxFailed: Number.POSITIVE_INFINITY })
  expect(second.failures).toEqual({ 503: overloaded.faultCount('overload') })
  expect(second.sentence).toMatch(/^Held: .* failed, as allowed/)
})

test('a retried visit must count once', async () => {
  const good = await counter(every(50, 'hang'))
  const held = await drillFor(500, good, { retry: true, timeoutMs: 1000 })
  expect(held.sentence).toMatch(/^Held: .* 0 failed/)
  expect(held.visits.retried).toBeGreaterThan(0)
  const bad = await counter({ ...every(50, 'hang'), ignoresKeys: true })
  const broken = await drillFor(500, bad, { retry: true, timeoutMs: 1000 })
  expect(broken.anomalies.doubleCounted).toBeGreaterThan(0)
})

test.each([
  { burst: 1, retry: false },
  { burst: 6, retry: false },
  { burst: 1, retry: true },
  { burst: 6, retry: true },
])(
  'a correct server behind resets, delays and losses is never accused: %o',
  { timeout: 90_000 },
  async (changes) => {
    const server = await counter()
    const proxy = await TcpProxy.start(server.port)
    running.push(proxy)
    const limits = { timeoutMs: 1000, maxFailed: Number.POSITIVE_INFINITY, destroy: 5 }
    const report = await drillFor(
      3000,
      { url: new URL(`http://127.0.0.1:${proxy.port}/`) },
      {
        ...changes,
        ...limits,
        // Not while it is checked: without that a drill can't begin.
        onFound() {
          proxy.there = proxy.back = resetDelayOrLose
        },
      },
    )
    expect(report.anomalyRecords).toEqual([])
    expect(report.verdict).toBe('held')
    expect(Object.keys(report.failures)).toEqual(expect.arrayContaining(['reset', 'timeout']))
    if (changes.retry) expect(report.visits.failed).toBe(0)
    expect(report.visits.stored).toBeGreaterThanOrEqual(report.visits.acknowledged)
    expect(report.visits.stored).toBeLessThanOrEqual(report.visits.attempted)
  },
)

test("another app's counter is judged by what options say", async () => {
  const html = { html: true, cookieName: 'sid' }
  const changes = {
    visit: '/hit',
    number: 're:here <b>(\\d+)</b>',
    logout: '/logout',
    instance: 'header:x-instance',
    destroy: 5,
  }
  const good = await counter(html)
  const held = await drillFor(500, good, changes)
  expect(held.sentence).toMatch(/^Held/)
  expect(held.visits.stored).toBe(held.visits.acknowledged)
  expect(held.instances).toHaveLength(2)
  expect(held.destroyed).toEqual({ tried: 25, judged: 25, resurrected: 0, problems: {} })
  const bad = await counter({ ...html, savesCopies: true })
  const broken = await drillFor(500, bad, { ...changes, burst: 4 })
  expect(broken.anomalies.lost).toBeGreaterThan(0)
  expect(broken.anomalies.resurrected).toBeGreaterThan(0)
})

test('two thousand browsers', { timeout: 120_000 }, async () => {
  const server = await counter()
  const patient = { timeoutMs: 60_000, patienceMs: 60_000, durationMs: 100_000 }
  const report = await drillFor(4000, server, { ...patient, browsers: 2000, thinkMs: 500 })
  expect(report.failures).toEqual({})
  expect(report.sentence).toMatch(/^Held/)
  expect(report.visits.acknowledged).toBe(4000)
})

test('what cannot be judged is said in a line', async () => {
  const nobody = drill(plan(new URL(`http://127.0.0.1:${await closedPort()}`)))
  await expect(nobody).rejects.toThrow(CouldNotRun)
  await expect(nobody).rejects.toThrow(/: refused \(nothing listens there\)$/)
  const html = await counter({ html: true })
  await expect(drill({ ...plan(html.url), number: '/visits' })).rejects.toThrow(
    /no number at \/visits; --number says where .* The text that was read: <p>You were here/,
  )
  const together = await counter({ oneForAll: true })
  await expect(drill(plan(together.url))).rejects.toThrow(
    /one new visitor was number 1, the next number 2\. --number must point at/,
  )
})
