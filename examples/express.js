// Counts a visit in the round trip that loads its session: with connect-redis it takes a load, a change and a save.
import express from 'express'
import session from 'express-session'
import { store } from './store.js'

const app = express()
const sessions = session({ store, secret: 'change me', resave: false, saveUninitialized: false })

if (store.updateOnLoad) {
  app.get(
    '/',
    store.updateOnLoad(sessions, () => ({ add: { visits: 1 } })),
    (req, res) => {
      res.json({ visits: req.session.visits })
    },
  )
} else {
  app.get('/', sessions, (req, res, next) => {
    req.session.visits = (req.session.visits ?? 0) + 1
    req.session.save((error) => (error ? next(error) : res.json({ visits: req.session.visits })))
  })
}

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', () => console.log(server.address().port))
