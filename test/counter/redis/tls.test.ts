import { copyFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Certificates } from '../../support/certificates.js'
import { freePort } from '../../support/free-port.js'
import { InstanceProcess } from '../../support/instance.js'
import { RedisServer } from '../../support/redis-server.js'
import { until } from '../../support/until.js'

const DEADLINE_MS = 1_000

let server: RedisServer
let tlsPort: number
let direct: Redis
let certificates: Certificates
let ca: string
let otherCa: string
let client: { cert: string; key: string }
let stranger: { cert: string; key: string }
let good: { cert: string; key: string }
let expired: { cert: string; key: string }
const running: InstanceProcess[] = []

beforeAll(async () => {
  certificates = new Certificates()
  ca = certificates.authority('ca')
  otherCa = certificates.authority('other')
  good = certificates.signed('server', 'ca')
  expired = certificates.signed('expired', 'ca', -1)
  client = certificates.signed('client', 'ca')
  stranger = certificates.signed('stranger', 'other')
  tlsPort = await freePort()
  const tls = ['--tls-port', `${tlsPort}`, '--tls-ca-cert-file', ca, '--tls-auth-clients', 'yes']
  server = await RedisServer.start(...tls, '--tls-cert-file', good.cert, '--tls-key-file', good.key)
  direct = new Redis(server.port, '127.0.0.1')
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((instance) => instance.end('SIGKILL')))
  await direct.config('SET', 'requirepass', '')
  await present(good)
})
afterAll(async () => {
  direct.disconnect()
  await server.stop()
  certificates.remove()
})

const present = ({ cert, key }: { cert: string; key: string }) =>
  direct.call('CONFIG', 'SET', 'tls-cert-file', cert, 'tls-key-file', key)

const start = async (environment: Record<string, string> = {}) => {
  const tls = { REDIS_TLS_CA_FILE: ca, REDIS_TLS_CERT_FILE: client.cert, REDIS_TLS_KEY_FILE: client.key }
  const address = { REDIS_URL: `rediss://127.0.0.1:${tlsPort}`, SESSION_DEADLINE_MS: `${DEADLINE_MS}` }
  const instance = await InstanceProcess.start({ ...address, ...tls, ...environment })
  running.push(instance)
  return instance
}
const status = async ({ url }: InstanceProcess) => (await fetch(url)).status
/** Refuses visits with 503, and says why in its log: nothing of it is a stack or a key. */
const fails = async (instance: InstanceProcess, why: RegExp) => {
  expect(await status(instance)).toBe(503)
  await until(() => instance.log.some((line) => line.includes('Redis does not answer') && why.test(line)))
  expect(instance.log.join('\n')).not.toMatch(/PRIVATE KEY|hunter2| {2}at /)
}

describe('an instance that reaches Redis by TLS with a certificate of its own', () => {
  it('counts', async () => {
    const instance = await start()
    await until(async () => (await status(instance)) === 200)
  })

  it('says that another authority signed the certificate of Redis', async () => {
    await fails(
      await start({ REDIS_TLS_CA_FILE: otherCa }),
      /self-signed|unable to verify|UNABLE_TO|SELF_SIGNED/i,
    )
  })

  it('says that Redis refuses its own certificate', async () => {
    const { cert, key } = stranger
    await fails(
      await start({ REDIS_TLS_CERT_FILE: cert, REDIS_TLS_KEY_FILE: key }),
      /alert|ECONNRESET|closed/i,
    )
  })

  it('recovers when its own files are replaced: authority, certificate and key', async () => {
    const mounted = certificates.authority('mounted')
    const { cert, key } = certificates.signed('mounted client', 'mounted')
    const files = { REDIS_TLS_CA_FILE: mounted, REDIS_TLS_CERT_FILE: cert, REDIS_TLS_KEY_FILE: key }
    const instance = await start(files)
    await fails(instance, /self-signed|unable to verify|UNABLE_TO|SELF_SIGNED/i)
    copyFileSync(ca, mounted)
    copyFileSync(client.cert, cert)
    copyFileSync(client.key, key)
    await until(async () => (await status(instance)) === 200)
  })

  it('keeps its last certificate while the key in the file does not fit', async () => {
    const { cert, key } = certificates.signed('rotated', 'ca')
    const instance = await start({ REDIS_TLS_CERT_FILE: cert, REDIS_TLS_KEY_FILE: key })
    await until(async () => (await status(instance)) === 200)
    copyFileSync(stranger.key, key)
    await direct.call('CLIENT', 'KILL', 'TYPE', 'normal')
    await until(async () => (await status(instance)) === 200)
    copyFileSync(client.cert, cert)
    copyFileSync(client.key, key)
    await direct.call('CLIENT', 'KILL', 'TYPE', 'normal')
    await until(async () => (await status(instance)) === 200)
  })

  it('says that the certificate of Redis has expired, and recovers when it is renewed', async () => {
    await present(expired)
    const instance = await start()
    await fails(instance, /expired/i)
    await present(good)
    await until(async () => (await status(instance)) === 200)
  })

  it('says that the password is wrong, and recovers when it is right', async () => {
    await direct.config('SET', 'requirepass', 'right')
    const instance = await start({ REDIS_PASSWORD: 'hunter2' })
    await fails(instance, /WRONGPASS/)
    await direct.config('SET', 'requirepass', 'hunter2')
    await until(async () => (await status(instance)) === 200)
  })
})
