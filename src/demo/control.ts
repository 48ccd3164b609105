// Lets the drill act on a running demo, over HTTP on 127.0.0.1.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { CONTROL_FILE, type ControlFile } from '../drill/scenarios/control-file.js'
import type { Platform } from './platform.js'

/**
 * Lets the drill act on a running demo: POST /restart, /scale, /kill, /stop-redis or /start-redis, each answered with
 * 204 when it is done.
 */
export async function openControl(dataFolder: string, platform: Platform): Promise<{ close(): void }> {
  const token = randomBytes(24).toString('hex')
  const expected = Buffer.from(`Bearer ${token}`)
  const orders: Record<string, () => Promise<unknown>> = {
    '/restart': () => platform.restart(),
    '/scale': async () => {
      const now = platform.instances.length
      for (const count of [1, now * 2, now]) await platform.scale(count)
    },
    '/kill': () => platform.killAndWait(),
    '/stop-redis': () => platform.stopRedis(),
    '/start-redis': () => platform.startRedis(),
  }
  const server = createServer(async (request, response) => {
    const given = Buffer.from(request.headers.authorization ?? '')
    const order = orders[request.url ?? '']
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) response.writeHead(403).end()
    else if (request.method !== 'POST' || !order) response.writeHead(404).end()
    else
      await order().then(
        () => response.writeHead(204).end(),
        (error: Error) => response.writeHead(500).end(error.message),
      )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  const file = join(dataFolder, CONTROL_FILE)
  const control: ControlFile = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    token,
    demo: platform.url,
  }
  writeFileSync(file, JSON.stringify(control), { mode: 0o600 })
  return {
    close() {
      rmSync(file, { force: true })
      server.close()
      server.closeAllConnections()
    },
  }
}
