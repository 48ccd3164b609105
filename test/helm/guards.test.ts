import { describe, expect, test } from 'vitest'
import { refusal, render, valuesFiles } from '../support/chart.js'

describe('contradictions are refused, with the way out', () => {
  test.each([
    ['session.store=memory', 'iKnowThisLosesSessions=true'],
    ['autoscaling.enabled=true,replicaCount=3', 'leave out replicaCount'],
    ['autoscaling.enabled=true,autoscaling.minReplicas=9', 'more than autoscaling.maxReplicas'],
    ['autoscaling.enabled=true,resources.requests.cpu=null', 'resources.requests.cpu'],
    ['redis.durability=disk,redis.persistence.enabled=false', 'turn persistence on'],
    ['redis.durability=replicas:1', 'redis.mode=sentinel'],
    ['redis.mode=sentinel,cloudFoundry.enabled=true', 'redis.mode=standalone'],
    [
      'redis.enabled=false,cloudFoundry.enabled=true,cloudFoundry.existingSecret=a,externalRedis.tls.enabled=true',
      'which names the Redis to connect to',
    ],
    ['redis.enabled=false', 'externalRedis.nodes'],
    ['externalRedis.nodes={redis.test:6379}', 'set redis.enabled=false to use your own Redis'],
    [
      'redis.enabled=false,externalRedis.nodes={a:1},externalRedis.mode=sentinel',
      'externalRedis.sentinelName',
    ],
    [
      'redis.enabled=false,externalRedis.nodes={a:1},cloudFoundry.enabled=true',
      'cloudFoundry.existingSecret',
    ],
    ['redis.existingSecret=mine,cloudFoundry.enabled=true', 'cloudFoundry.existingSecret'],
    ['ingress.enabled=true,ingress.host=,ingress.tls.enabled=true', 'ingress.host'],
    ['httpRoute.enabled=true', 'httpRoute.parentRefs'],
    ['service.nodePort=30080', 'service.type=NodePort'],
    ['terminationGracePeriodSeconds=12', 'more than 12'],
    ['service.externalTrafficPolicy=Local', 'service.type=NodePort'],
    ['service.type=NodePort,service.loadBalancerClass=a', 'service.type=LoadBalancer'],
    [
      'redis.enabled=false,externalRedis.mode=cluster,externalRedis.nodes={a:1},externalRedis.database=1',
      'externalRedis.keyPrefix',
    ],
    ['redis.maxmemory=256mb', 'Use at most half of the limit'],
    ['redis.maxmemory=1gb,redis.resources.limits.memory=1000M', 'Use at most half of the limit'],
    ['redis.resources.limits.memory=1e2Mi', 'limits/memory'],
    ['redis.mode=sentinel,redis.persistence.existingClaim=mine', 'redis.mode=standalone'],
  ])('%s', async (values, wayOut) => {
    expect(await refusal([`--set=${values}`])).toContain(wayOut)
  })

  test('one instance with its own memory loses nothing to another', async () => {
    await expect(render(['--set=session.store=memory,replicaCount=1'])).resolves.toBeDefined()
  })
})

describe('the schema refuses', () => {
  test.each([
    ['an unknown value', 'replicas=4'],
    ['an unknown nested value', 'session.ttl=4'],
    ['a store that does not exist', 'session.store=mongodb'],
    ['fewer than no instances', 'replicaCount=-1'],
    ['half an instance', 'replicaCount=1.5'],
    ['a word for a number', 'session.ttlSeconds=day'],
    ['a URL as host', 'ingress.host=https://a.test/'],
    ['a port beyond the last', 'service.port=65536'],
    ['a mode that the chart has not', 'redis.mode=cluster'],
    ['a durability that does not exist', 'redis.durability=eternal'],
    ['more replicas than there are', 'redis.mode=sentinel,redis.durability=replicas:3'],
    ['a size of nothing', 'redis.persistence.size=0'],
    ['memory in a unit of its own', 'resources.limits.memory=64MB'],
    ['an evil tag', 'image.tag=a b'],
    ['a digest that is none', 'image.digest=sha256:abc'],
    ['a policy that does not exist', 'image.pullPolicy=Sometimes'],
    ['a node without port', 'redis.enabled=false,externalRedis.nodes={redis.test}'],
    ['an IPv6 address without brackets', 'redis.enabled=false,externalRedis.nodes={fd00::1:6379}'],
    ['a variable without a name', 'extraEnv[0].value=a'],
    ['a rule of the wrong direction', 'networkPolicy.extraEgress[0].from[0].podSelector.a=b'],
    ['a timing that a probe has not', 'readinessProbe.everySeconds=3'],
  ])('%s', async (_what, values) => {
    expect(await refusal([`--set=${values}`])).toMatch(/schema|at '\/|additional properties/i)
  })
})

test('a version that is a number for YAML, and may have lost its last digit', async () => {
  expect(await refusal(['--set-json=image.tag=8.1'])).toContain('/image/tag')
})

test('memory without a limit, or well below it, is accepted', async () => {
  await expect(render(['--set=redis.resources.limits=null,redis.maxmemory=4gb'])).resolves.toBeDefined()
  await expect(render(['--set=redis.maxmemory=255mb'])).resolves.toBeDefined()
})

test('the values files themselves are accepted together', async () => {
  await expect(render(valuesFiles('cloudfoundry', 'kind'))).resolves.toBeDefined()
})
