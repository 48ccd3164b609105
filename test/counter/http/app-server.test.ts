import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import express from 'express'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { appServer } from '../../../src/counter/http/app-server.js'

const app = express()
app.get('/', (req, res) => {
  res.json({ own: req.app === app && res.app === app, ip: req.ip, path: req.path })
})
const found: boolean[] = []
const server = appServer(app, (req, res) => {
  found.push(Object.getPrototypeOf(req) === app.request, Object.getPrototypeOf(res) === app.response)
  app(req, res)
})
const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterAll(() => server.close())

it('makes requests and responses that Express has nothing to change in', async () => {
  expect(await (await fetch(url())).json()).toEqual({ own: true, ip: '127.0.0.1', path: '/' })
  expect(found).toEqual([true, true])
})

it('answers HEAD, and what is not found, as Express does', async () => {
  const head = await fetch(url(), { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
  expect((await fetch(`${url()}nothing`)).status).toBe(404)
})

it('refuses what is no HTTP', async () => {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.end('no HTTP\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(`${answer}`).toMatch(/^HTTP\/1.1 400 /)
})
