// Express alone: what is left when a session costs nothing. Its count is everybody's.
import express from 'express'

let visits = 0
const app = express().disable('etag')
app.get('/', (_req, res) => {
  visits += 1
  res.json({ visits })
})
app.get('/api/session', (_req, res) => {
  res.json({ visits })
})
app.listen(process.env.PORT, '127.0.0.1')
