// The counter as an app of few lines has it; each set-up gives it a store.
import express from 'express'
import session from 'express-session'

/** @param {session.Store} [store] none: the MemoryStore that express-session has itself. */
export function serve(store) {
  const app = express()
  app.use(session({ store, resave: false, saveUninitialized: false, secret: 'keyboard cat' }))
  app.get('/', (req, res) => {
    req.session.visits = (req.session.visits ?? 0) + 1
    res.json({ visits: req.session.visits })
  })
  app.get('/api/session', (req, res) => {
    res.json({ visits: req.session.visits })
  })
  app.listen(process.env.PORT, '127.0.0.1')
}
