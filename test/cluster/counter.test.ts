import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { drill } from '../../src/drill/drill.js'
import type { Settings } from '../../src/drill/options/table.js'
import type { Report } from '../../src/drill/report/report.js'
import { clusterScenarios } from '../../src/drill/scenarios/cluster/choose.js'
import { CHART, valuesFiles } from '../support/chart.js'
import { IMAGE_VALUES, NO_ANOMALIES, type Pod, TestNamespace, visit } from '../support/cluster.js'
import { until } from '../support/until.js'

// One release of the 2012 set-up for all of this file; each test leaves it whole: 4 instances and Redis.
let namespace: TestNamespace
let nodePort: URL
const VALUES = [...valuesFiles('cloudfoundry'), ...IMAGE_VALUES, '--set', 'service.type=NodePort']
const PATIENCE = ['--wait', '--timeout', '280s']

beforeAll(async () => {
  namespace = await TestNamespace.create()
  // A host of its own: another release in the cluster may have that of the values file.
  VALUES.push('--set', `ingress.host=${namespace.name}.localhost`)
  await namespace.helm('install', 'redissessions', CHART, ...VALUES, ...PATIENCE)
  const service = await namespace.get<{ spec: { ports: { nodePort: number }[] } }>('service', 'redissessions')
  nodePort = await namespace.nodePortUrl(service.spec.ports[0]?.nodePort ?? 0)
})
afterAll(() => namespace?.remove())

/** Browsers visit, through the Ingress where the cluster has one, while the scenarios happen. */
async function drilled(scenarios: string[], options: Partial<Settings> = {}): Promise<Report> {
  const ingress = await namespace.ingressUrl()
  const address = ingress ? { url: ingress.url, headers: { host: ingress.host } } : { url: nodePort }
  const load = { browsers: 20, burst: 1, thinkMs: 50, destroy: 0, durationMs: 5000 }
  const target = { namespace: namespace.name, release: 'redissessions', cordon: false }
  const report = await drill({
    ...address,
    ...load,
    ...options,
    scenarios: await clusterScenarios(scenarios, target),
  })
  const { visits, longestWait, instances } = report
  console.log(
    `${scenarios.join(', ') || 'load'}: ${visits.acknowledged} visits by ${instances.length} instances, ` +
      `${visits.failed} failed, ${report.anomalies.lost} lost, ${report.anomalies.reset} reset, ` +
      `longest wait ${Math.round(longestWait?.ms ?? 0)} ms`,
  )
  return report
}

/** The instances that answer, by their index, with the cookie of the browser that asked. */
async function instancesThatAnswer(url: URL, host?: string) {
  const seen = new Map<number | null, string>()
  let cookie = ''
  for (let expected = 1; expected <= 40; expected++) {
    const answer = await visit(url, { cookie, ...(host && { host }) })
    expect(answer.visits).toBe(expected)
    seen.set(answer.instance.index, answer.instance.id)
    cookie = answer.cookie
  }
  return { indexes: [...seen.keys()].sort(), ids: new Set(seen.values()), cookie }
}

const restarts = (pods: Pod[]) => pods.flatMap(({ status }) => status.containerStatuses ?? [])

describe('the set-up of 2012', () => {
  test('visits add up over 4 instances, 0 to 3, through the NodePort', async () => {
    const { indexes, ids } = await instancesThatAnswer(nodePort)
    expect(indexes).toEqual([0, 1, 2, 3])
    expect(ids.size).toBe(4)
  })

  test('and through the Ingress', async (context) => {
    const ingress = await namespace.ingressUrl()
    if (!ingress) return context.skip('no Ingress controller in this cluster')
    // A controller learns of the instances a little later than they are there.
    await until(async () => (await instancesThatAnswer(ingress.url, ingress.host)).ids.size === 4)
  })

  test('helm test says so, too', async () => {
    const said = await namespace.helm('test', 'redissessions', '--logs')
    expect(said).toMatch(/20 visits add up over [34] of 4 instances/)
  })

  test('pods have Cloud Foundry’s environment and Redis under the name of 2012', async () => {
    const [pod] = await namespace
      .get<{ items: { spec: { containers: { env: { name: string }[] }[] } }[] }>(
        'pods',
        '--selector',
        'app.kubernetes.io/component=app',
      )
      .then(({ items }) => items)
    const names = pod?.spec.containers[0]?.env.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['VCAP_SERVICES', 'VCAP_APPLICATION', 'CF_INSTANCE_INDEX']))
    const { data } = await namespace.get<{ data: Record<string, string> }>('secret', 'redis-e9771')
    const services = Buffer.from(data.VCAP_SERVICES ?? '', 'base64').toString()
    expect(JSON.parse(services)).toMatchObject({ redis: [{ name: 'redis-e9771' }] })
  })

  test('the successor of an instance gets its index', async () => {
    const [victim] = await namespace.pods('app')
    await namespace.kubectl('delete', 'pod', victim?.metadata.name ?? '')
    await namespace.settled('app', 4)
    await until(async () => (await instancesThatAnswer(nodePort)).indexes.join() === '0,1,2,3', 30_000)
  })
})

