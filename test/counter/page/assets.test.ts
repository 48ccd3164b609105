import express from 'express'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { readAssets } from '../../../src/counter/page/assets.js'

describe('the assets', () => {
  const assets = readAssets()
  const app = express().use(assets.router)

  it('are kept for good under the path of their content', async () => {
    for (const name of assets.names) {
      const answer = await request(app).get(`${assets.path}/${name}`)
      expect(answer.status).toBe(200)
      expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    }
    expect(assets.names).toEqual(['icon.svg', 'main.js', 'page.css'])
  })

  it('are given, but not kept, where a page of another version asks during a rollout', async () => {
    const answer = await request(app).get('/assets/of-another-version/page.css')
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('text/css; charset=utf-8')
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  it.each([
    '/assets/x/nothing.js',
    '/assets/x/../../server.js',
    '/assets/x/%2e%2e/assets.js',
    '/favicon.ico',
  ])('have nothing at %s', async (path) => {
    expect((await request(app).get(path)).status).not.toBe(200)
  })
})
