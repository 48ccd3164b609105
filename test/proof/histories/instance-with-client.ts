// An instance of the counter that reaches Redis by a client of another kind, or a Cluster: CLIENT names one of test/support/clients.ts,
// REDIS_PORTS the servers (more than one: a Cluster). Its routes, its session store and its answers are the counter's.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { pino } from 'pino'
import { problemHandler } from '../../../src/counter/http/problem.js'
import { requestId } from '../../../src/counter/http/request-id.js'
import { timeout } from '../../../src/counter/http/timeout.js'
import { Metrics } from '../../../src/counter/metrics/metrics.js'
import { ExactStore } from '../../../src/counter/stores/exact-store.js'
import { sessionRoutes } from '../../../src/counter/visit/session-routes.js'
import { visitRoutes } from '../../../src/counter/visit/visit-routes.js'
import { CLIENTS, type Connect } from '../../support/clients.js'

const {
  CLIENT = '',
  REDIS_PORTS = '',
  SESSION_SECRET = '',
  SESSION_DEADLINE_MS = '',
  PORT = '',
  HOST = '',
} = process.env
const connect = new Map<string, Connect>(Object.entries(CLIENTS)).get(CLIENT)
if (!connect) throw new Error(`CLIENT takes ${Object.keys(CLIENTS).join(', ')}`)
const nodes = REDIS_PORTS.split(',').map((port) => ({ host: '127.0.0.1', port: Number(port) }))
const { client } = connect({
  mode: nodes.length > 1 ? 'cluster' : 'standalone',
  nodes,
  sentinelName: '',
})

const instance = { id: `${process.pid}`, index: null }
const metrics = new Metrics()
const deadlineMs = Number(SESSION_DEADLINE_MS)
const store = new ExactStore({
  options: { client, deadlineMs },
  secrets: [SESSION_SECRET],
  ttlSeconds: 86_400,
  path: '/',
  instance,
  metrics,
})
const show = () => ''
const answerProblem = problemHandler(pino({ level: 'silent' }), show)
const server = express()
  .use(requestId)
  .use(timeout(deadlineMs, answerProblem))
  .use(visitRoutes({ store, instance, metrics, show }))
  .use(sessionRoutes({ store, instance, basePath: '', show }))
  .use(answerProblem)
  .listen(Number(PORT), HOST)
await once(server, 'listening')
const { port } = server.address() as AddressInfo
console.log(JSON.stringify({ msg: 'listening', port, metricsPort: port }))
