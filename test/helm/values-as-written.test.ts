import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseDocument } from 'yaml'
import { CHART, ciFile, environment, find, pods, refusal, render, renderText } from '../support/chart.js'

test.each(['1234', '1e3', 'n', 'on', 'true', 'null', 'y', '0x1f'])(
  'a release may be called %s',
  async (release) => {
    for (const { kind, metadata } of await render(
      ['--set=redis.mode=sentinel,ingress.enabled=true'],
      release,
    )) {
      expect(metadata.labels?.['app.kubernetes.io/instance']).toBe(release)
      if (kind === 'Service') expect(metadata.name).toMatch(/^[a-z]/)
    }
  },
)

test('names that YAML reads as something else stay names', async () => {
  const objects = await render([
    '--set-string=fullnameOverride=on,nameOverride=true',
    '--set=ingress.enabled=true,autoscaling.enabled=true',
  ])
  expect(find(objects, 'Deployment', 'on').metadata.labels).toMatchObject({
    'app.kubernetes.io/name': 'true',
  })
  expect(find(objects, 'HorizontalPodAutoscaler', 'on').spec).toMatchObject({
    scaleTargetRef: { name: 'on' },
  })
  expect(pods(objects)[0]?.spec.serviceAccountName).toBe('on')
})

describe('null is the default', () => {
  const values = parseDocument(readFileSync(join(CHART, 'values.yaml'), 'utf8')).toJS() as Record<
    string,
    unknown
  >
  const maps = Object.entries(values).filter(
    ([, value]) => value && typeof value === 'object' && !Array.isArray(value),
  )
  const secrets = '--set=session.existingSecret=a,redis.existingSecret=b'

  test.each([
    'redis.persistence',
    'redis.persistence.size',
    'session.ttlSeconds',
    'redis.maxmemory',
    'drainSeconds',
    'redis.image',
    'resources',
    'externalRedis.tls',
    'networkPolicy.metricsFrom',
    'image.pullSecrets',
    'trustProxy',
  ])('%s', async (path) => {
    expect(await renderText([secrets, `--set=${path}=null`])).toBe(await renderText([secrets]))
  })

  test('every block at once', async () => {
    const none = maps.map(([name]) => `${name}=null`).filter((set) => !/^(session|redis)=/.test(set))
    expect(await renderText([secrets, `--set=${none.join()}`])).toBe(await renderText([secrets]))
    await expect(render(['--set=session=null,redis=null'])).resolves.toBeDefined()
  })

  test('but inside resources it takes an entry away', async () => {
    const [pod] = pods([find(await render(['--set=resources.limits=null']), 'Deployment', 'redissessions')])
    expect(pod?.spec.containers[0]?.resources).toEqual({ requests: { cpu: '50m', memory: '64Mi' } })
  })
})

describe('numbers', () => {
  test('are taken where people write them', async () => {
    const objects = await render(ciFile('numbers'))
    const deployment = find(objects, 'Deployment', 'redissessions')
    expect(environment(deployment)).toMatchObject({ TRUST_PROXY: '2' })
    const [pod] = pods([deployment])
    expect(pod?.spec.containers[0]?.image).toBe('redissessions:8')
    expect(pod?.spec.containers[0]?.resources).toMatchObject({ requests: { cpu: 0.5 } })
    const { template } = deployment.spec as { template: { metadata: { annotations: object } } }
    expect(template.metadata.annotations).toMatchObject({ revision: '1000000', ratio: '0.5' })
  })

  test('are refused by name where Kubernetes wants text', async () => {
    expect(await refusal(['--set=extraEnv[0].name=A,extraEnv[0].value=8'])).toMatch(/extraEnv[./]0[./]value/)
  })
})

describe('in an umbrella chart', () => {
  function umbrella(values: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'redissessions-umbrella-'))
    const dependency =
      '{ name: redissessions, version: 0.1.0, repository: "", condition: redissessions.enabled }'
    writeFileSync(
      join(folder, 'Chart.yaml'),
      `apiVersion: v2\nname: umbrella\nversion: 1.0.0\ndependencies: [${dependency}]\n`,
    )
    writeFileSync(join(folder, 'values.yaml'), values)
    mkdirSync(join(folder, 'charts'))
    symlinkSync(resolve(CHART), join(folder, 'charts/redissessions'))
    return folder
  }

  test('a condition turns it on and off', async () => {
    expect((await render([], 'r', umbrella('redissessions: { enabled: true }'))).length).toBeGreaterThan(5)
    expect(await render([], 'r', umbrella('redissessions: { enabled: false }'))).toEqual([])
  })

  test('a registry and its Secrets are every image’s', async () => {
    const global = '{ imageRegistry: registry.test/mirror, imagePullSecrets: [one, { name: two }] }'
    const values = `global: ${global}\nredissessions: { redis: { image: { repository: docker.io/library/redis } } }`
    for (const { spec } of pods(await render([], 'r', umbrella(values)))) {
      expect(spec.imagePullSecrets).toEqual([{ name: 'one' }, { name: 'two' }])
      for (const { image } of spec.containers)
        expect(image).toMatch(/^registry\.test\/mirror\/(redissessions|library\/redis):/)
    }
  })

  test('null there is the default, too', async () => {
    const values = 'redissessions: { redis: { persistence: null, maxmemory: null }, ingress: null }'
    const objects = await render([], 'r', umbrella(values))
    expect(find(objects, 'StatefulSet', 'r-redissessions-redis').spec).toHaveProperty('volumeClaimTemplates')
  })
})
