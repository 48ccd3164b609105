import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings } from '../../../src/counter/config/settings.js'
import { SettingsError } from '../../../src/counter/config/settings-error.js'

const redis = { REDIS_URL: 'redis://127.0.0.1:6379' }
const problem = (environment: Record<string, string>) => {
  try {
    readSettings(environment)
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    return (error as Error).message
  }
  return 'accepted'
}

describe('settings', () => {
  it('have the defaults of the contract', () => {
    expect(readSettings(redis)).toMatchObject({
      port: 3000,
      metricsPort: 9090,
      session: { ttlSeconds: 86_400, deadlineMs: 5_000, durability: 'primary' },
      trustProxy: false,
      logLevel: 'info',
      chaosEnabled: false,
      shutdownDelayMs: 0,
      instance: { index: null },
    })
  })

  it('treat an empty variable as unset', () => {
    expect(readSettings({ ...redis, PORT: '', REDIS_PASSWORD: '' }).port).toBe(3000)
  })

  it.each([
    ['PORT', 'banana', 'a whole number from 0 to 65535'],
    ['PORT', '65536', 'a whole number from 0 to 65535'],
    ['PORT', '-1', 'a whole number from 0 to 65535'],
    ['METRICS_PORT', '1e3', 'a whole number'],
    ['SESSION_STORE', 'disk', 'one of exact, connect-redis, memory'],
    ['SESSION_TTL_SECONDS', '0', 'a whole number from 1'],
    ['SESSION_DEADLINE_MS', '50', 'a whole number from 100'],
    ['REDIS_URL', 'http://here', 'redis://'],
    ['REDIS_URL', 'redis://', 'redis://'],
    ['REDIS_URL', 'redis://h:6379/zero', 'a whole number'],
    ['REDIS_MODE', 'ring', 'one of standalone, sentinel, cluster'],
    ['REDIS_NODES', 'host', 'host:port'],
    ['REDIS_NODES', 'fd00::1:6379', '[address]:port'],
    ['REDIS_NODES', '[fd00::1]', '[address]:port'],
    ['REDIS_NODES', '[fd00::x]:6379', '[address]:port'],
    ['REDIS_NODES', 'a:6379,b:66379', 'host:port'],
    ['REDIS_DATABASE', 'one', 'a whole number'],
    ['BASE_PATH', 'counter', 'a path such as /counter'],
    ['BASE_PATH', '/a b', 'a path such as /counter'],
    ['BASE_PATH', '/a//b', 'a path such as /counter'],
    ['REDIS_TLS_CA_FILE', '/nowhere/ca.pem', 'a readable file'],
    ['REDIS_DURABILITY', 'replica:1', 'primary, replicas:N (N from 1 to 99) or disk'],
    ['REDIS_DURABILITY', 'replicas:0', 'primary, replicas:N (N from 1 to 99) or disk'],
    ['REDIS_PASSWORD_FILE', '/nowhere/password', 'a readable file'],
    ['SESSION_SECRET_FILE', '/nowhere/secret', 'a readable file'],
    ['SESSION_SECRET', ' \n ', 'one or more of at least 16 characters'],
    ['SESSION_SECRET', 'fifteen letters', 'one or more of at least 16 characters'],
    ['SESSION_SECRET', 'a long one for today\nshort', 'one or more of at least 16 characters'],
    ['CONNECTION_MAX_REQUESTS', '-1', 'a whole number from 0 to 1000000'],
    ['CONNECTION_MAX_AGE_SECONDS', '10s', 'a whole number from 0 to 86400'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', 'http://host:port'],
    ['LOG_LEVEL', 'loud', 'one of trace'],
    ['CHAOS_ENABLED', 'yes', 'one of true, false'],
    ['TRUST_PROXY', '<all>', 'a number of hops'],
    ['TRUST_PROXY', 'banana', 'a number of hops'],
    ['TRUST_PROXY', '10.0.0.0/40', 'a number of hops'],
    ['TRUST_PROXY', '0.0.0.0/0', 'a number of hops'],
    ['TRUST_PROXY', '1000', 'a number of hops'],
    ['TRUST_PROXY', '127.0.0.1,', 'a number of hops'],
    ['REDIS_URL', 'redis://:pa%ss@host', 'expected %25'],
    ['CF_INSTANCE_INDEX', 'first', 'a whole number'],
  ])('refuse %s=%s and say what is accepted', (variable, value, accepted) => {
    const message = problem({ ...redis, [variable]: value })
    expect(message).toMatch(new RegExp(`^${variable}: `))
    expect(message).toContain(accepted)
    expect(message).not.toContain('\n')
  })

  it('never show a secret in a message', () => {
    expect(problem({ REDIS_URL: 'http://user:hunter2@host' })).not.toContain('hunter2')
  })

  it.each(['/', '?', '#', ':', ' ', '%', '\\', '[', '//', '/0?', '1/', '1#', '1?'])(
    'never show a piece of a password that has a "%s"',
    (special) => {
      const [before, after] = ['Zk39bQx1w', 'Vp84tLm0s']
      for (const user of ['', 'app']) {
        const url = `redis://${user}:${before}${special}${after}@redissessions-redis:6379`
        const bound = JSON.stringify({ redis: [{ credentials: { uri: url } }] })
        for (const environment of [{ REDIS_URL: url }, { VCAP_SERVICES: bound }, { REDIS_NODES: url }]) {
          const said = problem(environment)
          for (const piece of [before, after, before.slice(1, 6), after.slice(1, 6)])
            expect(said).not.toContain(piece)
          if (said === 'accepted')
            expect(readSettings(environment).redis?.password).toBe(
              decodeURIComponent(`${before}${special}${after}`),
            )
        }
      }
    },
  )

  it('never show a secret that was given in the place of its file', () => {
    for (const variable of [
      'SESSION_SECRET_FILE',
      'REDIS_PASSWORD_FILE',
      'REDIS_TLS_KEY_FILE',
      'REDIS_TLS_CERT_FILE',
    ]) {
      const other = variable.includes('KEY') ? 'REDIS_TLS_CERT_FILE' : 'REDIS_TLS_KEY_FILE'
      const pair = variable.includes('TLS') ? { [other]: '/nowhere' } : {}
      const value = variable.includes('CERT') ? '-----BEGIN\nhunter2' : '/hunter2'
      expect(problem({ ...redis, ...pair, [variable]: value })).not.toContain('hunter2')
    }
  })

  it('trim passwords and secrets in files, and keep what is inside', () => {
    const folder = mkdtempSync(join(tmpdir(), 'secrets-'))
    const file = join(folder, 'file')
    for (const [content, password] of [
      ['pass\n', 'pass'],
      ['pass\r\n', 'pass'],
      ['  pass word\t\n\n', 'pass word'],
      ['pass\nword', 'pass\nword'],
    ] as const) {
      writeFileSync(file, content)
      expect(readSettings({ ...redis, REDIS_PASSWORD_FILE: file }).redis?.password).toBe(password)
      expect(readSettings({ ...redis, REDIS_PASSWORD: content }).redis?.password).toBe(password)
    }
    for (const content of [
      'the newest, secret\nthe older one,too\n',
      '\r\n the newest, secret\r\n\r\nthe older one,too \r\n',
    ]) {
      writeFileSync(file, content)
      expect(readSettings({ ...redis, SESSION_SECRET_FILE: file }).session.secrets).toEqual([
        'the newest, secret',
        'the older one,too',
      ])
    }
    rmSync(folder, { recursive: true })
  })

  it('need Redis for a Redis store, and a secret in production', () => {
    expect(problem({})).toMatch(/^REDIS_URL: is not set/)
    expect(problem({ SESSION_STORE: 'memory' })).toBe('accepted')
    expect(problem({ ...redis, NODE_ENV: 'production' })).toMatch(/^SESSION_SECRET: has no secret/)
    expect(problem({ ...redis, REDIS_MODE: 'sentinel' })).toMatch(/^REDIS_MODE: /)
    expect(problem({ REDIS_MODE: 'cluster' })).toMatch(/^REDIS_NODES: /)
  })

  it('take the three kinds of durability where the store and Redis know them', () => {
    const durability = (value: string) =>
      readSettings({ ...redis, REDIS_DURABILITY: value }).session.durability
    expect(durability('primary')).toBe('primary')
    expect(durability('replicas:2')).toEqual({ replicas: 2 })
    expect(durability('disk')).toBe('disk')
    for (const REDIS_DURABILITY of ['replicas:1', 'disk']) {
      expect(problem({ ...redis, REDIS_DURABILITY, SESSION_STORE: 'connect-redis' })).toMatch(
        /^REDIS_DURABILITY: SESSION_STORE=connect-redis .*expected primary$/,
      )
    }
  })

  it('take a certificate of the client with its key, or neither', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'))
    const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
    const pem = (label: string) => `-----BEGIN ${label}-----\nAA==\n-----END ${label}-----`
    writeFileSync(cert, pem('CERTIFICATE'))
    writeFileSync(key, pem('EC PRIVATE KEY'))
    const both = { ...redis, REDIS_TLS_CERT_FILE: cert, REDIS_TLS_KEY_FILE: key }
    expect(readSettings(both).redis?.tls).toEqual({ cert: pem('CERTIFICATE'), key: pem('EC PRIVATE KEY') })
    expect(problem({ ...redis, REDIS_TLS_CERT_FILE: cert })).toMatch(
      /^REDIS_TLS_KEY_FILE: .*both or neither$/,
    )
    expect(problem({ ...both, REDIS_TLS_KEY_FILE: cert })).toMatch(
      /^REDIS_TLS_KEY_FILE: .*holds no private key/,
    )
    rmSync(folder, { recursive: true })
  })

  it('take a list of secrets, newest first', () => {
    const given = { ...redis, SESSION_SECRET: 'k,9Fq2&Zx!/the newest\n the older one, of two ' }
    const { secrets, secretsFromFile } = readSettings(given).session
    expect(secrets).toEqual(['k,9Fq2&Zx!/the newest', 'the older one, of two'])
    expect(secretsFromFile).toBe(false)
  })

  it('read REDIS_URL with user, password, database and TLS', () => {
    expect(readSettings({ REDIS_URL: 'rediss://app:p%40ss@redis.example:6380/2' }).redis).toMatchObject({
      mode: 'standalone',
      nodes: [{ host: 'redis.example', port: 6380 }],
      username: 'app',
      password: 'p@ss',
      db: 2,
      tls: {},
    })
  })

  it('read nodes by IPv6 addresses', () => {
    const nodes = (REDIS_NODES: string) => readSettings({ REDIS_NODES, REDIS_MODE: 'cluster' }).redis?.nodes
    expect(nodes('[fd00::1]:6379, redis-0.redis:6380,10.0.0.1:1')).toEqual([
      { host: 'fd00::1', port: 6379 },
      { host: 'redis-0.redis', port: 6380 },
      { host: '10.0.0.1', port: 1 },
    ])
    expect(readSettings({ REDIS_URL: 'redis://[fd00::1]:6379' }).redis?.nodes[0]?.host).toBe('fd00::1')
  })

  it('take a database and a prefix of the keys, for installs that share a Redis', () => {
    const shared = { ...redis, REDIS_DATABASE: '3', REDIS_KEY_PREFIX: 'blue:' }
    expect(readSettings(shared)).toMatchObject({ redis: { db: 3 }, keyPrefix: 'blue:' })
    const cluster = { REDIS_MODE: 'cluster', REDIS_NODES: 'a:1' }
    expect(problem({ ...cluster, REDIS_DATABASE: '3' })).toMatch(/^REDIS_DATABASE: .*only database 0/)
    expect(problem({ ...cluster, REDIS_DATABASE: '0' })).toBe('accepted')
  })

  it('take a name for the certificate of Redis, with TLS only', () => {
    const named = { REDIS_URL: 'rediss://10.0.0.1', REDIS_TLS_SERVERNAME: 'redis.example' }
    expect(readSettings(named).redis?.tls).toEqual({ servername: 'redis.example' })
    expect(problem({ ...named, ...redis })).toMatch(/^REDIS_TLS_SERVERNAME: .*without TLS/)
  })

  it('read the nodes of a Sentinel set-up', () => {
    const environment = {
      REDIS_MODE: 'sentinel',
      REDIS_NODES: 'a:26379, b:26379',
      REDIS_SENTINEL_NAME: 'main',
    }
    expect(readSettings(environment).redis).toMatchObject({
      mode: 'sentinel',
      nodes: [
        { host: 'a', port: 26379 },
        { host: 'b', port: 26379 },
      ],
      sentinelName: 'main',
    })
  })
})

