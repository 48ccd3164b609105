import { Agent, get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startChromium } from '../../scripts/lib/chromium.js'
import { drill, type Live } from '../../src/drill/drill.js'
import type { Report } from '../../src/drill/report/report.js'
import { clusterScenarios } from '../../src/drill/scenarios/cluster/choose.js'
import type { Scenario } from '../../src/drill/scenarios/scenario.js'
import { CHART, valuesFiles } from '../support/chart.js'
import { IMAGE_VALUES, NO_ANOMALIES, TestNamespace } from '../support/cluster.js'

// A Service balances connections, not requests, and clients keep theirs: through the NodePort, so that no Ingress hides it.
let namespace: TestNamespace
let nodePort: URL
let chromium: Browser
const PATIENCE = ['--wait', '--timeout', '280s']
const VALUES = [...valuesFiles('cloudfoundry'), ...IMAGE_VALUES]
VALUES.push('--set', 'service.type=NodePort,ingress.enabled=false')

beforeAll(async () => {
  chromium = await startChromium()
  namespace = await TestNamespace.create()
  await namespace.helm('install', 'redissessions', CHART, ...VALUES, ...PATIENCE)
  const service = await namespace.get<{ spec: { ports: { nodePort: number }[] } }>('service', 'redissessions')
  nodePort = await namespace.nodePortUrl(service.spec.ports[0]?.nodePort ?? 0)
})
afterAll(async () => {
  await chromium?.close()
  await namespace?.remove()
})

interface Reload {
  readonly visits: number
  readonly instance: string
}

/** What the page says of the visit that it was loaded with. */
function readPage(text: string): Reload {
  const { visits, instance } = JSON.parse(text) as { visits: number; instance: { id: string } }
  return { visits, instance: instance.id }
}

/** Twelve reloads by a client that asks for the page only, and keeps its one connection as long as it may. */
async function reloadsOfClient(): Promise<Reload[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let cookie = ''
  const load = () =>
    new Promise<Reload>((resolve, reject) => {
      const headers = { accept: 'text/html', ...(cookie && { cookie }) }
      get(nodePort, { agent, headers, timeout: 10_000 }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (chunk) => {
          body += chunk
        })
        response.on('end', () => {
          cookie = response.headers['set-cookie']?.[0]?.split(';')[0] ?? cookie
          resolve(readPage(/id="state">(.*?)<\/script>/.exec(body)?.[1] ?? ''))
        })
      })
        .on('timeout', () => reject(new Error('no answer within 10 s')))
        .on('error', reject)
    })
  const reloads: Reload[] = []
  for (let i = 0; i < 12; i++) reloads.push(await load())
  agent.destroy()
  return reloads
}

/** Twelve reloads of the page in Chromium, with all that belongs to the page. */
async function reloadsOfChromium(): Promise<Reload[]> {
  const context = await chromium.newContext()
  const page = await context.newPage()
  const reloads: Reload[] = []
  for (let i = 0; i < 12; i++) {
    await page.goto(nodePort.href, { waitUntil: 'networkidle' })
    reloads.push(readPage((await page.locator('#state').textContent()) ?? ''))
  }
  await context.close()
  return reloads
}

const CLIENTS = [
  ['a client that keeps its connection', reloadsOfClient],
  ['Chromium', reloadsOfChromium],
] as const

const counts = (reloads: Reload[]) => reloads.map(({ visits }) => visits)
const instances = (reloads: Reload[]) => new Set(reloads.map(({ instance }) => instance))
const UP_TO_12 = Array.from({ length: 12 }, (_, index) => index + 1)

function show(what: string, reloads: Reload[]): void {
  const names = [...instances(reloads)]
  const each = reloads.map(({ visits, instance }) => `${visits} by ${names.indexOf(instance)}`)
  console.log(`${what}: ${each.join(', ')}`)
}

/** 20 browsers visit through the NodePort, as fast as a person with a finger on the key, while something happens. */
async function drilled(...scenarios: ((live: () => Live) => Scenario)[]): Promise<Report> {
  let seen: Live | undefined
  const live = () => {
    if (!seen) throw new Error('the drill has not begun')
    return seen
  }
  const onStart = (started: Live) => {
    seen = started
  }
  return drill({
    url: nodePort,
    browsers: 20,
    burst: 1,
    thinkMs: 100,
    destroy: 0,
    failIdle: true,
    scenarios: scenarios.map((make) => make(live)),
    onStart,
  })
}

async function drilledBy(...names: string[]): Promise<Report> {
  const target = { namespace: namespace.name, release: 'redissessions', cordon: false }
  const scenarios = await clusterScenarios(names, target)
  return drilled(...scenarios.map((scenario) => () => scenario))
}

