import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { RedisServer } from './redis-server.js'

it('a Redis whose port is taken by now has ended, and is not waited for', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  await expect(RedisServer.startOn(port)).rejects.toThrow(/ended with 1/)
  other.close()
})
