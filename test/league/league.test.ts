import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Audit } from '../../league/audit.js'
import { type Balancer, startBalancer } from '../../league/balancer.js'
import type { Row } from '../../league/row.js'
import { missing, type Stack } from '../../league/stack.js'
import { STACKS } from '../../league/stacks.js'
import { pageOf } from '../../league/table.js'
import { drill } from '../../src/drill/drill.js'
import { PRESETS } from '../../src/drill/journey/presets.js'
import { type App, losesOverlapping, serve } from '../drill/apps.js'
import { closedPort } from '../support/free-port.js'

const audit = new Audit('/')
let app: App
let balancer: Balancer

beforeAll(async () => {
  app = await serve(losesOverlapping())
  // Nobody listens on the first port: no request may be lost by that.
  balancer = await startBalancer([await closedPort(), Number(app.url.port)], audit)
})
afterAll(async () => {
  await balancer.stop()
  await app.stop()
})

test('the load balancer passes by a dead instance, names the live one, and counts the losses that the drill finds', async () => {
  const report = await drill({
    url: balancer.url,
    instance: 'header:x-served-by',
    browsers: 4,
    burst: 5,
    visits: 200,
    warmUpMs: 0,
    destroy: 0,
  })
  expect(report.visits).toMatchObject({ acknowledged: 200, failed: 0 })
  expect(report.instances.map(({ id }) => id)).toEqual([app.url.port])
  expect(report.anomalies.lost).toBeGreaterThan(0)
  expect(audit.lost).toBe(report.anomalies.lost)
})

test('a request that was delivered is not sent again', async () => {
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.once('data', () => socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const one = await startBalancer([port], new Audit())
  expect((await fetch(one.url)).status).toBe(502)
  expect(connections).toBe(1)
  await one.stop()
  server.close()
})

const ROW: Row = {
  name: 'scs',
  title: 'Go, scs',
  date: '2026-11-29',
  versions: ['Go 1.26', 'scs 2.9.0'],
  drill: '--preset scs',
  verdict: 'broken',
  steady: { acknowledged: 2000, lost: 0, audited: 0 },
  bursts: {
    acknowledged: 2000,
    lost: 1200,
    audited: 1200,
    duplicates: 1100,
    destroyed: { tried: 100, judged: 90, resurrected: 70, problems: { '500': 10 } },
  },
  faults: {
    ...{ acknowledged: 900, lost: 3, audited: 3, reset: 1, doubleCounted: 0, unread: 0, failures: {} },
    each: { 'redis-killed': { acknowledged: 1500, failed: 20, longestWaitMs: 1740, recovered: false } },
  },
  busy: 0.1,
  cost: { appUs: 1234.4, redisUs: 65, memory: 15_300_000 },
}

test('the page has a row of each table for a stack, its versions, its notes and its known issues', () => {
  const stack = {
    name: 'scs',
    title: 'Go, scs',
    note: 'A note.',
    issues: [{ name: 'a/b#1', url: 'https://b.test/1', says: 'why' }],
  }
  const page = pageOf([ROW], [stack as unknown as Stack])
  expect(page).toContain('| Go, scs | 1,200 of 2,000 | 1,100 | 70 of 90 | 10 | 0 | broken |')
  expect(page).toContain(
    '| not reached | 20 of 1,520 failed; 1.7 s; did not recover | not reached | 3 of 900 | 1 |',
  )
  expect(page).toContain('| Go, scs | 1,234 µs | 65 µs | 15 MB | 10 % |')
  expect(page).toContain('| Go, scs | Go 1.26, scs 2.9.0 | 2026-11-29 | `--preset scs` |')
  expect(page).toContain('- **Go, scs.** A note. Known: [a/b#1](https://b.test/1) (why).')
  expect(page).toContain('It got the same numbers for every stack.')
  // A reader can repeat a row.
  expect(page).toContain(
    '  --burst 6 --visits 2000 --duration 60s --destroy 20 --destroy-rounds 5 --patience 10s',
  )
  expect(page).toContain("--do 'redis-killed=kill -s KILL $(cat redis.pid); sleep 3'")
  for (const line of page.split('\n').filter((one) => !/^(\||- | {2}--)/.test(one)))
    expect(line.length).toBeLessThanOrEqual(130)
  const busy = pageOf([{ ...ROW, busy: 0.21 }], [stack as unknown as Stack])
  expect(busy).toContain('| Go, scs | – | – | 15 MB | 21 % |')
  const unharmed = { acknowledged: 281, failed: 0, longestWaitMs: 400, recovered: true }
  const faults = { ...ROW.faults, each: { 'instance-killed': unharmed } }
  expect(pageOf([{ ...ROW, faults }], [stack as unknown as Stack])).toContain('| 0 of 281 failed; 0.4 s |')
  const wrong = { ...ROW, bursts: { ...ROW.bursts, audited: 1199 } }
  expect(pageOf([wrong], [stack as unknown as Stack])).toContain('except for Go, scs: 1199 and 0.')
})

test('a stack whose programs are not here is left out; each preset has a stack', () => {
  const needs = (program: string) => missing({ needs: [[program, '--version']] } as unknown as Stack)
  expect(needs('no-such-program')).toBe('no-such-program --version')
  expect(needs(process.execPath)).toBeUndefined()
  const tried = STACKS.map(({ drill: options }) => options[options.indexOf('--preset') + 1])
  expect(Object.keys(PRESETS).filter((preset) => !tried.includes(preset))).toEqual([])
})
