import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CouldNotRun } from '../../src/drill/could-not-run.js'
import { drill } from '../../src/drill/drill.js'
import { Connection } from '../../src/drill/http/connection.js'
import { clusterScenarios } from '../../src/drill/scenarios/cluster/choose.js'
import { until } from '../../src/drill/scenarios/cluster/kubectl.js'
import { IMAGE_VALUES } from '../support/cluster.js'

const namespace = `drill-${process.pid}`

const run = (command: string, ...args: string[]) =>
  execFileSync(command, ['--namespace', namespace, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })

async function install(release: string, ...values: string[]): Promise<URL> {
  const host = `${release}.${namespace}.localhost`
  const common = ['replicaCount=2', 'ingress.enabled=true', `ingress.host=${host}`]
  const set = [...common, ...values].flatMap((value) => ['--set', value])
  run(
    'helm',
    'install',
    release,
    'helm/redissessions',
    ...IMAGE_VALUES,
    ...set,
    '--wait',
    '--timeout',
    '180s',
  )
  const url = new URL(`http://${host}/`)
  // The Ingress controller learns of the new route a little later.
  const connection = new Connection(url.origin, {
    connections: 1,
    timeoutMs: 5000,
    insecure: false,
  })
  await until(async () => (await connection.send('GET', '/readyz', {})).status === 200, host)
  await connection.close()
  return url
}

async function drillWith(url: URL, release: string, names: string[]) {
  const scenarios = await clusterScenarios(names, { namespace, release, cordon: false })
  // Retried under a key, no visit fails whatever happens to the pods; and each still counts once.
  return drill({ url, retry: true, browsers: 10, burst: 1, rate: 100, destroy: 0, seed: 1, scenarios })
}

beforeAll(() => {
  execFileSync('kubectl', ['create', 'namespace', namespace])
})
afterAll(() => {
  execFileSync('kubectl', ['delete', 'namespace', namespace, '--wait=false'])
})

test('every scenario is done, seen and survived', async () => {
  const url = await install('counter')
  const names = ['rollout', 'scale', 'rotate-secret', 'drain', 'kill-pod', 'kill-redis']
  const report = await drillWith(url, 'counter', names)
  expect(report.scenarios.map(({ name, problem }) => [name, problem])).toEqual(
    names.map((name) => [name, undefined]),
  )
  expect(report.sentence).toMatch(/^Held: .* 0 failed, 0 lost, 0 double-counted, 0 sessions reset\./)
  // Two pods at first, and none of them is left.
  expect(report.instances.length).toBeGreaterThan(10)
  expect(report.events.map(({ text }) => text)).toContain('scale: 4 ready')
})

test('a failover is done, seen and survived', async () => {
  run('kubectl', 'apply', '--filename', 'test/cluster/fixtures/sentinel.yaml')
  run('kubectl', 'rollout', 'status', 'statefulset/replicated', '--timeout=120s')
  run('kubectl', 'rollout', 'status', 'deployment/sentinel', '--timeout=120s')
  const external = ['mode=sentinel', 'nodes={sentinel:26379}', 'sentinelName=visits']
  const values = external.map((value) => `externalRedis.${value}`)
  const url = await install('sentinel-drill', 'redis.enabled=false', 'networkPolicy.enabled=false', ...values)
  const report = await drillWith(url, 'sentinel-drill', ['failover'])
  expect(report.scenarios.map(({ problem }) => problem)).toEqual([undefined])
  expect(report.visits.failed).toBe(0)
  expect(report.events.map(({ text }) => text)).toContainEqual(
    expect.stringMatching(/^failover: \S+ is the primary now$/),
  )
})

test('only the release that was named can be touched', async () => {
  const target = { namespace, release: 'nobody', cordon: false }
  await expect(clusterScenarios(['rollout'], target)).rejects.toThrow(CouldNotRun)
  await expect(clusterScenarios(['rollout'], target)).rejects.toThrow(/no Deployment of the release nobody/)
  await expect(clusterScenarios(['explode'], target)).rejects.toThrow(/in a cluster there are rollout, scale/)
  await expect(clusterScenarios(['rollout'], { ...target, release: '--all' })).rejects.toThrow(
    /no name in Kubernetes/,
  )
})
