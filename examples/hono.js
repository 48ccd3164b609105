// Hono on Node: a session middleware in a few lines. It saves when the handler says so, before the answer.
import { randomUUID } from 'node:crypto'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie'
import { store } from './store.js'

const SECRET = 'change me'

async function sessions(c, next) {
  const sent = await getSignedCookie(c, SECRET, 'sid')
  const found = sent && (await store.get(sent))
  const id = found ? sent : randomUUID()
  c.set('session', found || { cookie: { originalMaxAge: null } })
  c.set('save', async () => {
    await store.set(id, c.var.session)
    await setSignedCookie(c, 'sid', id, SECRET, { httpOnly: true, sameSite: 'Lax' })
  })
  c.set('destroy', async () => {
    await store.destroy(id)
    deleteCookie(c, 'sid')
  })
  await next()
}

const app = new Hono()
app.use(sessions)
app.get('/', async (c) => {
  const { session, save } = c.var
  session.visits = (session.visits ?? 0) + 1
  await save()
  return c.json({ visits: session.visits })
})
app.delete('/', async (c) => {
  await c.var.destroy()
  return c.json({ visits: 0 })
})

const options = { fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }
serve(options, ({ port }) => console.log(port))
