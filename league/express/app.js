// The Express app that each store is tried in, as express-session's README shows it.
import express from 'express'
import session from 'express-session'

/**
 * @param {session.Store} store
 * @param {{ savesFirst?: boolean }} options savesFirst: a visit is answered when its session was saved. Without it
 *   express-session saves while it answers, as it does by default.
 */
export function serve(store, { savesFirst = false } = {}) {
  const app = express()
  app.use(session({ store, resave: false, saveUninitialized: false, secret: 'keyboard cat' }))
  app.get('/hits', (req, res, next) => {
    req.session.visits = (req.session.visits ?? 0) + 1
    const answer = (error) => (error ? next(error) : res.json({ visits: req.session.visits }))
    if (savesFirst) req.session.save(answer)
    else answer()
  })
  app.post('/logout', (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.sendStatus(204)))
  })
  app.listen(process.env.PORT, '127.0.0.1')
}