describe('a Redis bound by Cloud Foundry', () => {
  const services = (label: string, service: object) => ({
    VCAP_SERVICES: JSON.stringify({ [label]: [service] }),
  })
  const uri = 'redis://:secret@10.0.0.1:6379'

  it.each([
    [
      'by a tag',
      'shared-vm',
      { tags: ['pivotal', 'redis'], credentials: { host: '10.0.0.1', port: 6379, password: 'secret' } },
    ],
    ['by its label', 'p-redis', { credentials: { hostname: '10.0.0.1', port: '6379', password: 'secret' } }],
    [
      'of 2012',
      'redis-2.6',
      {
        name: 'redis-e9771',
        credentials: { hostname: '10.0.0.1', host: '10.0.0.1', port: 6379, password: 'secret' },
      },
    ],
    ['by a user-provided name', 'user-provided', { name: 'my-valkey', credentials: { uri } }],
    ['by the scheme of a URI', 'user-provided', { name: 'cache', credentials: { uri } }],
  ])('is found %s', (_how, label, service) => {
    expect(readSettings(services(label, service)).redis).toMatchObject({
      nodes: [{ host: '10.0.0.1', port: 6379 }],
      password: 'secret',
    })
  })

  it('is reached by TLS where the broker says so', () => {
    const credentials = { host: 'redis.example', port: 6379, tls_port: 16379, password: 'secret' }
    expect(readSettings(services('p.redis', { credentials })).redis).toMatchObject({
      nodes: [{ host: 'redis.example', port: 16379 }],
      tls: {},
    })
  })

  it.each([
    ['a URL', { url: 'rediss://:secret@redis.example:6390/1' }, { host: 'redis.example', port: 6390 }, {}],
    [
      'its fields, if its URL cannot be read',
      { uri: 'redis://:a/b@h', host: 'h', port: 6390, password: 'a/b' },
      { host: 'h', port: 6390 },
      undefined,
    ],
    ['an IPv6 address', { host: 'fd00::1', password: 'p@ss' }, { host: 'fd00::1', port: 6379 }, undefined],
    ['a flag for TLS', { host: 'h', port: 6390, tls: 'true' }, { host: 'h', port: 6390 }, {}],
    ['a flag against it', { host: 'h', port: 6390, tls: false }, { host: 'h', port: 6390 }, undefined],
  ])('is found by %s', (_what, credentials, node, tls) => {
    const { redis: found } = readSettings(services('redis', { credentials }))
    expect(found?.nodes).toEqual([node])
    expect(found?.tls).toEqual(tls)
  })

  it('is refused in one line where the variable is none of Cloud Foundry', () => {
    expect(problem({ VCAP_SERVICES: '{' })).toMatch(/^VCAP_SERVICES: is not valid JSON/)
    expect(problem({ VCAP_SERVICES: '{"redis":{}}' })).toMatch(/^VCAP_SERVICES: has an unknown form/)
    expect(problem(services('redis', { credentials: {} }))).toMatch(/^VCAP_SERVICES: .*no address/)
  })

  it('is not any other service', () => {
    expect(
      problem(services('p-mysql', { name: 'db', tags: ['mysql'], credentials: { uri: 'mysql://h' } })),
    ).toMatch(/^REDIS_URL/)
  })

  it('lets the instances of a version number themselves where the platform does not', () => {
    const application = { VCAP_APPLICATION: '{"instance_id":"pod-x","name":"counter","version":"v1"}' }
    const settings = readSettings({ ...redis, ...application, CF_INSTANCE_INDEX: 'auto' })
    expect(settings.instance).toEqual({ id: 'pod-x', index: null })
    expect(settings.indexGroup).toBe('counter:v1')
    expect(readSettings({ ...redis, ...application, CF_INSTANCE_INDEX: '0' }).indexGroup).toBeUndefined()
  })

  it('names the instance by VCAP_APPLICATION and CF_INSTANCE_INDEX', () => {
    const application = { VCAP_APPLICATION: JSON.stringify({ instance_id: 'abc', instance_index: 3 }) }
    expect(readSettings({ ...redis, ...application })).toMatchObject({
      instance: { id: 'abc', index: 3 },
      trustProxy: 1,
    })
    expect(readSettings({ ...redis, ...application, CF_INSTANCE_INDEX: '0' }).instance.index).toBe(0)
  })
})

