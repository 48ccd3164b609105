import { EventEmitter, once } from 'node:events'
import { createServer, get, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { BackendPool } from '../../src/demo/backend-pool.js'
import { type Balancer, startBalancer } from '../../src/demo/balancer.js'
import { closedPort, freePort } from '../support/free-port.js'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** An instance that is ready and answers each other request as told. */
async function instance(answer: RequestListener, port = 0): Promise<{ port: number; server: Server }> {
  const server = createServer((request, response) =>
    request.url === '/readyz' ? response.end() : answer(request, response),
  ).listen(port, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => end(server))
  return { port: (server.address() as AddressInfo).port, server }
}

async function end(server: Server): Promise<void> {
  if (!server.listening) return
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}

async function balance(ports: number[], patienceMs?: number): Promise<{ url: string; pool: BackendPool }> {
  const pool = new BackendPool()
  for (const port of ports) pool.add(port)
  const balancer: Balancer = await startBalancer(0, pool, patienceMs === undefined ? {} : { patienceMs })
  cleanups.push(async () => {
    for (const port of ports) pool.remove(port)
    await balancer.close()
  })
  return { url: `http://127.0.0.1:${balancer.port}`, pool }
}

const soon = () => AbortSignal.timeout(10_000)
const text = async (url: string, init?: RequestInit) => (await fetch(url, init)).text()
const named =
  (name: string): RequestListener =>
  (_request, response) =>
    response.end(name)

describe('the balancer', () => {
  it('gives each request to the next live instance', async () => {
    const instances = await Promise.all(['a', 'b', 'c'].map((name) => instance(named(name))))
    const ports = instances.map(({ port }) => port)
    const { url, pool } = await balance(ports)
    await pool.ready(ports, soon())
    const rounds = []
    for (let i = 0; i < 9; i++) rounds.push(await text(url))
    expect(rounds.slice(0, 3).sort()).toEqual(['a', 'b', 'c'])
    expect(rounds.slice(3)).toEqual([...rounds.slice(0, 3), ...rounds.slice(0, 3)])
  })

  it('lets visits and other requests take turns separately', async () => {
    const instances = await Promise.all(['a', 'b', 'c'].map((name) => instance(named(name))))
    const ports = instances.map(({ port }) => port)
    const { url, pool } = await balance(ports)
    await pool.ready(ports, soon())
    const visited = []
    for (let i = 0; i < 6; i++) {
      visited.push(await text(`${url}/?again=`))
      for (let other = 0; other < i; other++) await text(`${url}/api/instances`)
    }
    expect(new Set(visited.slice(0, 3)).size).toBe(3)
    expect(visited.slice(3)).toEqual(visited.slice(0, 3))
  })

  it('sends what is below /beside/STORE/ to that store, with a session of its own', async () => {
    const echo =
      (name: string): RequestListener =>
      ({ url, headers }, response) => {
        response.setHeader('set-cookie', ['connect.sid=new; Path=/', 'other=1'])
        response.end(JSON.stringify({ name, url, cookie: headers.cookie }))
      }
    const [main, side] = await Promise.all([instance(echo('main')), instance(echo('side'))])
    const pools = [main, side].map(({ port }) => {
      const pool = new BackendPool()
      pool.add(port)
      cleanups.push(() => pool.remove(port))
      return pool
    })
    const [mainPool, sidePool] = pools as [BackendPool, BackendPool]
    const beside = async (store: string) => (store === 'memory' ? undefined : sidePool)
    const balancer = await startBalancer(0, mainPool, { beside })
    cleanups.push(() => balancer.close())
    const url = `http://127.0.0.1:${balancer.port}`
    const headers = { cookie: 'connect.sid=mine; beside-exact=its' }

    const aside = await fetch(`${url}/beside/exact/api/visits?a=1`, { headers })
    expect(await aside.json()).toEqual({ name: 'side', url: '/api/visits?a=1', cookie: 'connect.sid=its' })
    expect(aside.headers.getSetCookie()).toEqual(['beside-exact=new; Path=/', 'other=1'])
    expect(JSON.parse(await text(`${url}/beside/connect-redis/`, { headers }))).toEqual({
      name: 'side',
      url: '/',
    })

    const straight = await fetch(`${url}/beside/nothing/`, { headers })
    expect(await straight.json()).toEqual({ name: 'main', url: '/beside/nothing/', cookie: headers.cookie })
    expect(straight.headers.get('x-demo-beside')).toBe('connect-redis exact')
    expect((await fetch(`${url}/beside/memory/`)).status).toBe(404)
  })

  it('skips one that is not ready, and takes it in when it is', async () => {
    let ready = false
    const late = createServer((request, response) => {
      if (request.url === '/readyz') response.statusCode = ready ? 200 : 503
      response.end('late')
    }).listen(0, '127.0.0.1')
    await once(late, 'listening')
    cleanups.push(() => end(late))
    const { port } = await instance(named('a'))
    const ports = [port, (late.address() as AddressInfo).port]
    const { url, pool } = await balance(ports)
    await pool.ready([port], soon())
    expect([await text(url), await text(url), await text(url)]).toEqual(['a', 'a', 'a'])
    ready = true
    await pool.ready(ports, soon())
    expect([await text(url), await text(url)].sort()).toEqual(['a', 'late'])
  })

  it('gives a refused request, with its body, to the next one', async () => {
    const { port } = await instance((request, response) => request.pipe(response))
    const gone = await closedPort()
    const turns = [gone, port]
    const skipped: number[] = []
    const pool = { next: async () => turns.shift(), skip: (port: number) => skipped.push(port) }
    const balancer = await startBalancer(0, pool)
    cleanups.push(() => balancer.close())
    const body = 'x'.repeat(300_000)
    expect(await text(`http://127.0.0.1:${balancer.port}`, { method: 'POST', body })).toBe(body)
    expect(skipped).toEqual([gone])
  })

  it('answers 502 and sends nothing again when an instance breaks off before its answer', async () => {
    let seen = 0
    const breaking: RequestListener = (request) => {
      seen++
      request.socket.destroy()
    }
    const instances = [await instance(breaking), await instance(breaking)]
    const ports = instances.map(({ port }) => port)
    const { url, pool } = await balance(ports)
    await pool.ready(ports, soon())
    const response = await fetch(url)
    expect(response.status).toBe(502)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({ status: 502, title: 'Bad Gateway' })
    expect(seen).toBe(1)
  })

  it('cuts an answer that broke off in the middle, and sends nothing again', async () => {
    let seen = 0
    const { port } = await instance((_request, response) => {
      seen++
      response.writeHead(200, { 'content-length': '10' })
      response.write('half', () => response.destroy())
    })
    const { url, pool } = await balance([port])
    await pool.ready([port], soon())
    await expect(text(url)).rejects.toThrow()
    expect(seen).toBe(1)
  })

  it('answers 503 with Retry-After when no instance comes up in time', async () => {
    const { url } = await balance([await closedPort()], 50)
    const response = await fetch(url)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })

  it('lets requests wait for the first instance that comes up', async () => {
    const port = await freePort()
    const { url } = await balance([port])
    const waiting = Promise.all([text(url), text(url), text(url)])
    await instance(named('up'), port)
    expect(await waiting).toEqual(['up', 'up', 'up'])
  })

  it('streams server-sent events as they come', async () => {
    let answer: { write(chunk: string): unknown } | undefined
    const { port } = await instance((_request, response) => {
      answer = response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n')
    })
    const { url, pool } = await balance([port])
    await pool.ready([port], soon())
    const reader = (await fetch(url)).body?.getReader()
    const event = async () => new TextDecoder().decode((await reader?.read())?.value)
    expect(await event()).toBe('data: 1\n\n')
    answer?.write('data: 2\n\n')
    expect(await event()).toBe('data: 2\n\n')
    await reader?.cancel()
  })

  it('tells who asked, and believes no client about it', async () => {
    const { port } = await instance((request, response) => response.end(JSON.stringify(request.headers)))
    const { url, pool } = await balance([port])
    await pool.ready([port], soon())
    const forged = { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil' }
    const host = new URL(url).host
    expect(JSON.parse(await text(url, { headers: forged }))).toMatchObject({
      host,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': host,
    })
  })

  it('lets the instance know when the client has gone', async () => {
    const client = new EventEmitter()
    const { port } = await instance((_request, response) => {
      response.once('close', () => client.emit('left'))
      client.emit('asked')
    })
    const { url, pool } = await balance([port])
    await pool.ready([port], soon())
    const asked = once(client, 'asked')
    const left = once(client, 'left')
    const request = get(url).on('error', () => {})
    await asked
    request.destroy()
    await left
  })

  it('refuses a port that is taken', async () => {
    const taken = createTcpServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    cleanups.push(() => taken.close())
    await expect(
      startBalancer((taken.address() as AddressInfo).port, new BackendPool()),
    ).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })
})
