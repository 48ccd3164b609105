import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { Environment } from '../../../src/counter/config/environment.js'
import { readSettings } from '../../../src/counter/config/settings.js'
import { SettingsError } from '../../../src/counter/config/settings-error.js'

const SECRET = 'hunter2-correct-horse'

/** Settings are made of it, or it is refused in one line that names a variable and gives no secret away. */
function isReadOrRefused(environment: Environment): void {
  try {
    readSettings(environment)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    expect(error.message).toMatch(/^[A-Z_]+:? ?[^\n\r]*$/)
    expect(error.message).not.toContain(SECRET)
  }
}

const json = fc.jsonValue({ maxDepth: 4 })
const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '%',
    '%zz',
    '[::1]',
    '-1',
    '65536',
    '1e9',
    'redis',
    '__proto__',
    'http://[',
    '👻',
  ),
)
const credential = fc.oneof({ weight: 3, arbitrary: odd }, json)
const credentials = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record(
      {
        uri: credential,
        url: credential,
        host: credential,
        hostname: credential,
        port: fc.oneof(fc.integer(), credential),
        password: fc.constantFrom(SECRET, 1, null),
        username: credential,
        tls_enabled: json,
      },
      { requiredKeys: [] },
    ),
  },
  json,
)
const service = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record(
      {
        name: credential,
        label: credential,
        tags: fc.oneof(fc.array(fc.constantFrom('redis', 'valkey', 'x')), json),
        credentials,
      },
      { requiredKeys: [] },
    ),
  },
  json,
)
const services = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.dictionary(
      fc.oneof(fc.constantFrom('p-redis', 'user-provided'), odd),
      fc.oneof({ weight: 8, arbitrary: fc.array(service, { maxLength: 3 }) }, json),
    ),
  },
  json,
)

const VARIABLES = [
  'PORT',
  'HOST',
  'METRICS_PORT',
  'SESSION_STORE',
  'SESSION_SECRET',
  'SESSION_SECRET_FILE',
  'SESSION_TTL_SECONDS',
  'SESSION_DEADLINE_MS',
  'TRUST_PROXY',
  'REDIS_URL',
  'REDIS_MODE',
  'REDIS_NODES',
  'REDIS_SENTINEL_NAME',
  'REDIS_USERNAME',
  'REDIS_PASSWORD',
  'REDIS_PASSWORD_FILE',
  'REDIS_TLS_CA_FILE',
  'REDIS_DURABILITY',
  'SERVICE_BINDING_ROOT',
  'VCAP_SERVICES',
  'VCAP_APPLICATION',
  'CF_INSTANCE_INDEX',
  'CF_INSTANCE_GUID',
  'LOG_LEVEL',
  'CHAOS_ENABLED',
  'SHUTDOWN_DELAY_MS',
  'NODE_ENV',
  'CONNECTION_MAX_REQUESTS',
  'CONNECTION_MAX_AGE_SECONDS',
]

const root = mkdtempSync(join(tmpdir(), 'redissessions-fuzz-'))
afterAll(() => rmSync(root, { recursive: true }))

describe('whatever a platform gives, the settings are read or refused in one line:', () => {
  it('VCAP_SERVICES', () => {
    fc.assert(
      fc.property(services, (found) => isReadOrRefused({ VCAP_SERVICES: JSON.stringify(found) })),
      { numRuns: 2_000 },
    )
  })

  it('VCAP_SERVICES and VCAP_APPLICATION that are no JSON', () => {
    const broken = fc.oneof(
      odd,
      fc.tuple(services, fc.nat()).map(([found, at]) => JSON.stringify(found).slice(0, at % 60)),
    )
    fc.assert(
      fc.property(broken, broken, (VCAP_SERVICES, VCAP_APPLICATION) =>
        isReadOrRefused({ VCAP_SERVICES, VCAP_APPLICATION }),
      ),
      { numRuns: 1_000 },
    )
  })

  it('URLs of Redis', () => {
    const part = fc.oneof(odd, fc.constant(''))
    const url = fc
      .tuple(fc.constantFrom('redis', 'rediss', 'http', ''), part, part, part, part)
      .map(([scheme, user, host, port, path]) => `${scheme}://${user}:${SECRET}@${host}:${port}/${path}`)
    fc.assert(
      fc.property(fc.oneof(url, odd), (REDIS_URL) => isReadOrRefused({ REDIS_URL })),
      { numRuns: 2_000 },
    )
  })

  it('each variable by itself, and several', () => {
    const some = fc.dictionary(fc.constantFrom(...VARIABLES), odd, { maxKeys: 4 })
    fc.assert(
      fc.property(some, fc.boolean(), (environment, withRedis) =>
        isReadOrRefused(withRedis ? { REDIS_URL: 'redis://127.0.0.1', ...environment } : environment),
      ),
      { numRuns: 2_000 },
    )
  })

  it('folders of service bindings', () => {
    const content = fc.oneof(odd, fc.constantFrom('redis', '127.0.0.1', '6379', `redis://:${SECRET}@h:1`))
    const entries = fc.dictionary(
      fc.constantFrom('type', 'host', 'port', 'password', 'username', 'uri', 'tls', '..data'),
      fc.oneof({ weight: 8, arbitrary: content }, fc.constant(undefined)),
    )
    let count = 0
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b', '.hidden'), entries), (bindings) => {
        count += 1
        const folder = join(root, `${count}`)
        mkdirSync(folder)
        for (const [name, found] of Object.entries(bindings)) {
          mkdirSync(join(folder, name))
          for (const [entry, text] of Object.entries(found)) {
            // A folder in the place of a file, too.
            if (text === undefined) mkdirSync(join(folder, name, entry))
            else writeFileSync(join(folder, name, entry), text)
          }
        }
        isReadOrRefused({ SERVICE_BINDING_ROOT: folder })
      }),
      { numRuns: 300 },
    )
  })
})
