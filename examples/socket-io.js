// socket.io: a socket keeps its session object for as long as it is open, so it loads the session again before each change.
import { createServer } from 'node:http'
import express from 'express'
import session from 'express-session'
import { Server } from 'socket.io'
import { store } from './store.js'

const app = express()
const sessions = session({ store, secret: 'change me', resave: false, saveUninitialized: false })
app.get('/', sessions, (req, res, next) => {
  req.session.visits = (req.session.visits ?? 0) + 1
  req.session.save((error) => (error ? next(error) : res.json({ visits: req.session.visits })))
})

const server = createServer(app)
const io = new Server(server)
io.engine.use(sessions)
io.on('connection', (socket) => {
  const { session } = socket.request
  socket.on('visit', (answer) => {
    session.reload((error) => {
      if (error) return answer({ error: error.message })
      session.visits = (session.visits ?? 0) + 1
      session.save((failed) => answer(failed ? { error: failed.message } : { visits: session.visits }))
    })
  })
})

server.listen(process.env.PORT ?? 3000, '127.0.0.1', () => console.log(server.address().port))
