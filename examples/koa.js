// Koa with koa-session, which saves before it answers. Its store interface has no callbacks, so the calls are handed on.
import Koa from 'koa'
import { createSession } from 'koa-session'
import { store } from './store.js'

const app = new Koa()
app.keys = ['change me']
const handedOn = {
  get: (id) => store.get(id),
  set: (id, data) => store.set(id, data),
  destroy: (id) => store.destroy(id),
}
app.use(createSession({ store: handedOn }, app))

app.use((ctx) => {
  if (ctx.method === 'DELETE') ctx.session = null
  else ctx.session.visits = (ctx.session.visits ?? 0) + 1
  ctx.body = { visits: ctx.session?.visits ?? 0 }
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', () => console.log(server.address().port))
