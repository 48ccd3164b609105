import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Certificates } from '../support/certificates.js'
import { CHART } from '../support/chart.js'
import { IMAGE_VALUES, TestNamespace, visit } from '../support/cluster.js'
import { until } from '../support/until.js'
import { redisCluster } from './fixtures/redis-cluster.js'

// Redis in other forms: a Cluster that somebody else runs and the way there with all sessions, TLS, and an append-only file that a power
// loss damaged.
const PASSWORD = 'moved'
let namespace: TestNamespace
const certificates = new Certificates()

beforeAll(async () => {
  namespace = await TestNamespace.create()
})
afterAll(async () => {
  certificates.remove()
  await namespace?.remove()
})

const shell = (pod: string, script: string) =>
  namespace.kubectl('exec', pod, '--container', 'redis', '--', 'sh', '-c', script)
const install = (verb: 'install' | 'upgrade', release: string, ...values: string[]) =>
  namespace.helm(
    ...[verb, release, CHART, ...IMAGE_VALUES, '--set=service.type=NodePort,resources.requests.cpu=20m'],
    ...[...values, '--wait', '--timeout', '180s'],
  )

async function urlOf(release: string): Promise<URL> {
  const service = `${release}-redissessions`
  const { spec } = await namespace.get<{ spec: { ports: { nodePort: number }[] } }>('service', service)
  return namespace.nodePortUrl(spec.ports[0]?.nodePort ?? 0)
}

interface Addressed {
  readonly status: { readonly podIP: string }
}

/** Makes a Cluster; returns what runs redis-cli in it, the address of one node, and the values that name it. */
async function cluster(name: string, nodes: number, replicas: number, tlsSecret?: string) {
  const made = redisCluster(name, nodes, PASSWORD, tlsSecret)
  await namespace.kubectlWith(made, 'apply', '--filename', '-')
  await namespace.kubectl('rollout', 'status', `statefulset/${name}`, '--timeout=180s')
  const cli = (command: string) => {
    const tls = tlsSecret ? '--tls --cacert /tls/ca.crt' : ''
    return shell(`${name}-0`, `REDISCLI_AUTH=${PASSWORD} redis-cli --no-auth-warning ${tls} ${command}`)
  }
  const { items } = await namespace.get<{ items: Addressed[] }>('pods', `--selector=app=${name}`)
  const addresses = items.map(({ status }) => `${status.podIP}:6379`)
  await cli(`--cluster create ${addresses.join(' ')} --cluster-replicas ${replicas} --cluster-yes`)
  await until(async () => (await cli('cluster info')).includes('cluster_state:ok'), 60_000)
  const names = Array.from({ length: nodes }, (_, i) => `${name}-${i}.${name}:6379`)
  await namespace.kubectl('create', 'secret', 'generic', name, `--from-literal=password=${PASSWORD}`)
  const external = `externalRedis.mode=cluster,externalRedis.existingSecret=${name},externalRedis.nodes={${names.join()}}`
  return { cli, address: addresses[0] ?? '', values: `--set=redis.enabled=false,${external}` }
}

test('sessions move from the chart’s Redis to a Redis Cluster of six nodes, and count on', async () => {
  const { cli, address, values } = await cluster('cluster', 6, 1)
  await install('install', 'move')
  const url = await urlOf('move')
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
  const old = readFileSync('test/cluster/fixtures/old-redis.yaml', 'utf8')
  await namespace.kubectlWith(old, 'apply', '--filename', '-')
  await namespace.kubectl('wait', '--for=condition=Ready', 'pod/old-redis', '--timeout=120s')
  const kubectl = `kubectl --namespace ${namespace.name} exec`
  const copy = `${kubectl} move-redissessions-redis-0 -c redis -- tar -cf - -C /data appendonlydir | ${kubectl} -i old-redis -- tar -xf - -C /data`
  await promisify(execFile)('bash', ['-o', 'pipefail', '-c', copy])
  await shell('old-redis', 'touch /data/go')
  await until(async () => (await shell('old-redis', 'redis-cli ping')).includes('PONG'))
  const keys = Number(await shell('old-redis', 'redis-cli --scan --pattern "sess:*" | wc -l'))
  expect(keys).toBe(30)
  // 3. Redis' own tool copies every key to the node that it belongs to, its life included.
  const { status } = await namespace.get<Addressed>('pod', 'old-redis')
  await cli(`--cluster import ${address} --cluster-from ${status.podIP}:6379 --cluster-copy`)
  // 4. The release uses the Cluster; the chart's Redis goes, its volume stays.
  await install('upgrade', 'move', values)

  for (const [i, cookie] of cookies.entries()) {
    expect((await visit(url, { cookie })).visits).toBe(i % 2 ? 3 : 2)
  }
  expect(
    await namespace.kubectl('get', 'pvc', 'data-move-redissessions-redis-0', '--output', 'name'),
  ).toBeTruthy()
  const ttls = await cli(
    '-c ttl "$(redis-cli --no-auth-warning -a moved --scan --pattern "sess:*" | head -n 1)"',
  )
  expect(Number(ttls)).toBeGreaterThan(86_000)
})