describe('nothing disturbs a visitor', () => {
  test('rollout restart under 20 browsers: 0 failed, 0 lost', async () => {
    const report = await drilled(['rollout'])
    expect(report).toMatchObject({ visits: { failed: 0 }, ...NO_ANOMALIES, verdict: 'held' })
    expect(report.instances.length).toBeGreaterThanOrEqual(8)
  })

  test('scale 4 → 1 → 8 → 4: 0 failed, 0 lost', async () => {
    const report = await drilled(['scale'])
    expect(report).toMatchObject({ visits: { failed: 0 }, ...NO_ANOMALIES, verdict: 'held' })
  })

  test('pods deleted by force, in a loop: 0 lost, 0 double-counted; a retried click counts once', async () => {
    const report = await drilled(['kill-pod'], { retry: true, maxFailed: Number.POSITIVE_INFINITY })
    expect(report).toMatchObject(NO_ANOMALIES)
  })

  test('the Redis pod deleted: 0 lost, 0 double-counted, and counts go on', async () => {
    const report = await drilled(['kill-redis'], { maxFailed: Number.POSITIVE_INFINITY })
    expect(report).toMatchObject(NO_ANOMALIES)
    expect(report.visits.acknowledged).toBeGreaterThan(report.browsers)
    const { visits } = await visit(nodePort)
    expect(visits).toBe(1)
  })

  test('64Mi hold under full load: no instance is killed, none restarts', async () => {
    const before = restarts(await namespace.pods('app')).map(({ restartCount }) => restartCount)
    expect(before).toEqual([0, 0, 0, 0])
    const report = await drilled([], { browsers: 50, thinkMs: 0, durationMs: 15_000 })
    expect(report).toMatchObject({ visits: { failed: 0 }, ...NO_ANOMALIES, verdict: 'held' })
    for (const { restartCount, lastState } of restarts(await namespace.pods('app'))) {
      expect({ restartCount, lastState }).toEqual({ restartCount: 0, lastState: {} })
    }
  })
})

describe('Redis', () => {
  test('gives the app what it needs: nothing was denied under all that load', async () => {
    await expect(namespace.redis('info', 'stats')).resolves.toMatch(/acl_access_denied_cmd:0\b/)
    await expect(namespace.redis('info', 'stats')).resolves.toMatch(/acl_access_denied_key:0\b/)
  })

  test.each([
    ['flushall'],
    ['config get *'],
    ['keys *'],
    ['acl list'],
    ['shutdown'],
    ['debug sleep 0'],
    ['replicaof a 1'],
    ['get another-app:key'],
  ])('and not %s', async (command) => {
    await expect(namespace.redis(...command.split(' '))).resolves.toMatch(/^NOPERM|not allowed/)
  })

  test('answers no stranger without a password', async () => {
    const exec = ['exec', 'redissessions-redis-0', '--container', 'redis', '--', 'redis-cli', 'ping']
    await expect(namespace.kubectl(...exec)).resolves.toMatch(/^NOAUTH/)
  })
})

