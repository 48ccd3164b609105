import { EventEmitter } from 'node:events'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import type { RedisClient } from '../../../src/counter/redis/connect.js'
import { reportConnection } from '../../../src/counter/redis/report-connection.js'

it('the log of an outage names each cause once, whatever the order and the digits', () => {
  const lines: string[] = []
  const client = new EventEmitter()
  const report = reportConnection(
    client as RedisClient,
    pino({ base: null, timestamp: false }, { write: (line) => lines.push(line) }),
  )
  const outage = () => {
    for (let i = 0; i < 5; i += 1) {
      client.emit('error', new Error('connect ECONNREFUSED 127.0.0.1:26379'))
      client.emit(
        'error',
        new Error(
          `All sentinels are unreachable. Retrying from scratch after ${50 + Math.random() * 200}ms.`,
        ),
      )
    }
    client.emit('error', new Error('WRONGPASS invalid username-password pair or user is disabled.'))
  }
  outage()
  expect(lines).toHaveLength(3)
  client.emit('ready')
  outage()
  expect(lines).toHaveLength(7)

  client.emit('ready')
  for (let i = 0; i < 5; i += 1)
    report(Object.assign(new Error('MISCONF Errors writing to the AOF file'), { name: 'ReplyError' }))
  report()
  report()
  // That there is no connection says the client itself.
  report(new Error('Connection is closed.'))
  expect(lines.slice(8).map((line) => JSON.parse(line).msg)).toEqual(['Redis refuses', 'Redis answers'])
})
