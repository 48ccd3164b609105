// Messages that are shown once, with connect-flash, next to a counter: no page that loads at the same time brings a message back.
import flash from 'connect-flash'
import express from 'express'
import session from 'express-session'
import { store } from './store.js'

const app = express()
app.use(session({ store, secret: 'change me', resave: false, saveUninitialized: false }))
app.use(flash())

app.post('/message/:text', (req, res, next) => {
  req.flash('info', req.params.text)
  req.session.save((error) => (error ? next(error) : res.redirect(303, '/count')))
})
app.get('/messages', (req, res, next) => {
  const messages = req.flash('info')
  req.session.save((error) => (error ? next(error) : res.json({ messages })))
})
app.get('/count', (req, res, next) => {
  req.session.visits = (req.session.visits ?? 0) + 1
  req.session.save((error) => (error ? next(error) : res.json({ visits: req.session.visits })))
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', () => console.log(server.address().port))
