import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ciFile, environment, find, render } from '../support/chart.js'

const config = async (...values: string[]) => {
  const { data } = find(await render(values), 'ConfigMap', 'redissessions-redis')
  return { conf: data?.['redis.conf'] ?? '', start: data?.['start.sh'] ?? '' }
}

test('never evicts a session, and writes as the durability says', async () => {
  const usual = await config()
  expect(usual.conf).toContain('maxmemory-policy noeviction')
  expect(usual.conf).toContain('appendonly yes\nappendfsync everysec')
  expect((await config('--set=redis.durability=disk')).conf).toContain('appendfsync always')
  expect((await config('--set=redis.persistence.enabled=false')).conf).toContain('appendonly no')
})

test('the user of the app has no dangerous command and no foreign key', async () => {
  const { start } = await config()
  const [rules = ''] = start.match(/user redissessions .*/) ?? []
  // Off for everybody; Redis itself loads its append-only file as this user, and must be let.
  expect(start).toContain('user default off ~* &* +@all')
  expect(rules).toContain('-@all')
  expect(rules.match(/~\S+/g)).toEqual(['~sess:*', '~{sess:*', '~redissessions:*'])
  expect(rules).not.toMatch(
    /\+(@|flush|config|keys|acl|debug|shutdown|save|replicaof|migrate|function|monitor)/,
  )
})

test('the user of the app may do what the scripts of the store and the counter do', async () => {
  const [rules = ''] = (await config()).start.match(/user redissessions .*/) ?? []
  const sources = ['src/store', 'src/counter'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|lua)$/.test(file))
      .map((file) => readFileSync(join(folder, file), 'utf8')),
  )
  const called = sources.flatMap((text) =>
    [...text.matchAll(/redis\.p?call\('(\w+)'/g)].map(([, name = '']) => name),
  )
  expect(called.length).toBeGreaterThan(50)
  for (const name of new Set(called)) expect(rules.split(' ')).toContain(`+${name.toLowerCase()}`)
})

test('a claim of its own that outlives the release, or none', async () => {
  const kept = find(await render(['--set=redis.persistence.size=3Gi']), 'StatefulSet', 'redissessions-redis')
  expect(kept.spec).toMatchObject({
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    volumeClaimTemplates: [{ spec: { resources: { requests: { storage: '3Gi' } } } }],
  })
  const [without] = [await render(['--set=redis.persistence.enabled=false'])]
  expect(find(without, 'StatefulSet', 'redissessions-redis').spec).not.toHaveProperty('volumeClaimTemplates')
})

test('volumes as the user says: a claim that exists, no class, annotations, and what happens to them', async () => {
  const spec = async (...args: string[]) =>
    find(await render(args), 'StatefulSet', 'redissessions-redis').spec
  const existing = await spec('--set=redis.persistence.existingClaim=sessions')
  expect(existing).not.toHaveProperty('volumeClaimTemplates')
  expect(existing).toMatchObject({
    template: {
      spec: {
        volumes: expect.arrayContaining([{ name: 'data', persistentVolumeClaim: { claimName: 'sessions' } }]),
      },
    },
  })
  expect(await spec('--set=redis.persistence.storageClass=-')).toMatchObject({
    volumeClaimTemplates: [{ spec: { storageClassName: '' } }],
  })
  expect(await spec(...ciFile('sentinel'))).toMatchObject({
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' },
    volumeClaimTemplates: [
      { metadata: { annotations: { backup: 'daily' } }, spec: { storageClassName: 'fast' } },
    ],
  })
})

