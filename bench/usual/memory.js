import { serve } from './app.js'

serve()
