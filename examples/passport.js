// Login, a cart and logout with Passport. Two items put into the cart at once both stay, and no request that is in flight
// brings a session back that was logged out.
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { Strategy } from 'passport-local'
import { store } from './store.js'

passport.use(new Strategy((username, _password, done) => done(null, { id: username })))
passport.serializeUser((user, done) => done(null, user.id))
passport.deserializeUser((id, done) => done(null, { id }))

const app = express()
app.use(express.urlencoded())
app.use(session({ store, secret: 'change me', resave: false, saveUninitialized: false }))
app.use(passport.session())

app.get('/', (req, res) => {
  const items = Object.keys(req.session).filter((key) => key.startsWith('item:'))
  res.json({ user: req.user?.id ?? null, items: items.map((key) => key.slice(5)).sort() })
})
// Passport gives a new session id at login and at logout. keepSessionInfo keeps the cart.
app.post('/login', passport.authenticate('local', { keepSessionInfo: true }), (req, res, next) => {
  req.session.save((error) => (error ? next(error) : res.redirect(303, '/')))
})
// A key for each item, not one array: requests at once change different keys, and all of them stay.
app.post('/cart/:item', (req, res, next) => {
  req.session[`item:${req.params.item}`] = true
  req.session.save((error) => (error ? next(error) : res.redirect(303, '/')))
})
app.post('/logout', (req, res, next) => {
  req.logout((error) => (error ? next(error) : res.redirect(303, '/')))
})

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', () => console.log(server.address().port))