describe('twelve reloads', () => {
  test.each(CLIENTS)('of %s meet at least three of four instances, and add up', async (name, reloads) => {
    const met: number[] = []
    // Kube-proxy draws an instance for each connection: once in a while twelve visits meet two alone, but not thrice in a row.
    do {
      const seen = await reloads()
      show(name, seen)
      expect(counts(seen)).toEqual(UP_TO_12)
      met.push(instances(seen).size)
    } while (Math.max(...met) < 3 && met.length < 3)
    expect(Math.max(...met)).toBeGreaterThanOrEqual(3)
  })

  test('helm test says how many instances it met', async () => {
    const said = await namespace.helm('test', 'redissessions', '--logs')
    expect(said).toMatch(/20 visits add up over [34] of 4 instances/)
  })
})

describe('clients that keep their connections', () => {
  test('follow a scale-out: 20 s later each pod has its share', async () => {
    await namespace.kubectl('scale', 'deployment/redissessions', '--replicas=1')
    await namespace.settled('app', 1)
    const shares: number[][] = []
    const scaleOut = (live: () => Live): Scenario => ({
      name: 'scale-out',
      intent: 'scales 1 → 4, and watches who answers',
      async run() {
        await namespace.kubectl('scale', 'deployment/redissessions', '--replicas=4')
        await namespace.settled('app', 4)
        // The time is what is promised: 20 s after they are ready, in the five seconds before that.
        for (let seconds = 5; seconds <= 20; seconds += 5) shares.push(await sharesOf(live(), 5_000))
      },
    })
    const report = await drilled(scaleOut)
    console.log(shares.map((row, i) => `${5 * i + 5} s: ${row.map(percent).join(' ')}`).join('\n'))
    expect(report).toMatchObject({ visits: { failed: 0 }, ...NO_ANOMALIES, verdict: 'held' })
    const last = shares.at(-1) ?? []
    expect(last).toHaveLength(4)
    expect(Math.min(...last)).toBeGreaterThanOrEqual(1 / 20)
  })

  test('lose nothing in a rollout, nor in 4 → 1 → 8 → 4, in which no pod stays idle', async () => {
    const report = await drilledBy('rollout', 'scale')
    expect(report).toMatchObject({ visits: { failed: 0 }, ...NO_ANOMALIES, verdict: 'held' })
    expect(report.instances.length).toBeGreaterThanOrEqual(8 + 7)
  })

  const percent = (share: number) => `${(100 * share).toFixed(1)} %`

  /** The share of the visits that each pod answers in the next so many ms; the smallest first. */
  async function sharesOf({ journal }: Live, ms: number): Promise<number[]> {
    const pods = (await namespace.pods('app')).map(({ metadata }) => metadata.name)
    const visits = () => pods.map((pod) => journal.instances.get(pod)?.visits ?? 0)
    const before = visits()
    await pause(ms)
    const more = visits().map((count, i) => count - (before[i] ?? 0))
    const sum = more.reduce((a, b) => a + b, 0)
    return more.map((count) => count / sum).sort((a, b) => a - b)
  }
})

describe('the memory store', () => {
  // The releases own Redis stays, so that the way back is as short.
  const store = (name: string) =>
    namespace.helm(
      'upgrade',
      'redissessions',
      CHART,
      '--reuse-values',
      '--set',
      `session.store=${name},session.iKnowThisLosesSessions=${name === 'memory'}`,
      ...PATIENCE,
    )

  beforeAll(async () => {
    await store('memory')
    await namespace.settled('app', 4)
  })

  test.each(CLIENTS)(
    'shows to %s what it loses: the count does not go up steadily',
    async (name, reloads) => {
      const seen = await reloads()
      show(`memory, ${name}`, seen)
      expect(counts(seen)).not.toEqual(UP_TO_12)
      expect(counts(seen).filter((count) => count === 1).length).toBeGreaterThan(1)
    },
  )

  test('and the way back to the exact store is one command', async () => {
    await store('exact')
    await namespace.settled('app', 4)
    expect(counts(await reloadsOfChromium())).toEqual(UP_TO_12)
  })
})

test('without limits of connections, 7 of 8 pods get nothing, and the drill says so', async () => {
  const off = 'connections.maxRequests=0,connections.maxAgeSeconds=0'
  await namespace.helm('upgrade', 'redissessions', CHART, '--reuse-values', '--set', off, ...PATIENCE)
  await namespace.settled('app', 4)
  const report = await drilledBy('scale')
  expect(report).toMatchObject({ visits: { failed: 0 }, ...NO_ANOMALIES, verdict: 'broken' })
  expect(report.instances.filter(({ idle }) => idle)).toHaveLength(7)
  expect(report.sentence).toMatch(/7 instances idle/)
})
