// NestJS on Express: the session middleware is Express' own, and a controller is given the session.
import 'reflect-metadata'
import { Controller, Delete, Get, Module, Session } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import session from 'express-session'
import { store } from './store.js'

type Visited = session.Session & { visits?: number }

@Controller()
class Visits {
  @Get()
  async count(@Session() session: Visited) {
    session.visits = (session.visits ?? 0) + 1
    await new Promise<void>((resolve, reject) => session.save((error) => (error ? reject(error) : resolve())))
    return { visits: session.visits }
  }

  @Delete()
  async forget(@Session() session: Visited) {
    await new Promise<void>((resolve, reject) =>
      session.destroy((error) => (error ? reject(error) : resolve())),
    )
    return { visits: 0 }
  }
}

@Module({ controllers: [Visits] })
class App {}

const app = await NestFactory.create(App, { logger: ['error', 'warn'] })
app.use(session({ store, secret: 'change me', resave: false, saveUninitialized: false }))
await app.listen(process.env.PORT ?? 3000, '127.0.0.1')
console.log(app.getHttpServer().address().port)
