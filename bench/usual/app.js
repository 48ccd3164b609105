// The counter as an app of few lines has it; each set-up gives it a store. No app of the bench makes an ETag.
import express from 'express'
import session from 'express-session'

/**
 * @param {session.Store} [store] none: the MemoryStore that express-session has itself.
 * @param {{ saveFirst?: boolean }} options saveFirst: a visit is answered only after its session was saved; by itself
 *   express-session saves while it answers.
 */
export function serve(store, { saveFirst = false } = {}) {
  const app = express().disable('etag')
  app.use(session({ store, resave: false, saveUninitialized: false, secret: 'keyboard cat' }))
  app.get('/', (req, res, next) => {
    req.session.visits = (req.session.visits ?? 0) + 1
    const answer = (error) => (error ? next(error) : res.json({ visits: req.session.visits }))
    if (saveFirst) req.session.save(answer)
    else answer()
  })
  app.get('/api/session', (req, res) => {
    res.json({ visits: req.session.visits })
  })
  app.listen(process.env.PORT, '127.0.0.1')
}
