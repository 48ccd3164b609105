// Fastify with @fastify/session, which takes any express-session store.
import cookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import Fastify from 'fastify'
import { store } from './store.js'

const app = Fastify()
app.register(cookie)
app.register(fastifySession, {
  store,
  secret: 'change me: 32 characters or more',
  saveUninitialized: false,
  cookie: { secure: false },
})

app.get('/', async (request) => {
  request.session.visits = (request.session.visits ?? 0) + 1
  await request.session.save()
  return { visits: request.session.visits }
})

await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' })
console.log(app.server.address().port)
