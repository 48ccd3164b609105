# Rails with its sessions in the Redis cache store, as its guides show it; login and logout by the routes that the
# authentication generator of Rails 8 writes.
require "action_controller/railtie"

class League < Rails::Application
  config.load_defaults 6.1
  config.eager_load = true
  config.secret_key_base = "keyboard cat " * 3
  config.cache_store = :redis_cache_store, { url: ENV.fetch("REDIS_URL") }
  config.session_store :cache_store, key: "_league_session"
  config.logger = Logger.new($stderr)
  config.log_level = :warn
  routes.append do
    root "hits#home"
    get "hits", to: "hits#count"
    resource :session, only: %i[new create destroy]
  end
end

League.initialize!

class HitsController < ActionController::Base
  def home
    render inline: "<%= csrf_meta_tags %>Hello"
  end

  def count
    session[:visits] = session.fetch(:visits, 0) + 1
    render json: { visits: session[:visits] }
  end
end

class SessionsController < ActionController::Base
  def new
    render inline: "<%= form_with url: session_path do |form| %><%= form.text_field :email_address %><% end %>"
  end

  def create
    given = params.values_at(:email_address, :password)
    return head :unauthorized unless given == ENV.values_at("DRILL_USER", "DRILL_PASSWORD")

    reset_session
    session[:user] = given.first
    redirect_to root_path
  end

  def destroy
    reset_session
    redirect_to new_session_path
  end
end

run League
