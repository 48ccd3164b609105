// Koa with koa-session. It gives the store a copy of the session and saves after the handlers, so the true count is taken over from
// the copy, and the answer is made after the save.
import Koa from 'koa'
import { createSession } from 'koa-session'
import { store } from './store.js'

const app = new Koa()
app.keys = ['change me']
// koa-session's store interface has no callbacks, so each call is wrapped.
const wrapped = {
  get: (id) => store.get(id),
  async set(id, copy, _maxAge, { ctx }) {
    await store.set(id, copy)
    ctx.session.visits = copy.visits
  },
  destroy: (id) => store.destroy(id),
}
app.use(async (ctx, next) => {
  await next()
  ctx.body = { visits: ctx.session?.visits ?? 0 }
})
app.use(createSession({ store: wrapped }, app))

app.use((ctx) => {
  if (ctx.method === 'DELETE') ctx.session = null
  else ctx.session.visits = (ctx.session.visits ?? 0) + 1
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', () => console.log(server.address().port))
