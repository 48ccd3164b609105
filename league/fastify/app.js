// Fastify with @fastify/session and connect-redis, as their READMEs show them.
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import { RedisStore } from 'connect-redis'
import fastify from 'fastify'
import { createClient } from 'redis'

const client = createClient({ url: process.env.REDIS_URL })
client.on('error', console.error)
await client.connect()

const app = fastify()
app.register(fastifyCookie)
app.register(fastifySession, {
  secret: 'a secret with minimum length of 32 characters',
  store: new RedisStore({ client }),
  cookie: { secure: false },
  saveUninitialized: false,
})
app.get('/hits', async (request) => {
  const visits = (request.session.get('visits') ?? 0) + 1
  request.session.set('visits', visits)
  return { visits }
})
app.post('/logout', async (request, reply) => {
  await request.session.destroy()
  return reply.code(204).send()
})
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
