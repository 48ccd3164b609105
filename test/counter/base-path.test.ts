import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import request from 'supertest'
import { expect, it } from 'vitest'
import { startChromium } from '../../scripts/lib/chromium.js'
import { cookieOf, createCounter } from '../support/counter.js'

const { app } = createCounter({ SESSION_STORE: 'memory', BASE_PATH: '/counter', CHAOS_ENABLED: 'true' })
const html = { Accept: 'text/html' }

it('takes requests below its path, and without it where a proxy has removed it', async () => {
  for (const path of ['/counter', '/counter/', '/counter?x', '/']) {
    const answer = await request(app).get(path).expect(200)
    expect(answer.get('Set-Cookie')?.[0]).toMatch(/; Path=\/counter;/)
    const Cookie = cookieOf(answer)
    const again = await request(app).get(path).set({ Cookie }).expect(200)
    expect(again.body.visits).toBe(2)
    await request(app).get('/counter/api/session').set({ Cookie }).expect(200)
    await request(app).get('/api/session').set({ Cookie }).expect(200)
  }
  for (const path of ['/counterfeit', '/counter/counter']) await request(app).get(path).expect(404)
  for (const path of ['/healthz', '/readyz', '/counter/healthz'])
    expect((await request(app).get(path)).status).not.toBe(404)
})

it('leads everything on the page, and each redirect, below its path', async () => {
  for (const path of ['/counter', '/', '/counter/session', '/counter/nowhere']) {
    const { text } = await request(app).get(path).set(html)
    const links = [...text.matchAll(/(?:href|src|action)="(\/[^"]*)"/g)].map(([, link]) => String(link))
    expect(links.length).toBeGreaterThan(2)
    for (const link of links) {
      expect(link).toMatch(/^\/counter\//)
      expect((await request(app).get(link).set(html)).status).not.toBe(404)
    }
  }
  for (const form of ['/counter/session/end', '/session/end', '/counter/session/regenerate'])
    await request(app).post(form).expect(303).expect('Location', '/counter/session')
})

it('is live below its path, in a browser', async () => {
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const browser = await startChromium()
  try {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/counter`)
    await page.locator('#visit').click()
    await expect.poll(() => page.title()).toBe('2 visits · RedisSessions')
    await page.locator('#end').click()
    await expect.poll(() => page.title()).toBe('No session · RedisSessions')
    await page.reload()
    expect(await page.title()).toBe('1 visit · RedisSessions')
  } finally {
    await browser.close()
    server.close()
    server.closeAllConnections()
  }
})
