import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHART } from '../support/chart.js'
import { IMAGE_VALUES, TestNamespace, visit } from '../support/cluster.js'
import { until } from '../support/until.js'

// For whoever outgrows one Redis: a Redis Cluster that somebody else runs, and the way there with all sessions.
const PASSWORD = 'moved'
const NODES = [0, 1, 2, 3, 4, 5].map((i) => `cluster-${i}.cluster`)
let namespace: TestNamespace

beforeAll(async () => {
  namespace = await TestNamespace.create()
  await apply('redis-cluster')
  await namespace.kubectl('rollout', 'status', 'statefulset/cluster', '--timeout=180s')
})
afterAll(() => namespace?.remove())

const apply = (fixture: string) =>
  namespace.kubectlWith(readFileSync(`test/cluster/fixtures/${fixture}.yaml`, 'utf8'), 'apply', '--filename', '-')
const shell = (pod: string, script: string) =>
  namespace.kubectl('exec', pod, '--container', 'redis', '--', 'sh', '-c', script)
const onCluster = (command: string) =>
  shell('cluster-0', `REDISCLI_AUTH=${PASSWORD} redis-cli --no-auth-warning ${command}`)
const RELEASE = ['move', CHART, ...IMAGE_VALUES, '--set=service.type=NodePort,resources.requests.cpu=20m']
const WAIT = ['--wait', '--timeout', '180s']

test('sessions move from the chart’s Redis to a Redis Cluster of six nodes, and count on', async () => {
  // Nodes learn one another's names once they know the addresses.
  const { items } = await namespace.get<{ items: { status: { podIP: string } }[] }>(
    'pods',
    '--selector=app=redis-cluster',
  )
  const addresses = items.map(({ status }) => `${status.podIP}:6379`).join(' ')
  await onCluster(`--cluster create ${addresses} --cluster-replicas 1 --cluster-yes`)
  await until(async () => (await onCluster('cluster info')).includes('cluster_state:ok'), 60_000)

  await namespace.helm('install', ...RELEASE, ...WAIT)
  const { spec } = await namespace.get<{ spec: { ports: { nodePort: number }[] } }>('service', 'move-redissessions')
  const url = await namespace.nodePortUrl(spec.ports[0]?.nodePort ?? 0)
  const cookies: string[] = []
  for (let i = 0; i < 30; i++) {
    const first = await visit(url)
    if (i % 2) expect((await visit(url, { cookie: first.cookie })).visits).toBe(2)
    cookies.push(first.cookie)
  }

  // 1. No instance writes; the append-only file is complete at any moment.
  await namespace.kubectl('scale', 'deployment/move-redissessions', '--replicas=0')
  await namespace.settled('app', 0, 'move')
  // 2. A plain Redis with what the chart's Redis wrote.
  await apply('old-redis')
  await namespace.kubectl('wait', '--for=condition=Ready', 'pod/old-redis', '--timeout=120s')
  const kubectl = `kubectl --namespace ${namespace.name} exec`
  const copy = `${kubectl} move-redissessions-redis-0 -c redis -- tar -cf - -C /data appendonlydir | ${kubectl} -i old-redis -- tar -xf - -C /data`
  await promisify(execFile)('bash', ['-o', 'pipefail', '-c', copy])
  await shell('old-redis', 'touch /data/go')
  await until(async () => (await shell('old-redis', 'redis-cli ping')).includes('PONG'))
  const keys = Number(await shell('old-redis', 'redis-cli --scan --pattern "sess:*" | wc -l'))
  expect(keys).toBe(30)
  // 3. Redis' own tool copies every key to the node that it belongs to, its life included.
  const { status } = await namespace.get<{ status: { podIP: string } }>('pod', 'old-redis')
  await onCluster(`--cluster import ${items[0]?.status.podIP}:6379 --cluster-from ${status.podIP}:6379 --cluster-copy`)
  // 4. The release uses the Cluster; the chart's Redis goes, its volume stays.
  await namespace.kubectl('create', 'secret', 'generic', 'cluster', `--from-literal=password=${PASSWORD}`)
  const external = `externalRedis.mode=cluster,externalRedis.existingSecret=cluster,externalRedis.nodes={${NODES.map((node) => `${node}:6379`).join(',')}}`
  await namespace.helm('upgrade', ...RELEASE, `--set=redis.enabled=false,${external}`, ...WAIT)

  for (const [i, cookie] of cookies.entries()) {
    expect((await visit(url, { cookie })).visits).toBe(i % 2 ? 3 : 2)
  }
  expect(await namespace.kubectl('get', 'pvc', 'data-move-redissessions-redis-0', '--output', 'name')).toBeTruthy()
  const ttls = await onCluster('-c ttl "$(redis-cli --no-auth-warning -a moved --scan --pattern "sess:*" | head -n 1)"')
  expect(Number(ttls)).toBeGreaterThan(86_000)
})

test('a primary of the Cluster dies, and its replica takes over: no session is lost', async () => {
  const { spec } = await namespace.get<{ spec: { ports: { nodePort: number }[] } }>('service', 'move-redissessions')
  const url = await namespace.nodePortUrl(spec.ports[0]?.nodePort ?? 0)
  const visitors = await Promise.all(Array.from({ length: 12 }, () => visit(url)))
  await namespace.kubectl('delete', 'pod', 'cluster-0', '--force', '--grace-period=0')
  for (const { cookie } of visitors) {
    await until(async () => (await visit(url, { cookie }).catch(() => undefined))?.visits !== undefined, 60_000)
    expect((await visit(url, { cookie })).visits).toBeGreaterThanOrEqual(3)
  }
})