test('TLS: Redis speaks nothing else, and the app knows its authority', async () => {
  const objects = await render(ciFile('sentinel-tls'))
  const { data = {} } = find(objects, 'ConfigMap', 'redissessions-redis')
  expect(data['redis.conf']).toMatch(/^port 0\ntls-port 6379$/m)
  expect(data['redis.conf']).toContain('tls-replication yes')
  expect(environment(find(objects, 'Deployment', 'redissessions'))).toMatchObject({
    REDIS_TLS_CA_FILE: '/run/secrets/redis-ca/ca.crt',
  })
  for (const name of ['redissessions-redis', 'redissessions-sentinel'])
    expect(environment(find(objects, 'StatefulSet', name)).TLS).toContain('--tls --cacert')
  const bound = find(await render(ciFile('redis-tls')), 'Secret', 'redis-e9771')
  const services = Buffer.from(bound.data?.VCAP_SERVICES ?? '', 'base64').toString()
  expect(JSON.parse(services).redis[0].credentials.uri).toMatch(/^rediss:/)
})

describe('with Sentinels', () => {
  const objects = (...args: string[]) => render(['--set=redis.mode=sentinel', ...args])

  test('three of each, that come back whatever became of the others, apart, one at a time', async () => {
    const all = await objects()
    for (const [component, name] of [
      ['redis', 'redissessions-redis'],
      ['sentinel', 'redissessions-sentinel'],
    ] as const) {
      expect(find(all, 'StatefulSet', name).spec).toMatchObject({
        replicas: 3,
        podManagementPolicy: 'Parallel',
        template: {
          spec: {
            affinity: {
              podAntiAffinity: {
                preferredDuringSchedulingIgnoredDuringExecution: [
                  {
                    podAffinityTerm: {
                      topologyKey: 'kubernetes.io/hostname',
                      labelSelector: {
                        matchLabels: expect.objectContaining({ 'app.kubernetes.io/component': component }),
                      },
                    },
                  },
                ],
              },
            },
          },
        },
        volumeClaimTemplates: [{}],
      })
      expect(find(all, 'PodDisruptionBudget', name).spec).toMatchObject({ maxUnavailable: 1 })
      for (const i of [0, 1, 2]) {
        expect(find(all, 'Service', `${name}-${i}`).spec).toMatchObject({
          publishNotReadyAddresses: true,
          selector: { 'statefulset.kubernetes.io/pod-name': `${name}-${i}` },
        })
      }
    }
  })

  test('the app asks the Sentinels, and a visit counts when a replica has it', async () => {
    expect(environment(find(await objects(), 'Deployment', 'redissessions'))).toMatchObject({
      REDIS_MODE: 'sentinel',
      REDIS_NODES: [0, 1, 2].map((i) => `redissessions-sentinel-${i}:26379`).join(),
      REDIS_SENTINEL_NAME: 'redissessions',
      REDIS_DURABILITY: 'replicas:1',
    })
  })

  test('no password is in an argument, an environment or a ConfigMap', async () => {
    const all = await objects()
    const { data = {} } = find(all, 'Secret', 'redissessions-redis')
    const rest = JSON.stringify(all.filter(({ kind }) => kind !== 'Secret'))
    for (const value of Object.values(data)) {
      expect(rest).not.toContain(Buffer.from(value, 'base64').toString())
    }
    expect(rest).not.toContain('secretKeyRef')
  })

  test('one Redis becomes three: what a StatefulSet can’t change stays', async () => {
    const fixed = (all: Awaited<ReturnType<typeof render>>) => {
      const { spec } = find(all, 'StatefulSet', 'redissessions-redis')
      const { serviceName, selector, podManagementPolicy, volumeClaimTemplates } = spec as Record<
        string,
        unknown
      >
      return { serviceName, selector, podManagementPolicy, volumeClaimTemplates }
    }
    expect(fixed(await objects())).toEqual(fixed(await render()))
  })
})

describe('what rolls Redis', () => {
  const template = async (...args: string[]) => {
    const { spec } = find(
      await render(['--set=redis.existingSecret=mine', ...args]),
      'StatefulSet',
      'redissessions-redis',
    )
    return JSON.stringify((spec as { template: unknown }).template)
  }

  test('a change of its configuration', async () => {
    expect(await template('--set=redis.maxmemory=64mb')).not.toBe(await template())
  })

  test('nothing that concerns the app alone', async () => {
    const app = ['--set=replicaCount=7,image.tag=other,session.ttlSeconds=60,chaos.enabled=true']
    expect(await template(...app)).toBe(await template())
  })
})
