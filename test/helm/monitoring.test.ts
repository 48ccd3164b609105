import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CookieJar } from '../support/browser.js'
import { find, type KubernetesObject, render } from '../support/chart.js'
import { InstanceProcess } from '../support/instance.js'
import { Prometheus, promtoolTest } from '../support/prometheus.js'
import { RedisServer } from '../support/redis-server.js'
import { until } from '../support/until.js'

const ON = ['--set=prometheusRule.enabled=true,dashboard.enabled=true,redis.exporter.enabled=true']
/** What Prometheus knows of a pod by its ServiceMonitor. */
const LABELS = { job: 'redissessions-metrics', namespace: 'default', pod: 'redissessions-7d4b9c6f5-abcde' }
/** Metrics of the kubelet, of kube-state-metrics and of Redis' exporter. */
const FROM_ELSEWHERE = /container_memory_|kube_pod_|redis_(db_keys|memory|commands)/

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly annotations: { readonly runbook_url: string }
}

interface Group {
  readonly name: string
  readonly rules: readonly Rule[]
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly targets?: readonly { readonly expr: string }[]
  }[]
}

async function groupsOf(...args: string[]): Promise<readonly Group[]> {
  const rule = find(await render([...ON, ...args]), 'PrometheusRule', 'redissessions')
  return (rule.spec as { groups: Group[] }).groups
}

async function alertsOf(...args: string[]): Promise<readonly Rule[]> {
  return (await groupsOf(...args)).flatMap(({ rules }) => rules)
}

test('each alert fires, waits and stays silent as its unit tests say', async () => {
  promtoolTest(await groupsOf(), 'test/helm/alerts.yaml')
})

test('each alert has unit tests and its section in the runbook, and links to it', async () => {
  const unitTests = readFileSync('test/helm/alerts.yaml', 'utf8')
  const runbook = readFileSync('docs/runbook.md', 'utf8')
  const url = 'https://runbooks.test/redissessions'
  for (const { alert, annotations } of await alertsOf(`--set=prometheusRule.runbookUrl=${url}`)) {
    expect(unitTests).toContain(`alertname: ${alert}\n`)
    expect(runbook).toContain(`\n## ${alert}\n`)
    expect(annotations.runbook_url).toBe(`${url}#${alert.toLowerCase()}`)
  }
  expect((await alertsOf())[0]?.annotations.runbook_url).toMatch(/^docs\/runbook\.md#/)
})

test('without Redis, or without its exporter, no alert speaks of it', async () => {
  const names = async (...args: string[]) => (await alertsOf(...args)).map(({ alert }) => alert).join(' ')
  const memory = ['--set=session.store=memory,redis.enabled=false,replicaCount=1']
  expect(await names(...memory)).not.toContain('RedisAway')
  expect(await names('--set=redis.exporter.enabled=false')).not.toContain('RedisFull')
})

describe('a real Prometheus that scrapes a real instance', () => {
  const jar = new CookieJar()
  let objects: KubernetesObject[]
  let redis: RedisServer
  let instance: InstanceProcess
  let prometheus: Prometheus

  beforeAll(async () => {
    objects = await render(ON)
    // What fires after minutes of trouble fires at once here; that it waits is a matter of promtool's tests.
    const groups = (await groupsOf()).map((group) => ({
      ...group,
      rules: group.rules.map((rule) => ({ ...rule, for: '0s' })),
    }))
    redis = await RedisServer.start()
    const environment = {
      SESSION_SECRET: 'only of this test',
      REDIS_URL: redis.url,
      SESSION_DEADLINE_MS: '500',
    }
    instance = await InstanceProcess.start(environment)
    prometheus = await Prometheus.start(new URL(instance.metricsUrl).host, LABELS, groups)
  })
  afterAll(async () => {
    await prometheus?.stop()
    await instance?.end('SIGKILL')
    await redis?.stop()
  })

  const visit = () => jar.fetch(instance.url)

  test('no alert while all is well; Redis away and failed visits alert; then it is over', async () => {
    await until(async () => {
      expect((await visit()).ok && (await prometheus.query('redis_up == 1')).length).toBe(1)
      // Before the first scrape there was none.
      expect(await prometheus.firing()).toEqual([])
      return true
    })
    await redis.kill()
    await until(async () => {
      expect((await visit()).status).toBe(503)
      // And, without their time to wait, what comes of it.
      const outage = ['RedisSessionsErrors', 'RedisSessionsRedisAway']
      expect(await prometheus.firing()).toEqual(expect.arrayContaining(outage))
      return true
    })
    await redis.start()
    await until(async () => !(await prometheus.firing()).includes('RedisSessionsRedisAway'))
  }, 60_000)

  test('each panel of the dashboard shows what its queries find', async () => {
    const config = find(objects, 'ConfigMap', 'redissessions-dashboard')
    const { panels } = JSON.parse(config.data?.['redissessions.json'] ?? '') as Dashboard
    const queries = panels
      .flatMap(({ targets = [] }) => targets)
      .map(({ expr }) => expr.replaceAll('$release', 'redissessions').replaceAll('$namespace', 'default'))
    expect(queries.length).toBeGreaterThan(25)
    await until(async () => {
      await visit()
      for (const query of queries) {
        const found = await prometheus.query(query.replaceAll('$__rate_interval', '1m'))
        if (!FROM_ELSEWHERE.test(query)) expect(found.length, query).toBeGreaterThan(0)
      }
      return true
    })
  })

  test('an instance that is gone alerts', async () => {
    await instance.end('SIGKILL')
    await until(async () => (await prometheus.firing()).includes('RedisSessionsNoInstance'))
  })
})