describe('a service binding', () => {
  let root: string
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'bindings-'))
    const entries = {
      type: 'redis',
      host: 'bound.example',
      port: '6390',
      username: 'app',
      password: 'secret\n',
    }
    mkdirSync(join(root, 'a-database'))
    writeFileSync(join(root, 'a-database', 'type'), 'postgresql')
    mkdirSync(join(root, 'sessions'))
    for (const [name, value] of Object.entries(entries)) writeFileSync(join(root, 'sessions', name), value)
  })
  afterAll(() => rmSync(root, { recursive: true }))

  const vcap = {
    VCAP_SERVICES: JSON.stringify({ redis: [{ credentials: { uri: 'redis://vcap.example' } }] }),
  }
  const host = (environment: Record<string, string>) => readSettings(environment).redis?.nodes[0]?.host

  it('is read from its folder', () => {
    expect(readSettings({ SERVICE_BINDING_ROOT: root }).redis).toMatchObject({
      nodes: [{ host: 'bound.example', port: 6390 }],
      username: 'app',
      password: 'secret',
    })
  })

  it('wins over VCAP_SERVICES, and explicit settings over both', () => {
    expect(host({ SERVICE_BINDING_ROOT: root, ...vcap })).toBe('bound.example')
    expect(host({ SERVICE_BINDING_ROOT: root, ...vcap, REDIS_URL: 'redis://own.example' })).toBe(
      'own.example',
    )
    expect(host(vcap)).toBe('vcap.example')
  })

  it('stands a stray file, and does without TLS only where none was asked for', () => {
    writeFileSync(join(root, 'README'), 'no binding')
    expect(host({ SERVICE_BINDING_ROOT: root })).toBe('bound.example')
    const empty = join(root, 'a-database', 'empty')
    writeFileSync(empty, '')
    expect(problem({ ...redis, REDIS_TLS_CA_FILE: empty })).toMatch(
      /^REDIS_TLS_CA_FILE: .*holds no certificate/,
    )
  })

  it('of another kind is no Redis', () => {
    const other = mkdtempSync(join(tmpdir(), 'bindings-'))
    mkdirSync(join(other, 'a-database'))
    writeFileSync(join(other, 'a-database', 'type'), 'postgresql')
    expect(problem({ SERVICE_BINDING_ROOT: other })).toMatch(/^REDIS_URL: is not set/)
    rmSync(other, { recursive: true })
  })

  it('is refused in one line where its folder is missing', () => {
    expect(problem({ SERVICE_BINDING_ROOT: '/nowhere' })).toMatch(/^SERVICE_BINDING_ROOT: .*ENOENT/)
  })
})