describe('network policies', () => {
  const CONNECT = `
    import { connect } from 'node:net'
    const reach = (host, port) => new Promise((resolve) => {
      const socket = connect({ host, port, timeout: 2000 }, () => end('reached'))
      const end = (said) => { socket.destroy(); resolve(said) }
      socket.on('timeout', () => end('blocked')).on('error', ({ code }) => end(code))
    })
    // A policy takes hold of a new pod a moment after it has begun.
    await new Promise((resolve) => setTimeout(resolve, 3000))
    const said = {}
    for (const name of TARGETS) said[name] = await reach(...name.split(':'))
    console.log(JSON.stringify(said))`
  const reach = async (labels: Record<string, string>, ...targets: string[]) =>
    JSON.parse(
      await namespace.script('knock', labels, CONNECT.replace('TARGETS', JSON.stringify(targets))),
    ) as Record<string, string>

  test('keep a stranger from Redis, and let it see the page', async (context) => {
    const said = await reach({ app: 'stranger' }, 'redissessions:80', 'redissessions-redis:6379')
    expect(said['redissessions:80']).toBe('reached')
    if (said['redissessions-redis:6379'] === 'reached' && !(await enforced())) {
      return context.skip('this cluster does not enforce network policies')
    }
    expect(said['redissessions-redis:6379']).toBe('blocked')
  })

  /** A pod that may speak to nobody tries to: does the cluster stop it? */
  async function enforced(): Promise<boolean> {
    const none = {
      'app.kubernetes.io/name': 'redissessions',
      'app.kubernetes.io/instance': 'redissessions',
      'app.kubernetes.io/component': 'none',
    }
    const ip = (await namespace.get<{ spec: { clusterIP: string } }>('service', 'redissessions')).spec
      .clusterIP
    return (await reach(none, `${ip}:80`))[`${ip}:80`] !== 'reached'
  }
})

describe('Helm', () => {
  const secrets = async () =>
    Promise.all(
      ['redissessions-session', 'redissessions-redis', 'redis-e9771'].map(
        async (name) => (await namespace.get<{ data: unknown }>('secret', name)).data,
      ),
    )

  test('an upgrade keeps the secrets, Redis and the visitors; a rollback takes it back', async () => {
    const { cookie, visits } = await visit(nodePort)
    const [before, [redis]] = [await secrets(), await namespace.pods('redis')]
    await namespace.helm('upgrade', 'redissessions', CHART, ...VALUES, '--set', 'logLevel=debug', ...PATIENCE)
    expect(await secrets()).toEqual(before)
    expect((await namespace.pods('redis'))[0]?.metadata.uid).toBe(redis?.metadata.uid)
    await namespace.helm('rollback', 'redissessions', ...PATIENCE)
    expect(await secrets()).toEqual(before)
    expect((await visit(nodePort, { cookie })).visits).toBe(visits + 1)
  })

  test('an upgrade that changes nothing rolls nothing', async () => {
    await namespace.settled('app', 4)
    const before = (await namespace.pods('app')).map(({ metadata }) => metadata.uid).sort()
    await namespace.helm('upgrade', 'redissessions', CHART, ...VALUES, ...PATIENCE)
    expect((await namespace.pods('app')).map(({ metadata }) => metadata.uid).sort()).toEqual(before)
  })

  test('an upgrade after kubectl scale sets the number that the values say', async () => {
    await namespace.kubectl('scale', 'deployment/redissessions', '--replicas=5')
    // Helm 4 applies on the server, where kubectl scale has made the number its own.
    const helm4 = (await namespace.helm('version', '--short')).startsWith('v4')
    const force = helm4 ? ['--force-conflicts'] : []
    await namespace.helm('upgrade', 'redissessions', CHART, ...VALUES, ...PATIENCE, ...force)
    await namespace.settled('app', 4)
  })

  test('a dry run shows and changes nothing', async () => {
    const shown = await namespace.helm('upgrade', 'redissessions', CHART, ...VALUES, '--dry-run=server')
    expect(shown).toContain('kind: Deployment')
  })

  test('an uninstall keeps the sessions: an install finds the visitors again', async () => {
    const { cookie, visits } = await visit(nodePort)
    await namespace.helm('uninstall', 'redissessions', '--wait')
    await namespace.kubectl('get', 'pvc', 'data-redissessions-redis-0')
    const port = `service.nodePort=${nodePort.port}`
    await namespace.helm('install', 'redissessions', CHART, ...VALUES, '--set', port, ...PATIENCE)
    expect((await visit(nodePort, { cookie })).visits).toBe(visits + 1)
  })
})
