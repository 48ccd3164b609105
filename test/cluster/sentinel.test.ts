import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { drill } from '../../src/drill/drill.js'
import type { Report } from '../../src/drill/report/report.js'
import type { Scenario } from '../../src/drill/scenarios/scenario.js'
import { CHART } from '../support/chart.js'
import { IMAGE_VALUES, NO_ANOMALIES, TestNamespace, visit } from '../support/cluster.js'
import { until } from '../support/until.js'

// One Redis to begin with, which becomes three with Sentinels; each test leaves them whole.
let namespace: TestNamespace
let nodePort: URL
const VALUES = [...IMAGE_VALUES, '--set', 'service.type=NodePort']
const PATIENCE = ['--wait', '--timeout', '200s']
const SENTINEL = [...VALUES, '--set', 'redis.mode=sentinel']
const SETS = ['redis', 'sentinel'].map((component) => `statefulset/redissessions-${component}`)

beforeAll(async () => {
  namespace = await TestNamespace.create()
  await namespace.helm('install', 'redissessions', CHART, ...VALUES, ...PATIENCE)
  const service = await namespace.get<{ spec: { ports: { nodePort: number }[] } }>('service', 'redissessions')
  nodePort = await namespace.nodePortUrl(service.spec.ports[0]?.nodePort ?? 0)
})
afterAll(() => namespace?.remove())

/** Browsers visit while this happens; they go on for some seconds, in which the set comes back. */
async function drilled(name: string, happens: () => Promise<unknown>): Promise<Report> {
  const scenario: Scenario = { name, intent: name, run: async () => void (await happens()) }
  const report = await drill({
    url: nodePort,
    browsers: 10,
    burst: 1,
    thinkMs: 50,
    destroy: 10,
    maxFailed: Number.POSITIVE_INFINITY,
    durationMs: 3000,
    scenarios: [scenario],
  })
  const { visits, anomalies, longestWait } = report
  console.log(
    `${name}: ${visits.acknowledged} acknowledged, ${visits.failed} failed, ${anomalies.lost} lost, ` +
      `${anomalies.doubleCounted} double-counted, ${anomalies.resurrected} resurrected, ` +
      `longest wait ${Math.round(longestWait?.ms ?? 0)} ms`,
  )
  expect(report).toMatchObject(NO_ANOMALIES)
  return report
}

const whole = () =>
  Promise.all(SETS.map((set) => namespace.kubectl('rollout', 'status', set, '--timeout=120s')))

/** Ends pods as a crash would, and waits until others have come up in their place, and are ready. */
async function kill(...pods: string[]): Promise<void> {
  const ids = () => Promise.all(['redis', 'sentinel'].map((component) => namespace.pods(component)))
  const before = new Set((await ids()).flat().map(({ metadata }) => metadata.uid))
  await namespace.kubectl('delete', 'pod', ...pods, '--force', '--grace-period=0', '--wait=false')
  await until(async () => {
    const now = (await ids()).flat()
    return now.length === 6 && now.filter(({ metadata }) => !before.has(metadata.uid)).length === pods.length
  }, 60_000)
  await whole()
}

const redisPods = [0, 1, 2].map((i) => `redissessions-redis-${i}`)
const sentinelPods = [0, 1, 2].map((i) => `redissessions-sentinel-${i}`)

async function primary(): Promise<string> {
  const ask = ['redis-cli', '-p', '26379', 'sentinel', 'get-master-addr-by-name', 'redissessions']
  const said = await namespace.kubectl('exec', 'redissessions-sentinel-0', '--', ...ask)
  return said.split('\n')[0] ?? ''
}

describe('three Redis and three Sentinels', () => {
  test('one Redis becomes three, and keeps its sessions', async () => {
    const { cookie, visits } = await visit(nodePort)
    await drilled('standalone → sentinel', () =>
      namespace.helm('upgrade', 'redissessions', CHART, ...SENTINEL, ...PATIENCE),
    )
    await whole()
    expect((await visit(nodePort, { cookie })).visits).toBe(visits + 1)
  })

  test('the death of a replica or a Sentinel loses nothing, and changes no primary', async () => {
    const first = await primary()
    const [replica = ''] = redisPods.filter((name) => name !== first)
    await drilled('a replica and a Sentinel killed', () => kill(replica, 'redissessions-sentinel-1'))
    expect(await primary()).toBe(first)
  })

  test('the death of the primary: another leads, nothing is lost, and it comes back as a replica', async () => {
    const first = await primary()
    await drilled('the primary killed', () => kill(first))
    expect(await primary()).not.toBe(first)
  })

  test('the death of all six: they find themselves again, with their data', async () => {
    const { cookie, visits } = await visit(nodePort)
    await drilled('all six killed', () => kill(...redisPods, ...sentinelPods))
    expect((await visit(nodePort, { cookie })).visits).toBe(visits + 1)
  })

  test('a rollout of Redis: whoever leads hands over first', async () => {
    const report = await drilled('rollout of Redis', async () => {
      await namespace.kubectl('rollout', 'restart', 'statefulset/redissessions-redis')
      await whole()
    })
    expect(report.visits.acknowledged).toBeGreaterThan(0)
  })

  test('three become one Redis again, and two join it again: both keep the sessions', async () => {
    const { cookie, visits } = await visit(nodePort)
    await drilled('sentinel → standalone', () =>
      namespace.helm('upgrade', 'redissessions', CHART, ...VALUES, ...PATIENCE),
    )
    expect((await visit(nodePort, { cookie })).visits).toBe(visits + 1)
    await drilled('standalone → sentinel, with volumes of before', () =>
      namespace.helm('upgrade', 'redissessions', CHART, ...SENTINEL, ...PATIENCE),
    )
    await whole()
    expect((await visit(nodePort, { cookie })).visits).toBe(visits + 2)
  })
})
