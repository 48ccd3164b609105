// CSRF tokens in the session, with csrf-sync: a token stays valid while other requests change the session.
import { csrfSync } from 'csrf-sync'
import express from 'express'
import session from 'express-session'
import { store } from './store.js'

const { csrfSynchronisedProtection, generateToken } = csrfSync()
const app = express()
app.use(session({ store, secret: 'change me', resave: false, saveUninitialized: false }))
app.use(csrfSynchronisedProtection)

app.get('/token', (req, res, next) => {
  const token = generateToken(req)
  req.session.save((error) => (error ? next(error) : res.json({ token })))
})
app.post('/visits', (req, res, next) => {
  req.session.visits = (req.session.visits ?? 0) + 1
  req.session.save((error) => (error ? next(error) : res.json({ visits: req.session.visits })))
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', () => console.log(server.address().port))
