import { get } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler } from 'express'
import request from 'supertest'
import { expect, it } from 'vitest'
import { StoreUnavailable } from '../../../src/counter/http/store-unavailable.js'
import { timeout } from '../../../src/counter/http/timeout.js'

const DEADLINE_MS = 50

/** A server with such a deadline, and what it had no answer to in time. */
function open() {
  const late: string[] = []
  const answerProblem: ErrorRequestHandler = (error, req, res, _next) => {
    late.push(req.path)
    res.status(error instanceof StoreUnavailable ? 503 : 500).json(error.message)
  }
  const app = express()
    .use(timeout(DEADLINE_MS, answerProblem))
    .get('/never', () => {})
    .get('/at-once', (_req, res) => void res.json('ok'))
    // Ends when the client has had enough.
    .get('/begun', (_req, res) => void res.write('begun'))
  return { app, late }
}

it('answers 503 to a request that has no answer within the deadline', async () => {
  const { app, late } = open()
  await request(app).get('/never').expect(503, `"no answer within ${DEADLINE_MS} ms"`)
  expect(late).toEqual(['/never'])
})

it('leaves alone what was answered in time, or is being answered', async () => {
  const { app, late } = open()
  const server = app.listen(0)
  await request(server).get('/at-once').expect(200, '"ok"')
  let text = ''
  const begun = get({ port: (server.address() as AddressInfo).port, path: '/begun' }, (res) => {
    res.on('data', (part) => {
      text += part
    })
    res.on('error', () => {})
  })
  begun.on('error', () => {})
  await expect.poll(() => text).toBe('begun')
  // Its deadline is over after that of those.
  await request(server).get('/never').expect(503)
  expect(late).toEqual(['/never'])
  expect(text).toBe('begun')
  begun.destroy()
  server.close()
})
