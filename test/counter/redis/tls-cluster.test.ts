import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { Certificates } from '../../support/certificates.js'
import { InstanceProcess } from '../../support/instance.js'
import { RedisCluster } from '../../support/redis-cluster.js'
import { until } from '../../support/until.js'

let certificates: Certificates
let cluster: RedisCluster
let ca: string
let instance: InstanceProcess

beforeAll(async () => {
  certificates = new Certificates()
  ca = certificates.authority('ca')
  // As an operator makes them: names, and not one address.
  const { cert, key } = certificates.signed('redis', 'ca', 2, 'DNS:localhost,DNS:redis.example')
  const files = ['--tls-ca-cert-file', ca, '--tls-cert-file', cert, '--tls-key-file', key]
  cluster = await RedisCluster.startTls(...files)
})
afterEach(async () => {
  await instance.end('SIGKILL')
})
afterAll(async () => {
  await cluster.stop()
  certificates.remove()
})

async function start(environment: Record<string, string> = {}): Promise<void> {
  const nodes = cluster.addresses.map(({ port }) => `localhost:${port}`).join()
  instance = await InstanceProcess.start({
    REDIS_MODE: 'cluster',
    REDIS_NODES: nodes,
    REDIS_TLS_CA_FILE: ca,
    SESSION_DEADLINE_MS: '1000',
    ...environment,
  })
}
const announce = (type: string, name: string) =>
  cluster.each('CONFIG', 'SET', 'cluster-announce-hostname', name, 'cluster-preferred-endpoint-type', type)
const counts = () => until(async () => (await fetch(instance.url)).ok)

it('reaches a Cluster that announces the names of its certificate', async () => {
  await announce('hostname', 'localhost')
  await start()
  await counts()
})

it('reaches a Cluster that announces addresses, by the name that REDIS_TLS_SERVERNAME says', async () => {
  await announce('ip', '')
  await start({ REDIS_TLS_SERVERNAME: 'redis.example' })
  await counts()
})

it('says in the log why no node can be used', async () => {
  await announce('hostname', 'localhost')
  await start({ REDIS_TLS_SERVERNAME: 'elsewhere.example' })
  expect((await fetch(instance.url)).status).toBe(503)
  const why = /does not match certificate's altnames.*elsewhere\.example|elsewhere\.example.*altnames/
  await until(() => instance.log.some((line) => line.includes('Redis does not answer') && why.test(line)))
})
