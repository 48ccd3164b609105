import { once } from 'node:events'
import { Agent, createServer, get, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import { drainConnections } from '../../../src/counter/http/drain-connections.js'

const agent = new Agent({ keepAlive: true })
afterEach(() => agent.destroy())

/** A server with a request in flight, whose connection the client keeps; nothing but draining ends one that is idle. */
async function busy() {
  const answers: ServerResponse[] = []
  const server = createServer({ keepAliveTimeout: 0 }, (_req, res) => void answers.push(res)).listen(0)
  await once(server, 'listening')
  const answered = new Promise<number | undefined>((resolve, reject) => {
    get({ port: (server.address() as AddressInfo).port, agent }, (res) => {
      res.resume().on('end', () => resolve(res.statusCode))
    }).on('error', reject)
  })
  answered.catch(() => {})
  await expect.poll(() => answers.length).toBe(1)
  return { server, answered, answer: () => answers[0]?.end('ok') }
}

it('waits for the answer that is in flight, and ends the connection that was kept', async () => {
  const { server, answered, answer } = await busy()
  let drained = false
  const draining = drainConnections(server, 60_000).then(() => {
    drained = true
  })
  expect(server.listening).toBe(false)
  const looked = vi.spyOn(server, 'closeIdleConnections')
  await expect.poll(() => looked.mock.calls.length).toBeGreaterThan(1)
  expect(drained).toBe(false)
  answer()
  expect(await answered).toBe(200)
  await draining
})

it('cuts what is not answered in time', async () => {
  const { server, answered } = await busy()
  await drainConnections(server, 100)
  await expect(answered).rejects.toMatchObject({ code: 'ECONNRESET' })
})