test('a primary of the Cluster dies, and its replica takes over: no session is lost', async () => {
  const url = await urlOf('move')
  const visitors = await Promise.all(Array.from({ length: 12 }, () => visit(url)))
  await namespace.kubectl('delete', 'pod', 'cluster-0', '--force', '--grace-period=0')
  for (const { cookie } of visitors) {
    await until(async () => Boolean(await visit(url, { cookie }).catch(() => undefined)), 60_000)
    expect((await visit(url, { cookie })).visits).toBeGreaterThanOrEqual(3)
  }
  await namespace.helm('uninstall', 'move')
  await namespace.kubectl('delete', 'statefulset', 'cluster')
})

/** A Secret with an authority's certificate and one that it signed for these names. */
async function tlsSecret(name: string, ...names: string[]): Promise<void> {
  const ca = certificates.authority(`${name}-ca`)
  const { cert, key } = certificates.signed(name, `${name}-ca`, 2, names.map((dns) => `DNS:${dns}`).join())
  const files = [`tls.crt=${cert}`, `tls.key=${key}`, `ca.crt=${ca}`].map((file) => `--from-file=${file}`)
  await namespace.kubectl('create', 'secret', 'generic', name, ...files)
}

test('a Cluster that speaks TLS only, with a certificate for names', async () => {
  await tlsSecret('secure-tls', ...[0, 1, 2].map((i) => `secure-${i}.secure`))
  const { values } = await cluster('secure', 3, 0, 'secure-tls')
  await install('install', 'secure', values, '--set=externalRedis.tls.existingSecret=secure-tls')
  const url = await urlOf('secure')
  const { cookie } = await visit(url)
  expect((await visit(url, { cookie })).visits).toBe(2)
  await namespace.helm('uninstall', 'secure')
  await namespace.kubectl('delete', 'statefulset', 'secure')
})

test('the chart’s own Redis and Sentinels speak TLS only, if they have a certificate', async () => {
  const of = (name: string) => [
    `own-redissessions-${name}`,
    ...[0, 1, 2].map((i) => `own-redissessions-${name}-${i}`),
  ]
  await tlsSecret('own-tls', ...of('redis'), ...of('sentinel'))
  await install(
    'install',
    'own',
    '--set=redis.mode=sentinel,redis.tls.existingSecret=own-tls,redis.resources.requests.cpu=10m',
  )
  const url = await urlOf('own')
  const { cookie } = await visit(url)
  const clear = 'redis-cli --user probe --pass "" --no-auth-warning ping 2>&1 || true'
  expect(await shell('own-redissessions-redis-0', clear)).not.toContain('PONG')
  // A pod that ends hands over, and the next one joins.
  await namespace.kubectl('delete', 'pod', 'own-redissessions-redis-0')
  await namespace.settled('redis', 3, 'own')
  expect((await visit(url, { cookie })).visits).toBe(2)
  await namespace.helm('uninstall', 'own')
})

test('after a power loss that left zeros in the append-only file: the pod doesn’t start, and is repaired', async () => {
  await install('install', 'torn', '--set=replicaCount=1')
  const url = await urlOf('torn')
  const { cookie } = await visit(url)
  expect((await visit(url, { cookie })).visits).toBe(2)
  const set = 'torn-redissessions-redis'
  await shell(`${set}-0`, 'head -c 4096 /dev/zero >> $(ls /data/appendonlydir/*.incr.aof)')
  await namespace.kubectl('delete', 'pod', `${set}-0`, '--force', '--grace-period=0')
  const log = () => namespace.kubectl('logs', `${set}-0`, '--previous').catch(() => '')
  await until(async () => (await log()).includes('Bad file format'), 120_000)

  await namespace.kubectl('scale', 'statefulset', set, '--replicas=0')
  await namespace.kubectl('wait', '--for=delete', `pod/${set}-0`, '--timeout=60s')
  const repair = readFileSync('test/cluster/fixtures/old-redis.yaml', 'utf8')
    .replaceAll('old-redis', 'repair')
    .replace('emptyDir: {}', `persistentVolumeClaim: { claimName: data-${set}-0 }`)
  await namespace.kubectlWith(repair, 'apply', '--filename', '-')
  await namespace.kubectl('wait', '--for=condition=Ready', 'pod/repair', '--timeout=120s')
  const fix =
    'cd /data && cp -a appendonlydir damaged && yes | redis-check-aof --fix appendonlydir/appendonly.aof.manifest'
  expect(await shell('repair', fix)).toMatch(/Successfully truncated|All AOF files and manifest are valid/)
  await namespace.kubectl('delete', 'pod', 'repair')
  await namespace.kubectl('scale', 'statefulset', set, '--replicas=1')
  await namespace.kubectl('rollout', 'status', `statefulset/${set}`, '--timeout=120s')
  await until(async () => Boolean(await visit(url, { cookie }).catch(() => undefined)), 30_000)
  expect((await visit(url, { cookie })).visits).toBe(4)
  await namespace.helm('uninstall', 'torn')
})
